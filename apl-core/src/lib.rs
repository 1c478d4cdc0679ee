//! Adaptive piecewise linear (APL) units and the layers around them, for Candle.

pub mod activation;
pub mod error;
pub mod nn;
pub mod random;

pub use error::{Error, Result};
