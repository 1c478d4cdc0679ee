//! `checkpoint.safetensors`: all a run needs to go on as if nothing had happened, in one file replaced by one rename.

use std::path::{Path, PathBuf};

use apl_core::nn::Parameter;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    optimizer::Sgd,
    run::{
        FORMAT, Time, check_format,
        tensors::{self, Array, Arrays},
    },
};

/// What a checkpoint holds besides tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// The training loss since the last evaluation; empty right after one.
    pub running: Running,
    /// Time spent.
    pub time: Time,
    /// The version of `apl` that wrote it.
    pub version: String,
    /// The SIMD level it ran on.
    pub level: String,
    /// What computed; unknown of checkpoints that are older than this.
    #[serde(default)]
    pub device: String,
}

/// Sums over the training examples since the last evaluation. The floats travel as bits: a resumed run continues them exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Running {
    /// Examples summed over.
    pub examples: u64,
    #[serde(with = "bits")]
    /// Sum of losses.
    pub loss: f64,
    #[serde(with = "bits")]
    /// Sum of scores.
    pub score: f64,
    /// Examples of batches that had a score.
    pub scored: u64,
}

/// [`Running`] as it stands in a checkpoint.
#[derive(Deserialize)]
struct Stored {
    examples: u64,
    #[serde(with = "bits")]
    loss: f64,
    #[serde(with = "bits")]
    score: f64,
    /// Absent where an earlier version wrote it, in which every batch had a score.
    scored: Option<u64>,
}

impl From<Stored> for Running {
    fn from(Stored { examples, loss, score, scored }: Stored) -> Self {
        Self { examples, loss, score, scored: scored.unwrap_or(examples) }
    }
}

impl Running {
    /// Adds a batch, given its mean loss and, where it has one, its score.
    pub fn add(&mut self, examples: usize, loss: f64, score: Option<f64>) {
        self.examples += examples as u64;
        self.loss += loss * examples as f64;
        if let Some(score) = score {
            self.scored += examples as u64;
            self.score += score * examples as f64;
        }
    }

    /// Mean loss, if there was a batch, and mean score, if there was one with a score.
    pub fn means(&self) -> Option<(f64, Option<f64>)> {
        let mean = |sum: f64, n: u64| (n > 0).then(|| sum / n as f64);
        Some((mean(self.loss, self.examples)?, mean(self.score, self.scored)))
    }
}

mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_bits().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

#[derive(Serialize, Deserialize)]
struct About {
    format: u32,
    hash: String,
    state: State,
}

fn path(directory: &Path) -> PathBuf {
    directory.join("checkpoint.safetensors")
}

/// Writes the checkpoint of a run.
///
/// # Errors
/// A parameter that is not finite, which would make the checkpoint worthless; what the file system reports.
pub fn write(
    directory: &Path,
    hash: &str,
    state: &State,
    parameters: &[Parameter],
    optimizer: &Sgd,
) -> Result<()> {
    let mut arrays = Arrays::new();
    for parameter in parameters {
        let array = Array::from_tensor(&parameter.value)?;
        if let Some((index, value)) = array.first_not_finite() {
            let place = parameter.name.clone();
            return Err(apl_core::Error::NonFinite { place, value, index }.into());
        }
        arrays.insert(format!("value.{}", parameter.name), array);
    }
    for (name, velocity) in optimizer.velocities() {
        arrays.insert(format!("velocity.{name}"), Array::from_tensor(velocity)?);
    }
    let about = About { format: FORMAT, hash: hash.into(), state: state.clone() };
    tensors::write(&path(directory), &arrays, &about)
}

/// Puts the parameters and velocities back and says where the run was; `None`, and nothing changed, where there is no checkpoint.
///
/// # Errors
/// A damaged checkpoint, or one of another run or network.
pub fn restore(
    directory: &Path,
    hash: &str,
    parameters: &[Parameter],
    optimizer: &Sgd,
) -> Result<Option<State>> {
    let path = path(directory);
    if !path.exists() {
        return Ok(None);
    }
    let (arrays, about): (Arrays, About) = tensors::read(&path)?;
    check_format(&path, about.format)?;
    if about.hash != hash {
        return Err(Error::run(&path, "belongs to a run of another configuration or other data")
            .with_hint("start anew with --fresh"));
    }
    let values = parameters.iter().map(|p| (format!("value.{}", p.name), &p.value));
    let velocities = optimizer.velocities().map(|(name, v)| (format!("velocity.{name}"), v));
    for (name, tensor) in values.chain(velocities) {
        let array = arrays.get(&name);
        let array = array.ok_or_else(|| Error::run(&path, format!("damaged: no array {name}")))?;
        if !array.copy_into(tensor)? {
            let problem = format!(
                "array {name}: found shape {:?}, expected {:?}",
                array.shape(),
                tensor.dims()
            );
            return Err(Error::run(&path, problem));
        }
    }
    Ok(Some(about.state))
}

/// Removes the checkpoint of a finished run, which `model.safetensors` stands in for. One that stays costs space and nothing else.
pub fn remove(directory: &Path) {
    let _ = std::fs::remove_file(path(directory));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_an_earlier_version_are_whole() {
        let mut running = Running::default();
        running.add(100, 0.5, Some(12.0));
        let mut value = serde_json::to_value(running).unwrap();
        assert_eq!(serde_json::from_value::<Running>(value.clone()).unwrap(), running);
        value.as_object_mut().unwrap().remove("scored");
        assert_eq!(serde_json::from_value::<Running>(value).unwrap(), running);
        // A batch without a score counts for the loss alone.
        running.add(100, 1.5, None);
        assert_eq!(running.means(), Some((1.0, Some(12.0))));
    }
}
