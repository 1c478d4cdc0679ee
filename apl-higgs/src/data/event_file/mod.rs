//! The event file: what training reads.
//!
//! One safetensors file that every reader of safetensors opens:
//!
//! | tensor | type | shape | what |
//! |---|---|---|---|
//! | `features` | F32 | `[N, F]` | row by row; NaN where a value is missing, never infinite |
//! | `weight` | F32 | `[N]` | the weights of the events, only where the source has some |
//! | `label` | U8 | `[N]` | 1 signal, 0 background |
//!
//! and, under the metadata key `apl`, [`About`] as JSON. The tensors stand in this order without gaps; the header is padded with spaces so that they
//! begin at a multiple of 8 bytes.
//!
//! # Digest
//! What stands in the file, whatever it came from. With `u64` for eight bytes, little-endian:
//! ```text
//! SHA-256( "apl-events-1"  u64 F  { u64 length of a name, its UTF-8 bytes } F times  u64 N
//!          SHA-256(bytes of features)  SHA-256(bytes of label)  SHA-256(bytes of weight), if there is one )
//! ```
//! Missing values all have the bits `7fc00000`, so equal content gives equal digests.

mod about;
pub(crate) mod digest;
mod positioned;
mod read;
mod write;

pub use about::{About, Source};
pub(crate) use digest::hex;
pub use read::EventFile;
pub use write::EventWriter;

#[cfg(test)]
mod tests;
