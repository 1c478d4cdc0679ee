//! What every experiment shares: configuration, the training loop, checkpoints and run directories.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod error;
pub mod run;

pub use error::{Error, Result};
