//! The `[network]` section of a configuration.

use apl_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The most channels or hidden units of a layer: four times the paper's widest, and far from where sizes overflow.
const WIDEST: usize = 8192;

/// Which network, and how wide.
///
/// The defaults are the paper's CIFAR-10 network (the authors' release, the same in December 2014 and May 2015); CIFAR-100 differs in `second-pool`.
///
/// | key | default | meaning | allowed |
/// |---|---|---|---|
/// | `kind` | `"cnn"` | see [`cnn`](super::cnn()) | `"cnn"` |
/// | `widths` | `[96, 128, 256]` | channels of the three convolutions | each 1 to 8192 |
/// | `hidden` | `[2048, 2048]` | units of the two hidden layers | each 1 to 8192 |
/// | `second-pool` | `"average"` | pooling after the second convolution | `"average"` (CIFAR-10), `"max"` (CIFAR-100) |
/// | `dropout` | the paper's | see [`DropoutRates`] | each in `[0, 1)` |
/// | `init` | `"authors"` | see [`WeightInit`] | `"authors"`, `"he"` |
///
/// ```
/// use apl_vision::network::NetworkConfig;
/// let config: NetworkConfig = toml::from_str(
///     r#"
///     widths = [16, 24, 32]
///     hidden = [128, 128]
///     init = "he"
///     dropout = { last-pool = 0.25, hidden = 0.25 }
///     "#,
/// )?;
/// config.check()?;
/// assert_eq!(config.dropout.conv, 0.25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NetworkConfig {
    /// Which network.
    pub kind: NetworkKind,
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
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            kind: NetworkKind::Cnn,
            widths: [96, 128, 256],
            hidden: [2048, 2048],
            second_pool: SecondPool::Average,
            dropout: DropoutRates::default(),
            init: WeightInit::Authors,
        }
    }
}

/// The networks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Three convolutions and three fully connected layers.
    Cnn,
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
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
    /// Normal, with deviation 0.0001 in the first convolution and 0.01 elsewhere: the authors', for inputs in 0 to 255 and the paper's widths.
    Authors,
    /// Normal, with deviation `sqrt(2 / inputs of a unit)` (He et al. 2015), and 0.01 in the layer of the scores, so that training starts from nearly
    /// equal probabilities: for narrow networks and inputs of deviation near 1.
    He,
}

impl NetworkConfig {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    /// [`Error::Setting`] with the key, such as `network.widths`.
    pub fn check(&self) -> Result<()> {
        for (key, sizes) in [("widths", &self.widths[..]), ("hidden", &self.hidden[..])] {
            if sizes.iter().any(|size| !(1..=WIDEST).contains(size)) {
                let expected = format!("numbers from 1 to {WIDEST}");
                return Err(wrong(key, format!("{sizes:?}"), expected));
            }
        }
        let DropoutRates { conv, pool, last_pool, hidden } = self.dropout;
        let rates = [("conv", conv), ("pool", pool), ("last-pool", last_pool), ("hidden", hidden)];
        for (key, rate) in rates {
            // As masks round rates to 1/256, what rounds to 1 is out of range too.
            if !(0.0..255.5 / 256.0).contains(&rate) {
                let expected = "in [0, 1), at most 255/256".into();
                return Err(wrong(&format!("dropout.{key}"), rate.to_string(), expected));
            }
        }
        Ok(())
    }
}

fn wrong(key: &str, found: String, expected: String) -> Error {
    Error::Setting { place: format!("network.{key}"), found, expected }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> std::result::Result<NetworkConfig, String> {
        let config: NetworkConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn an_empty_section_is_the_papers_network() {
        let config = parse("").unwrap();
        assert_eq!(config, NetworkConfig::default());
        assert_eq!(parse("kind = \"cnn\"").unwrap(), config);
        assert_eq!((config.widths, config.hidden), ([96, 128, 256], [2048, 2048]));
    }

    #[test]
    fn a_section_survives_writing_and_reading() {
        let mut config = parse("second-pool = \"max\"\ninit = \"he\"").unwrap();
        config.dropout.last_pool = 0.125;
        let text = toml::to_string(&config).unwrap();
        assert!(text.contains("second-pool = \"max\"") && text.contains("last-pool = 0.125"));
        assert_eq!(parse(&text).unwrap(), config);
    }

    #[test]
    fn wrong_settings_are_named() {
        let table = [
            (
                "widths = [96, 0, 256]",
                "network.widths: found [96, 0, 256], expected numbers from 1 to 8192",
            ),
            (
                "hidden = [9000, 1]",
                "network.hidden: found [9000, 1], expected numbers from 1 to 8192",
            ),
            (
                "dropout = { conv = 1.0 }",
                "network.dropout.conv: found 1, expected in [0, 1), at most 255/256",
            ),
            ("dropout.last-pool = -0.5", "network.dropout.last-pool: found -0.5, expected"),
            ("dropout.hidden = nan", "network.dropout.hidden: found NaN, expected"),
        ];
        for (text, message) in table {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn unreadable_settings_keep_their_place() {
        for (text, parts) in [
            ("wdths = [1, 2, 3]", ["unknown field `wdths`", "line 1"]),
            ("\nwidths = [1, 2]", ["array of length 3", "line 2"]),
            ("kind = \"mlp\"", ["unknown variant `mlp`", "line 1"]),
            ("dropout = { convs = 0.1 }", ["unknown field `convs`", "line 1"]),
            ("hidden = [-1, 2]", ["-1", "line 1"]),
        ] {
            let error = parse(text).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
