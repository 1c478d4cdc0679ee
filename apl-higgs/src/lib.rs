//! Higgs to tau tau: the second study of the paper (table 2).
//!
//! - [`data`]: event files, and importers of the formats in which collisions are published;
//! - [`generator`]: a Monte-Carlo of H -> tau tau against Z -> tau tau, for where there is no data;
//! - [`events`]: the events of a run, split, brought to scale and put into batches;
//! - [`network`]: the paper's network;
//! - [`metrics`]: the area under the ROC curve and the expected significance of a discovery;
//! - [`Higgs`]: all of it as a task that `apl-train` carries out.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod data;
mod error;
pub mod events;
pub mod findings;
pub mod generator;
pub mod metrics;
pub mod network;
mod task;

pub use error::{Error, Result, RowNumber};
pub use task::Higgs;
