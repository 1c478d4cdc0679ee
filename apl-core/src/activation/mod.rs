//! Activations: one file each, and the exact algebra of piecewise-linear functions.

mod apl;
mod leaky_relu;
pub mod piecewise;
mod relu;
mod sharing;

pub use apl::{Apl, AplConfig, ParameterConfig};
pub use leaky_relu::LeakyRelu;
pub use relu::Relu;
pub use sharing::Sharing;
