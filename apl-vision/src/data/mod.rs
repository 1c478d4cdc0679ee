//! Images and labels: where they come from, in which order, and how they reach the network.
//!
//! ```text
//! DataConfig -> source (files of a split) -> parquet + png -> Images in canonical order <-> cache
//!            -> embedded (generated)      ----------------->
//! Images -> split (validation) -> Preprocessing (mean, scale) -> order of an epoch -> fill (crop, flip, tensors)
//! ```
//!
//! Whatever the container, rows are put in canonical order: by the SHA-256 of their pixels, then by label. A run therefore does not depend on
//! how its images were stored.

mod augment;
mod batch;
mod cache;
mod config;
mod embedded;
mod images;
mod load;
mod order;
mod parquet;
mod png;
mod preprocess;
mod source;
mod split;
#[cfg(test)]
mod testing;

pub use augment::{Crop, PADDING};
pub use batch::{Crops, fill};
pub use config::{Augment, DataConfig, Preprocess, Set, Shuffle, Source};
pub use images::{CHANNELS, Images, PIXELS, SIDE};
pub use load::{Data, Folders};
pub use order::order;
pub use preprocess::Preprocessing;
