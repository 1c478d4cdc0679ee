//! Activations: one file each, and the exact algebra of piecewise-linear functions.

mod sharing;

pub use sharing::Sharing;
