//! Images and labels: where they come from, in which order, and how they reach the network.
//!
//! ```text
//! DataConfig -> hub (download, cache) -v
//!            -> source (a format's files) -> rows -> Images in canonical order <-> cache
//!            -> embedded (generated)      -------->
//! Images -> split (validation) -> Preprocessing (mean; contrast, whitening) -> order of an epoch -> fill (crop, flip, tensors)
//! ```
//!
//! Whatever the container, rows are put in canonical order: by the SHA-256 of their pixels, then by label. A run therefore does not depend on
//! how its images were stored.

mod augment;
mod batch;
mod cache;
mod classes;
mod config;
mod contents;
mod embedded;
pub mod hub;
mod images;
mod import;
mod load;
mod order;
mod picture;
mod preprocess;
mod resident;
mod rows;
mod set;
mod sheet;
mod source;
mod split;
mod stored;
#[cfg(test)]
mod testing;
mod verify;

pub use augment::{Crop, PADDING};
pub use batch::{Crops, fill};
pub use config::{Augment, DataConfig, Preprocess, Shuffle, Source};
pub use images::{CHANNELS, Images, PIXELS, SIDE};
pub use import::import;
pub use load::{Data, Folders};
pub use order::order;
pub use preprocess::{Contrast, Floats, Mean, Pixels, Preprocessing, Whitening};
pub use resident::Resident;
pub use set::{Labelling, Set};
pub use sheet::show;
pub use verify::{Official, SplitContents, Verified, verify};
