//! The networks of the paper's image experiments, as chains of layers.

mod builder;
mod cnn;
mod config;
mod nin;

use apl_core::{
    Error, Result,
    nn::{ActivationConfig, Chain, Setup},
};

pub use cnn::cnn;
pub use config::{
    CnnConfig, Convolution, DropoutRates, NetworkConfig, NinConfig, SecondPool, WeightInit,
};
pub use nin::nin;

/// The shape of one example: red, green and blue, 32 by 32 pixels.
pub const INPUT: [usize; 3] = [3, 32, 32];

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
    match config {
        NetworkConfig::Cnn(config) => cnn(config, classes, activation, setup),
        NetworkConfig::Nin(config) => nin(config, classes, activation, setup),
    }
}

fn check_classes(network: &str, classes: usize) -> Result<()> {
    if classes > 0 {
        return Ok(());
    }
    Err(Error::Setting {
        place: format!("{network}: classes"),
        found: "0".into(),
        expected: "at least 1".into(),
    })
}
