//! The network of table 2, as a chain of layers, and the `[network]` section that describes it.

use apl_core::{
    Error, Result,
    nn::{ActivationConfig, Chain, Dropout, Init, Layer, Linear, LinearConfig, Setup},
    ops::dropout,
};
use serde::{Deserialize, Serialize};

/// The features of one collision: ten measured and fifteen computed from them.
pub const FEATURES: usize = 25;

/// The most units of a layer: thirty times the paper's, and far from where sizes overflow.
const WIDEST: usize = 8192;
/// The most hidden layers.
const DEEPEST: usize = 64;

/// How deep and how wide.
///
/// The defaults are the paper's network (the authors' release of December 2014).
///
/// | key | default | meaning | allowed |
/// |---|---|---|---|
/// | `hidden` | seven times 274 | units of the hidden layers | 1 to 64 layers, each 1 to 8192 |
/// | `dropout` | `{ last-but-one = 0.25, last = 0.5 }` | share dropped after the last two hidden layers | each in `[0, 1)` |
/// | `init` | `"authors"` | see [`WeightInit`] | `"authors"`, `"he"` |
///
/// ```
/// use apl_higgs::network::NetworkConfig;
/// let config: NetworkConfig = toml::from_str("hidden = [32, 32, 32]\ndropout = { last = 0.25 }")?;
/// config.check()?;
/// assert_eq!(config.dropout.last_but_one, 0.25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NetworkConfig {
    /// Units of the hidden layers.
    pub hidden: Vec<usize>,
    /// What share is dropped, and where.
    pub dropout: DropoutRates,
    /// Initial weights.
    pub init: WeightInit,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        let dropout = DropoutRates::default();
        Self { hidden: vec![274; 7], dropout, init: WeightInit::Authors }
    }
}

/// The share of values that training drops after the activations of the last hidden layers, each in `[0, 1)` and rounded to 1/256; 0 leaves the layer
/// out. The defaults are the paper's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropoutRates {
    /// After the last but one hidden layer.
    pub last_but_one: f64,
    /// After the last hidden layer.
    pub last: f64,
}

impl Default for DropoutRates {
    fn default() -> Self {
        Self { last_but_one: 0.25, last: 0.5 }
    }
}

/// How weights start. Biases start at 0 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightInit {
    /// Normal, with deviation 0.1, and 0.001 in the layer of the logit: the authors'.
    Authors,
    /// Normal, with deviation `sqrt(2 / inputs of a unit)` (He et al. 2015), and 0.001 in the layer of the logit.
    He,
}

impl NetworkConfig {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    /// [`Error::Setting`] with the key, such as `network.hidden`.
    pub fn check(&self) -> Result<()> {
        let layers = (1..=DEEPEST).contains(&self.hidden.len());
        if !layers || self.hidden.iter().any(|units| !(1..=WIDEST).contains(units)) {
            let expected = format!("1 to {DEEPEST} numbers from 1 to {WIDEST}");
            return Err(wrong("hidden", format!("{:?}", self.hidden), expected));
        }
        let DropoutRates { last_but_one, last } = self.dropout;
        for (key, rate) in [("last-but-one", last_but_one), ("last", last)] {
            dropout::check_rate(&format!("network.dropout.{key}"), rate)?;
        }
        Ok(())
    }
}

fn wrong(key: &str, found: String, expected: String) -> Error {
    Error::Setting { place: format!("network.{key}"), found, expected }
}

/// The paper's Higgs network (as in the authors' release): `ip1` `act1` to `ip7` `act7`, dropout after the last two of them, and `ip8`, which gives the
/// logit of a signal.
///
/// | layers | what | output, at the paper's widths | dropout |
/// |---|---|---|---|
/// | `ip1` `act1` ... `ip5` `act5` | fully connected | `[274]` | |
/// | `ip6` `act6` `drop6` | fully connected | `[274]` | 0: `last-but-one` |
/// | `ip7` `act7` `drop7` | fully connected | `[274]` | 1: `last` |
/// | `ip8` | fully connected | `[1]` | |
///
/// # Shapes
/// - input: `[N, features]`, [`FEATURES`] in the paper's data
/// - logits: `[N, 1]`
///
/// ```
/// use apl_core::{activation::AplConfig, nn::{ActivationConfig, Setup}, random::Streams};
/// use apl_higgs::network::{FEATURES, NetworkConfig, build};
/// use candle_core::{DType, Device};
///
/// let activation = ActivationConfig::Apl(AplConfig::new(2));
/// let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu };
/// let network = build(&NetworkConfig::default(), FEATURES, &activation, &setup)?;
/// assert_eq!(network.shapes().last(), Some(&vec![1]));
/// # Ok::<(), apl_core::Error>(())
/// ```
///
/// # Errors
/// What [`NetworkConfig::check`] refuses, no features, a setting of the activation out of its range.
pub fn build(
    config: &NetworkConfig,
    features: usize,
    activation: &ActivationConfig,
    setup: &Setup,
) -> Result<Chain> {
    config.check()?;
    if features == 0 {
        return Err(Error::Setting {
            place: "higgs network: features".into(),
            found: "0".into(),
            expected: "at least 1".into(),
        });
    }
    let depth = config.hidden.len();
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    let mut inputs = features;
    for (i, &units) in config.hidden.iter().enumerate() {
        let number = i + 1;
        let weight = match config.init {
            WeightInit::Authors => Init::Normal(0.1),
            WeightInit::He => Init::he(inputs),
        };
        layers.push(linear(&format!("ip{number}"), [inputs, units], weight, setup)?);
        let name = format!("act{number}");
        let act = activation.layer(&name, &[units], setup);
        layers.push(act.map_err(|error| error.in_layer(&name))?);
        let (rate, dropout) = match depth - number {
            0 => (config.dropout.last, 1),
            1 => (config.dropout.last_but_one, 0),
            _ => (0.0, 0),
        };
        if rate > 0.0 {
            layers.push(Box::new(Dropout::new(&format!("drop{number}"), rate, dropout)?));
        }
        inputs = units;
    }
    layers.push(linear(&format!("ip{}", depth + 1), [inputs, 1], Init::Normal(0.001), setup)?);
    Chain::new(layers, &[features], setup.dtype, &setup.device)
}

fn linear(
    name: &str,
    [inputs, outputs]: [usize; 2],
    weight: Init,
    setup: &Setup,
) -> Result<Box<dyn Layer>> {
    let config = LinearConfig { inputs, outputs, weight, bias: Init::Constant(0.0) };
    Ok(Box::new(Linear::new(name, config, setup)?))
}

#[cfg(test)]
mod tests;
