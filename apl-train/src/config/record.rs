//! The section `[record]`.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// `[record]`: what is measured and kept, and how often. Nothing here changes the trained network.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `evaluate-every` | | steps between evaluations of the validation and test splits |
/// | `checkpoint-every` | at evaluations, as long as writing takes no more than a twentieth of the time | steps between checkpoints; a minute without one makes one too |
/// | `sample` | 500 | test examples whose pre-activations and outputs are gathered in histograms |
/// | `units` | 64 | units a layer in the snapshots |
/// | `tensorboard` | `true` | whether there is an event file for TensorBoard |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecordSection {
    /// Steps between evaluations.
    pub evaluate_every: u64,
    /// Steps between checkpoints, where evaluations are not to say when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<u64>,
    /// Examples for histograms.
    #[serde(default = "five_hundred")]
    pub sample: usize,
    /// Units a layer in the snapshots.
    #[serde(default = "sixty_four")]
    pub units: usize,
    /// Whether TensorBoard gets an event file.
    #[serde(default = "yes")]
    pub tensorboard: bool,
}

impl RecordSection {
    /// Checks every key.
    ///
    /// # Errors
    /// A key that is 0 and must not be.
    pub fn check(&self) -> Result<()> {
        for (key, value) in [
            ("evaluate-every", self.evaluate_every),
            ("checkpoint-every", self.checkpoint_every.unwrap_or(1)),
            ("sample", self.sample as u64),
        ] {
            if value == 0 {
                return Err(Error::usage(format!("record.{key}"), "found 0, expected at least 1"));
            }
        }
        Ok(())
    }
}

fn five_hundred() -> usize {
    500
}

fn sixty_four() -> usize {
    64
}

fn yes() -> bool {
    true
}
