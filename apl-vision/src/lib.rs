//! CIFAR-10 and CIFAR-100 with adaptive piecewise linear units.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod data;
pub mod error;
pub mod network;
mod task;

pub use error::{Error, Result};
pub use task::{Dataset, Vision};
