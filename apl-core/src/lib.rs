//! Adaptive piecewise linear (APL) units and the layers around them, for Candle.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod activation;
pub mod error;
pub mod nn;
pub mod ops;
pub mod random;

pub use error::{Error, Result};
