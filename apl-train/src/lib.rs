//! What every experiment shares: configuration, the training loop, checkpoints and run directories.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod checkpoint;
pub mod compact;
pub mod config;
pub mod device;
pub mod display;
mod divergence;
pub mod ensemble;
pub mod environment;
pub mod error;
pub mod evaluate;
pub mod feed;
mod host;
pub mod hub;
pub mod inspect;
pub mod interrupt;
pub mod launch;
mod learner;
mod ledger;
mod model;
mod naming;
mod need;
pub mod notice;
pub mod optimizer;
pub mod order;
mod pattern;
pub mod plan;
mod progress;
pub mod prune;
mod record;
pub mod reproduce;
pub mod rescore;
pub mod resident;
pub mod run;
pub mod schedule;
mod start;
pub mod table;
pub mod task;
pub mod train;
mod trained;
pub mod trial;

pub use environment::Environment;
pub use error::{Error, Result};
pub use host::memory;
pub use task::Task;
