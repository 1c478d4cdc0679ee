//! The section as it is written: one table of keys for all kinds, so that an error keeps its line; a tagged enum of serde's would lose it.

use serde::{Deserialize, Serialize};

use super::{
    CnnConfig, Convolution, DropoutRates, NetworkConfig, NinConfig, SecondPool, WeightInit,
};

/// Every key of every kind; what is absent takes the kind's default.
#[derive(Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Section {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    widths: Option<Widths>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_pool: Option<SecondPool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    init: Option<WeightInit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    convolution: Option<Convolution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropout: Option<Dropout>,
}

#[derive(Serialize, Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Cnn,
    Nin,
}

/// As many numbers as one of the networks has convolutions with a width of their own.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
#[derive(Clone)]
enum Widths {
    Cnn([usize; 3]),
    Nin([usize; 8]),
}

impl TryFrom<Vec<usize>> for Widths {
    type Error = String;

    fn try_from(widths: Vec<usize>) -> Result<Self, String> {
        if let Ok(widths) = widths.as_slice().try_into() {
            return Ok(Widths::Cnn(widths));
        }
        let nin = widths.as_slice().try_into().map(Widths::Nin);
        nin.map_err(|_| format!("found {widths:?}, expected 3 numbers for a cnn or 8 for a nin"))
    }
}

impl From<Widths> for Vec<usize> {
    fn from(widths: Widths) -> Self {
        match widths {
            Widths::Cnn(widths) => widths.to_vec(),
            Widths::Nin(widths) => widths.to_vec(),
        }
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Dropout {
    #[serde(skip_serializing_if = "Option::is_none")]
    conv: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_pool: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<f64>,
}

impl TryFrom<Section> for NetworkConfig {
    type Error = String;

    fn try_from(section: Section) -> Result<Self, String> {
        match section.kind {
            Kind::Cnn => section.cnn().map(NetworkConfig::Cnn),
            Kind::Nin => section.nin().map(NetworkConfig::Nin),
        }
    }
}

impl Section {
    fn cnn(self) -> Result<CnnConfig, String> {
        let standard = CnnConfig::default();
        let widths = match self.widths {
            None => standard.widths,
            Some(Widths::Cnn(widths)) => widths,
            Some(Widths::Nin(widths)) => return Err(wrong_widths(&widths, "3", "cnn")),
        };
        let rates = self.dropout.unwrap_or_default();
        let DropoutRates { conv, pool, last_pool, hidden } = standard.dropout;
        Ok(CnnConfig {
            widths,
            hidden: self.hidden.unwrap_or(standard.hidden),
            second_pool: self.second_pool.unwrap_or(standard.second_pool),
            dropout: DropoutRates {
                conv: rates.conv.unwrap_or(conv),
                pool: rates.pool.unwrap_or(pool),
                last_pool: rates.last_pool.unwrap_or(last_pool),
                hidden: rates.hidden.unwrap_or(hidden),
            },
            init: self.init.unwrap_or(standard.init),
            convolution: self.convolution.unwrap_or(standard.convolution),
        })
    }

    fn nin(self) -> Result<NinConfig, String> {
        let standard = NinConfig::default();
        let widths = match self.widths {
            None => standard.widths,
            Some(Widths::Nin(widths)) => widths,
            Some(Widths::Cnn(widths)) => return Err(wrong_widths(&widths, "8", "nin")),
        };
        let rates = self.dropout.unwrap_or_default();
        let foreign = [
            ("hidden", self.hidden.is_some()),
            ("second-pool", self.second_pool.is_some()),
            ("dropout.conv", rates.conv.is_some()),
            ("dropout.last-pool", rates.last_pool.is_some()),
            ("dropout.hidden", rates.hidden.is_some()),
        ];
        if let Some((key, _)) = foreign.into_iter().find(|(_, given)| *given) {
            return Err(format!("network.{key}: found it with kind \"nin\", expected it absent"));
        }
        Ok(NinConfig {
            widths,
            pool_dropout: rates.pool.unwrap_or(standard.pool_dropout),
            init: self.init.unwrap_or(standard.init),
            convolution: self.convolution.unwrap_or(standard.convolution),
        })
    }
}

fn wrong_widths(widths: &[usize], count: &str, kind: &str) -> String {
    format!("network.widths: found {widths:?}, expected {count} numbers for kind \"{kind}\"")
}

impl From<NetworkConfig> for Section {
    fn from(config: NetworkConfig) -> Self {
        match config {
            NetworkConfig::Cnn(config) => {
                let DropoutRates { conv, pool, last_pool, hidden } = config.dropout;
                Section {
                    kind: Kind::Cnn,
                    widths: Some(Widths::Cnn(config.widths)),
                    hidden: Some(config.hidden),
                    second_pool: Some(config.second_pool),
                    init: Some(config.init),
                    convolution: Some(config.convolution),
                    dropout: Some(Dropout {
                        conv: Some(conv),
                        pool: Some(pool),
                        last_pool: Some(last_pool),
                        hidden: Some(hidden),
                    }),
                }
            }
            NetworkConfig::Nin(config) => Section {
                kind: Kind::Nin,
                widths: Some(Widths::Nin(config.widths)),
                init: Some(config.init),
                convolution: Some(config.convolution),
                dropout: Some(Dropout { pool: Some(config.pool_dropout), ..Dropout::default() }),
                ..Section::default()
            },
        }
    }
}
