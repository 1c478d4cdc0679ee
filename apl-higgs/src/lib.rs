//! Higgs to tau tau: the second study of the paper (table 2).
//!
//! The [`network`]; a Monte-Carlo of H -> tau tau against Z -> tau tau ([`generator`]); the [`metrics`]: the area under the ROC curve and the expected
//! discovery significance.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod error;
pub mod generator;
pub mod metrics;
pub mod network;

pub use error::{Error, Result};
