//! Which activation a network uses, and the layer made of it.

use crate::{
    Result,
    activation::AplConfig,
    nn::{Apl, Layer, Relu, Setup},
};

/// The activation of a network: wherever the baseline has a ReLU, a layer of this kind stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ActivationConfig {
    /// `max(0, x)`.
    Relu,
    /// `max(0, x) + slope min(0, x)`.
    LeakyRelu {
        /// The derivative for negative inputs.
        slope: f64,
    },
    /// The adaptive piecewise linear unit.
    Apl(AplConfig),
}

impl ActivationConfig {
    /// A layer for units of the given shape (an example's, without the batch).
    ///
    /// # Errors
    /// A setting of the activation out of its range.
    pub fn layer(&self, name: &str, unit: &[usize], setup: &Setup) -> Result<Box<dyn Layer>> {
        Ok(match *self {
            ActivationConfig::Relu => Box::new(Relu::new(name)),
            ActivationConfig::LeakyRelu { slope } => Box::new(Relu::leaky(name, slope)),
            ActivationConfig::Apl(config) => Box::new(Apl::new(name, unit, config, setup)?),
        })
    }
}
