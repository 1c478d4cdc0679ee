//! What tells two runs apart.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Error, Result, Task, config::Config, run::DataSummary};

/// Keys that change no number of a run: where its data lie, how often it could go on from there, what shows it beside.
pub const WITHOUT_EFFECT: [&str; 4] =
    ["data.source", "data.revision", "record.checkpoint-every", "record.tensorboard"];

/// Whatever changes a run's numbers, but for the data: the configuration without the keys that are [`WITHOUT_EFFECT`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint(Value);

impl Fingerprint {
    /// That of a configuration whose defaults are filled in.
    ///
    /// # Errors
    /// A section that JSON cannot hold.
    pub fn of<T: Task>(config: &Config<T>) -> Result<Self> {
        let mut value = serde_json::to_value(config).map_err(fail)?;
        // The other keys of `record` change what files hold that a report reads.
        for (section, key) in WITHOUT_EFFECT.iter().filter_map(|key| key.split_once('.')) {
            if let Some(section) = value.get_mut(section).and_then(Value::as_object_mut) {
                section.remove(key);
            }
        }
        Ok(Self(value))
    }

    /// The same configuration with another seed.
    pub fn seeded(&self, seed: u32) -> Self {
        let mut value = self.0.clone();
        value["seed"] = seed.into();
        Self(value)
    }

    /// The run's hash: SHA-256 over this and the digests of the data, in hexadecimal.
    ///
    /// # Errors
    /// As [`Fingerprint::of`].
    pub fn hash(&self, data: &[DataSummary]) -> Result<String> {
        let data: Vec<_> = data.iter().map(DataSummary::content).collect();
        let text = serde_json::to_string(&(&self.0, data)).map_err(fail)?;
        Ok(Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn fail(error: serde_json::Error) -> Error {
    Error::usage("configuration", error.to_string())
}
