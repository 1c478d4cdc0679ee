//! The networks of the paper's image experiments, as chains of layers.

mod cnn;
mod config;

use apl_core::{
    Result,
    nn::{ActivationConfig, Chain, Setup},
};

pub use cnn::{INPUT, cnn};
pub use config::{DropoutRates, NetworkConfig, NetworkKind, SecondPool, WeightInit};

/// The network that a configuration describes, for images of shape [`INPUT`].
///
/// # Errors
/// A setting out of its range, no classes, a setting of the activation out of its range.
pub fn build(
    config: &NetworkConfig,
    classes: usize,
    activation: &ActivationConfig,
    setup: &Setup,
) -> Result<Chain> {
    match config.kind {
        NetworkKind::Cnn => cnn(config, classes, activation, setup),
    }
}
