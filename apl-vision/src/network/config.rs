//! The `[network]` section of a configuration.

mod section;

use apl_core::{
    Error, Result,
    ops::{conv2d::Algorithm, dropout},
};
use serde::{Deserialize, Serialize};

use section::Section;

/// The most channels or hidden units of a layer: four times the paper's widest, and far from where sizes overflow.
const WIDEST: usize = 8192;

/// Which network, and how wide.
///
/// The defaults are the paper's CIFAR-10 networks (the authors' release, the same in December 2014 and May 2015); the CIFAR-100 CNN differs in
/// `second-pool`.
///
/// | key | `kind = "cnn"` (the default) | `kind = "nin"` | meaning | allowed |
/// |---|---|---|---|---|
/// | `widths` | `[96, 128, 256]` | `[192, 160, 96, 192, 192, 192, 192, 192]` | channels of the convolutions; the NIN's ninth has one a class | each 1 to 8192 |
/// | `hidden` | `[2048, 2048]` | | units of the two hidden layers | each 1 to 8192 |
/// | `second-pool` | `"average"` | | pooling after the second convolution | `"average"` (CIFAR-10), `"max"` (CIFAR-100) |
/// | `dropout` | see [`DropoutRates`] | `{ pool = 0.5 }` | the share that is dropped | each in `[0, 1)` |
/// | `init` | `"authors"` | `"authors"` | see [`WeightInit`] | `"authors"`, `"he"` |
/// | `convolution` | `"auto"` | `"auto"` | see [`Convolution`] | `"auto"`, `"lowered"` |
///
/// A key of the other kind is refused.
///
/// ```
/// use apl_vision::network::{CnnConfig, NetworkConfig};
/// let config: NetworkConfig = toml::from_str(
///     r#"
///     widths = [16, 24, 32]
///     hidden = [128, 128]
///     init = "he"
///     dropout = { last-pool = 0.25, hidden = 0.25 }
///     "#,
/// )?;
/// config.check()?;
/// assert!(matches!(config, NetworkConfig::Cnn(CnnConfig { widths: [16, 24, 32], .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Section", into = "Section")]
pub enum NetworkConfig {
    /// Three convolutions and three fully connected layers, see [`cnn`](super::cnn()).
    Cnn(CnnConfig),
    /// Nine convolutions, see [`nin`](super::nin()).
    Nin(NinConfig),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig::Cnn(CnnConfig::default())
    }
}

impl NetworkConfig {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    /// [`Error::Setting`] with the key, such as `network.widths`.
    pub fn check(&self) -> Result<()> {
        match self {
            NetworkConfig::Cnn(config) => config.check(),
            NetworkConfig::Nin(config) => config.check(),
        }
    }
}

/// The CNN's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CnnConfig {
    /// Channels of the three convolutions.
    pub widths: [usize; 3],
    /// Units of the two hidden fully connected layers.
    pub hidden: [usize; 2],
    /// The pooling after the second convolution; the first is a maximum, the third an average.
    pub second_pool: SecondPool,
    /// What share is dropped, and where.
    pub dropout: DropoutRates,
    /// Initial weights.
    pub init: WeightInit,
    /// How convolutions are computed.
    pub convolution: Convolution,
}

impl Default for CnnConfig {
    fn default() -> Self {
        Self {
            widths: [96, 128, 256],
            hidden: [2048, 2048],
            second_pool: SecondPool::Average,
            dropout: DropoutRates::default(),
            init: WeightInit::Authors,
            convolution: Convolution::Auto,
        }
    }
}

impl CnnConfig {
    /// As [`NetworkConfig::check`].
    ///
    /// # Errors
    /// As [`NetworkConfig::check`].
    pub fn check(&self) -> Result<()> {
        check_sizes("widths", &self.widths)?;
        check_sizes("hidden", &self.hidden)?;
        let DropoutRates { conv, pool, last_pool, hidden } = self.dropout;
        [("conv", conv), ("pool", pool), ("last-pool", last_pool), ("hidden", hidden)]
            .into_iter()
            .try_for_each(|(key, rate)| check_rate(key, rate))
    }
}

/// The NIN's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NinConfig {
    /// Channels of the convolutions but the last, which has one for each class.
    pub widths: [usize; 8],
    /// The share of values that training drops after the first and the second pooling.
    pub pool_dropout: f64,
    /// Initial weights.
    pub init: WeightInit,
    /// How convolutions are computed.
    pub convolution: Convolution,
}

impl Default for NinConfig {
    fn default() -> Self {
        Self {
            widths: [192, 160, 96, 192, 192, 192, 192, 192],
            pool_dropout: 0.5,
            init: WeightInit::Authors,
            convolution: Convolution::Auto,
        }
    }
}

impl NinConfig {
    /// As [`NetworkConfig::check`].
    ///
    /// # Errors
    /// As [`NetworkConfig::check`].
    pub fn check(&self) -> Result<()> {
        check_sizes("widths", &self.widths)?;
        check_rate("pool", self.pool_dropout)
    }
}

/// The pooling after the second convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondPool {
    /// CIFAR-10.
    Average,
    /// CIFAR-100.
    Max,
}

/// The share of values that training drops, each in `[0, 1)` and rounded to 1/256; 0 leaves the layers out. The defaults are the paper's: 0.25, 0.25,
/// 0.5 and 0.5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropoutRates {
    /// Between the activation of a convolution and its pooling.
    pub conv: f64,
    /// After the first and the second pooling.
    pub pool: f64,
    /// After the third pooling.
    pub last_pool: f64,
    /// After the activations of the hidden layers.
    pub hidden: f64,
}

impl Default for DropoutRates {
    fn default() -> Self {
        Self { conv: 0.25, pool: 0.25, last_pool: 0.5, hidden: 0.5 }
    }
}

/// How weights start. Biases start at 0 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightInit {
    /// The authors', for inputs in 0 to 255 and the paper's widths: normal, in the CNN with deviation 0.0001 in the first convolution and 0.01
    /// elsewhere, in the NIN with 0.05 everywhere.
    Authors,
    /// Normal, with deviation `sqrt(2 / inputs of a unit)` (He et al. 2015), and 0.01 in the CNN's layer of the scores, so that training starts from
    /// nearly equal probabilities: for narrow networks and inputs of deviation near 1.
    He,
}

/// How convolutions are computed; see [`Algorithm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convolution {
    /// Whatever is fastest for the shapes, Winograd's minimal filtering among it.
    Auto,
    /// As matrix products: slower, with smaller rounding errors.
    Lowered,
}

impl From<Convolution> for Algorithm {
    fn from(convolution: Convolution) -> Self {
        match convolution {
            Convolution::Auto => Algorithm::Auto,
            Convolution::Lowered => Algorithm::Lowered,
        }
    }
}

fn check_sizes(key: &str, sizes: &[usize]) -> Result<()> {
    if sizes.iter().all(|size| (1..=WIDEST).contains(size)) {
        return Ok(());
    }
    Err(wrong(key, format!("{sizes:?}"), format!("numbers from 1 to {WIDEST}")))
}

fn check_rate(key: &str, rate: f64) -> Result<()> {
    dropout::check_rate(&format!("network.dropout.{key}"), rate)
}

fn wrong(key: &str, found: String, expected: String) -> Error {
    Error::Setting { place: format!("network.{key}"), found, expected }
}

#[cfg(test)]
mod tests;
