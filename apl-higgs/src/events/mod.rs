//! The events of a run: which ones, how they are split, brought to scale and put into batches.
//!
//! ```text
//! [data] -> Dataset::load -> generator | data::open -> Store: memory, or a file with the blocks used last
//!                         -> Splits, Standard (fitted to the training split)
//! Batch  -> Dataset::fill -> Store::visit -> tensors on the processor
//!                         -> Resident     -> tensors on a GPU
//! ```

mod blocks;
mod config;
mod load;
mod resident;
mod set;
mod split;
mod standardise;
mod store;
#[cfg(test)]
pub(crate) mod testing;
mod watch;

pub use config::{DataConfig, Missing, Preprocess, Shuffle, Source, Weights};
pub use load::Dataset;
pub use set::Set;
pub use split::{Assignment, Splits};
pub use standardise::{Scale, Standard};
pub use watch::watch;
