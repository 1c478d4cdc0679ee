//! The run directory, the only interface between training and reporting: one file here for every file there.

pub mod activations;
pub mod curves;
mod directory;
pub mod events;
pub mod file;
pub mod metrics;
mod outcomes;
mod predictions;
pub mod preprocessing;
mod snapshots;
mod summary;
pub mod tensors;

pub use directory::{Identity, OWNED, Opened, RunDirectory, find, is_owned, seed_folder};
pub use outcomes::Outcomes;
pub use predictions::{Predictions, largest};
pub use snapshots::{LayerSnapshots, Snapshots};
pub use summary::{
    ActivationSummary, Better, Content, DataSummary, FORMAT, Host, Interval, Measure,
    ParameterCounts, Score, Software, SourceFile, Status, Summary, Time, check_format,
};
