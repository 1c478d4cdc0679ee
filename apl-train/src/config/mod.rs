//! Configurations: a TOML file, its defaults filled in, its ranges checked.

mod activation;
mod arithmetic;
mod document;
mod fingerprint;
mod optimizer;
mod record;

use serde::{Deserialize, Serialize};

pub use activation::{ActivationSection, InitName, Kind, ParameterSection, SharingName};
pub use arithmetic::ArithmeticName;
pub use document::{Document, Override};
pub use fingerprint::{Fingerprint, WITHOUT_EFFECT};
pub use optimizer::{GroupSection, MomentumSection, OptimizerSection, RateSection};
pub use record::RecordSection;

use crate::{Error, Result, Task, run::DataSummary};

/// The whole of a configuration file; the task brings the sections `data` and `network`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct Config<T: Task> {
    /// The task's name.
    pub task: String,
    /// The seed of every random stream.
    #[serde(default = "one")]
    pub seed: u32,
    /// How products are rounded, on a GPU.
    #[serde(default, skip_serializing_if = "ArithmeticName::is_usual")]
    pub arithmetic: ArithmeticName,
    /// What is learned from.
    pub data: T::Data,
    /// The network.
    pub network: T::Network,
    /// The activation.
    pub activation: ActivationSection,
    /// How it is trained.
    pub optimizer: OptimizerSection,
    /// What is kept of it.
    pub record: RecordSection,
}

impl<T: Task> Config<T> {
    /// Parses a document and fills in the defaults.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn from_document(document: &Document) -> Result<Self> {
        let mut config: Self = document.parse()?;
        config.activation.resolve();
        Ok(config)
    }

    /// The configuration as TOML, complete: training from it repeats the run.
    ///
    /// # Errors
    /// A section that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::usage("configuration", error.to_string()))
    }

    /// SHA-256 over whatever changes numbers: the [`Fingerprint`] and the digests of the data.
    ///
    /// # Errors
    /// A section that JSON cannot hold.
    pub fn hash(&self, data: &[DataSummary]) -> Result<String> {
        Fingerprint::of(self)?.hash(data)
    }
}

fn one() -> u32 {
    1
}
