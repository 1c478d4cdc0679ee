//! The section `[optimizer]`.

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    schedule::{Momentum, Rates, Stretch},
};

/// `[optimizer]`: stochastic gradient descent with momentum by Caffe's rule, see [`apl_core::ops::sgd`].
///
/// | key | default | range |
/// |---|---|---|
/// | `batch` | 100 | 1 to 65536 |
/// | `momentum` | | `{ from, to, steps }`: `to - (to - from) exp(-step / steps)`; `{ from }` alone is constant; in `[0, 1)` |
/// | `weight-decay` | 0 | at least 0 |
/// | `rates` | | `[{ until, lr, gamma }, ...]`: the first entry with `step < until` counts; the last `until` ends the run; `lr` is multiplied with `gamma` (in `(0, 1]`, 1 where absent) at every step of its entry |
/// | `groups` | `[]` | `[{ match, lr, decay, frozen }, ...]`: multipliers for parameters by name, first match wins |
/// | `loss-limit` | 1000 | above 0 and finite; a step with a larger loss has diverged |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OptimizerSection {
    /// Examples a step.
    #[serde(default = "hundred")]
    pub batch: usize,
    /// How much of the velocity is kept.
    pub momentum: MomentumSection,
    /// Pull of every parameter towards 0.
    #[serde(default)]
    pub weight_decay: f64,
    /// Learning rates by step.
    pub rates: Vec<RateSection>,
    /// Multipliers by parameter name.
    #[serde(default)]
    pub groups: Vec<GroupSection>,
    /// A loss above this has diverged.
    #[serde(default = "thousand")]
    pub loss_limit: f64,
}

/// The momentum's ramp.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MomentumSection {
    /// At step 0.
    pub from: f64,
    /// In the limit; `from` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// Steps after which 63 % of the way is done; needed with `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<f64>,
}

/// One stretch of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RateSection {
    /// The step before which it counts.
    pub until: u64,
    /// The learning rate.
    pub lr: f64,
    /// What it is multiplied with at every step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
}

/// Multipliers for the parameters whose name a pattern matches; `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GroupSection {
    /// Such as `*.bias` or `conv1.*`.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Times the learning rate.
    #[serde(default = "one")]
    pub lr: f64,
    /// Times the weight decay.
    #[serde(default = "one")]
    pub decay: f64,
    /// Leaves the parameters as they are.
    #[serde(default)]
    pub frozen: bool,
}

/// The largest batch.
const MOST_EXAMPLES: usize = 65536;

impl OptimizerSection {
    /// Checks every key but the patterns of `groups`, which need a network's names, and gives the schedules.
    ///
    /// # Errors
    /// A key out of its range.
    pub fn check(&self) -> Result<(Momentum, Rates)> {
        if !(1..=MOST_EXAMPLES).contains(&self.batch) {
            return Err(out_of_range("batch", self.batch, &format!("1 to {MOST_EXAMPLES}")));
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return Err(out_of_range(
                "weight-decay",
                self.weight_decay,
                "a finite number, at least 0",
            ));
        }
        if !(self.loss_limit.is_finite() && self.loss_limit > 0.0) {
            return Err(out_of_range("loss-limit", self.loss_limit, "a finite number above 0"));
        }
        for (i, group) in self.groups.iter().enumerate() {
            for (key, value) in [("lr", group.lr), ("decay", group.decay)] {
                if !(value.is_finite() && value >= 0.0) {
                    let key = format!("groups[{i}].{key}");
                    return Err(out_of_range(&key, value, "a finite number, at least 0"));
                }
            }
        }
        Ok((self.momentum.check()?, self.check_rates()?))
    }

    fn check_rates(&self) -> Result<Rates> {
        if self.rates.is_empty() {
            return Err(out_of_range("rates", "none", "at least one { until, lr }"));
        }
        let (mut before, mut stretches) = (0, Vec::new());
        for (i, rate) in self.rates.iter().enumerate() {
            if rate.until <= before {
                let expected = format!("more than {before}, as the stretches follow each other");
                return Err(out_of_range(&format!("rates[{i}].until"), rate.until, &expected));
            }
            if !(rate.lr.is_finite() && rate.lr >= 0.0) {
                let expected = "a finite number, at least 0";
                return Err(out_of_range(&format!("rates[{i}].lr"), rate.lr, expected));
            }
            let largest = self.groups.iter().map(|group| group.lr).fold(1.0, f64::max);
            if !((rate.lr * largest) as f32).is_finite() {
                let expected = "a number that f32 holds, times every group's lr";
                return Err(out_of_range(&format!("rates[{i}].lr"), rate.lr, expected));
            }
            let gamma = rate.gamma.unwrap_or(1.0);
            if !(gamma > 0.0 && gamma <= 1.0) {
                let key = format!("rates[{i}].gamma");
                return Err(out_of_range(&key, gamma, "above 0, at most 1"));
            }
            stretches.push(Stretch { until: rate.until, lr: rate.lr, gamma });
            before = rate.until;
        }
        Ok(Rates(stretches))
    }
}

impl MomentumSection {
    fn check(&self) -> Result<Momentum> {
        let to = self.to.unwrap_or(self.from);
        for (key, value) in [("from", self.from), ("to", to)] {
            if !(0.0..1.0).contains(&value) {
                return Err(out_of_range(&format!("momentum.{key}"), value, "at least 0, below 1"));
            }
        }
        let steps = match self.steps {
            None if self.to.is_some() => {
                let error = Error::usage("optimizer.momentum.steps", "is missing beside `to`");
                return Err(error.with_hint("the authors used 10000"));
            }
            steps => steps.unwrap_or(1.0),
        };
        if !(steps.is_finite() && steps > 0.0) {
            return Err(out_of_range("momentum.steps", steps, "a finite number above 0"));
        }
        Ok(Momentum { from: self.from, to, steps })
    }
}

fn out_of_range(key: &str, found: impl std::fmt::Display, expected: &str) -> Error {
    Error::usage(format!("optimizer.{key}"), format!("found {found}, expected {expected}"))
}

fn hundred() -> usize {
    100
}

fn thousand() -> f64 {
    1000.0
}

fn one() -> f64 {
    1.0
}
