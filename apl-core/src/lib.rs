//! Adaptive piecewise linear (APL) units and the layers around them, for Candle.

pub mod error;
pub mod random;

pub use error::{Error, Result};
