//! The `[significance]` section, and what it makes of two splits.

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    metrics::{
        bins::{self, Binned},
        cut::{Cut, best_cut},
        scored::{Group, Scored},
        sweep::sweep,
        yields::Yields,
    },
};

/// The most events, expected or simulated.
const EVENTS: f64 = 1e12;
/// The most bins.
const BINS: usize = 1000;

/// The experiment whose discovery is expected, and how scores become a significance. The first three defaults are the paper's ("100 signal events and
/// 5000 background events with a 5 % relative uncertainty"); the others are ours.
///
/// | key | default | meaning | allowed |
/// |---|---|---|---|
/// | `signal` | 100 | expected signal events | above 0, to 1e12 |
/// | `background` | 5000 | expected background events | above 0, to 1e12 |
/// | `uncertainty` | 0.05 | the background's deviation over its mean | 0 to 1 |
/// | `least-expected` | 10 | the fewest expected background events above a threshold or in a bin, on the validation split | above 0, to `background` |
/// | `least-simulated` | 100 | the fewest simulated ones, likewise | 1 to 1e12 |
/// | `bins` | 20 | the most bins of reading (B) | 1 to 1000 |
///
/// ```
/// use apl_higgs::metrics::SignificanceConfig;
/// let config: SignificanceConfig = toml::from_str("background = 1000\nleast-simulated = 400")?;
/// config.check()?;
/// assert_eq!((config.signal, config.background, config.bins), (100.0, 1000.0, 20));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignificanceConfig {
    /// Expected signal events.
    pub signal: f64,
    /// Expected background events.
    pub background: f64,
    /// The background's deviation over its mean.
    pub uncertainty: f64,
    /// The fewest expected background events above a threshold or in a bin.
    pub least_expected: f64,
    /// The fewest simulated background events above a threshold or in a bin.
    pub least_simulated: u64,
    /// The most bins.
    pub bins: usize,
}

impl Default for SignificanceConfig {
    fn default() -> Self {
        Self {
            signal: 100.0,
            background: 5000.0,
            uncertainty: 0.05,
            least_expected: 10.0,
            least_simulated: 100,
            bins: 20,
        }
    }
}

impl SignificanceConfig {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    /// [`Error::Setting`] with the key, such as `significance.bins`.
    pub fn check(&self) -> Result<()> {
        let events = |value: f64, most: f64| value > 0.0 && value <= most;
        let above = format!("a number above 0, at most {EVENTS:e}");
        if !events(self.signal, EVENTS) {
            return Err(wrong("signal", self.signal, above));
        }
        if !events(self.background, EVENTS) {
            return Err(wrong("background", self.background, above));
        }
        if !(0.0..=1.0).contains(&self.uncertainty) {
            return Err(wrong("uncertainty", self.uncertainty, "a number from 0 to 1".into()));
        }
        if !events(self.least_expected, self.background) {
            let expected =
                format!("a number above 0, at most `background`, which is {}", self.background);
            return Err(wrong("least-expected", self.least_expected, expected));
        }
        if !events(self.least_simulated as f64, EVENTS) {
            let expected = format!("a number from 1 to {EVENTS:e}");
            return Err(wrong("least-simulated", self.least_simulated, expected));
        }
        if !(1..=BINS).contains(&self.bins) {
            return Err(wrong("bins", self.bins, format!("a number from 1 to {BINS}")));
        }
        Ok(())
    }

    /// Chooses threshold and bins, on the validation split.
    ///
    /// # Errors
    /// What [`check`](Self::check) refuses.
    pub fn choose(&self, validation: &Scored) -> Result<Choices> {
        self.check()?;
        let threshold = best_cut(validation, self).map(|cut| cut.threshold);
        Ok(Choices { config: *self, threshold, edges: bins::edges(validation, self) })
    }

    /// A part of a whole split, as expected events.
    pub(super) fn expected(&self, part: Yields, whole: Yields) -> Yields {
        Yields {
            signal: self.signal * part.signal / whole.signal,
            background: self.background * part.background / whole.background,
        }
    }

    /// Whether background suffices for a threshold or a bin.
    pub(super) fn enough(&self, expected: f64, simulated: u64) -> bool {
        expected >= self.least_expected && simulated >= self.least_simulated
    }
}

fn wrong(key: &str, found: impl ToString, expected: String) -> Error {
    Error::Setting { place: format!("significance.{key}"), found: found.to_string(), expected }
}

/// What was chosen on a validation split, to be read on any other.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    config: SignificanceConfig,
    threshold: Option<f32>,
    edges: Option<Vec<f32>>,
}

/// What table 2 measures, of one split.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    /// The area under the ROC curve; `None` where a class is absent.
    pub auc: Option<f64>,
    /// Reading (A), the significance above the threshold. `None` where the validation split had none to choose, or a class is absent or no background
    /// passes on this one.
    pub cut: Option<Cut>,
    /// Reading (B), the significance of the histogram. `None` where the validation split had too little background for a bin, or a class is absent on
    /// this one.
    pub binned: Option<Binned>,
}

impl Choices {
    /// The settings they were made with.
    pub fn config(&self) -> &SignificanceConfig {
        &self.config
    }

    /// The lowest score that passes in reading (A); `None` where a class was absent or no threshold passed enough background.
    pub fn threshold(&self) -> Option<f32> {
        self.threshold
    }

    /// The lowest score of each bin of reading (B) but the last, descending; `None` where a class was absent or one bin had too little background.
    pub fn edges(&self) -> Option<&[f32]> {
        self.edges.as_deref()
    }

    /// All readings of a split, in one pass.
    pub fn read(&self, split: &Scored) -> Readings {
        self.of(split.groups())
    }

    pub(super) fn of(&self, groups: impl Iterator<Item = Group>) -> Readings {
        let lists = [self.threshold.as_slice(), self.edges.as_deref().unwrap_or_default()];
        let found = sweep(groups, lists);
        let (auc, whole) = (found.auc(), found.totals);
        let [passing, above] = found.above;
        let cut = self.threshold.zip(passing.first());
        let cut =
            cut.and_then(|(threshold, &passing)| Cut::new(threshold, passing, whole, &self.config));
        let edges = self.edges.as_deref();
        let binned = edges.and_then(|edges| Binned::new(edges, &above, whole, &self.config));
        Readings { auc, cut, binned }
    }
}

#[cfg(test)]
mod tests;
