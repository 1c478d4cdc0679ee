//! How learning rate and momentum change with the step (the authors' solver, section 2.5 of the project's notes on the paper).

/// `to - (to - from) exp(-step / steps)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    /// At step 0.
    pub from: f64,
    /// In the limit.
    pub to: f64,
    /// The scale of the approach.
    pub steps: f64,
}

impl Momentum {
    /// The momentum of a step.
    ///
    /// ```
    /// use apl_train::schedule::Momentum;
    /// let momentum = Momentum { from: 0.5, to: 0.9, steps: 10_000.0 };
    /// assert_eq!(momentum.at(0), 0.5);
    /// assert!((momentum.at(10_000) - 0.752_848).abs() < 1e-6);
    /// ```
    pub fn at(&self, step: u64) -> f64 {
        self.to - (self.to - self.from) * libm::exp(-(step as f64) / self.steps)
    }
}

/// Stretches, ascending: the first one with `step < until` counts, and training ends with the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates(pub(crate) Vec<Stretch>);

/// A stretch of the learning rate: `lr gamma^(step - first)`, its first step being where the one before ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// The step before which it counts.
    pub until: u64,
    /// The rate at its first step.
    pub lr: f64,
    /// What the rate is multiplied with at every step.
    pub gamma: f64,
}

impl Rates {
    /// The learning rate of a step; the last stretch's where training should have ended.
    pub fn at(&self, step: u64) -> f64 {
        let at = self.0.iter().position(|stretch| step < stretch.until);
        let at = at.unwrap_or(self.0.len().saturating_sub(1));
        let first = at.checked_sub(1).and_then(|before| self.0.get(before)).map_or(0, |s| s.until);
        self.0.get(at).map_or(0.0, |&Stretch { lr, gamma, .. }| {
            if gamma == 1.0 { lr } else { lr * libm::pow(gamma, step.saturating_sub(first) as f64) }
        })
    }

    /// How many steps training takes.
    pub fn steps(&self) -> u64 {
        self.0.last().map_or(0, |stretch| stretch.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The CIFAR-10 network's preset.
    #[test]
    fn a_rate_ends_before_its_step() {
        let rates = Rates(
            [(60_000, 0.01), (80_000, 0.001), (85_000, 1e-4), (90_000, 1e-5)]
                .map(|(until, lr)| Stretch { until, lr, gamma: 1.0 })
                .to_vec(),
        );
        assert_eq!(rates.at(0), 0.01);
        assert_eq!(rates.at(59_999), 0.01);
        assert_eq!(rates.at(60_000), 0.001);
        assert_eq!(rates.at(89_999), 1e-5);
        assert_eq!(rates.steps(), 90_000);
    }

    /// The Higgs network's preset: Caffe's policy `exp`.
    #[test]
    fn a_rate_falls_by_a_factor_at_every_step() {
        let higgs = Stretch { until: 45_500_000, lr: 0.006, gamma: 0.999_999_960_6 };
        let rates = Rates(vec![higgs]);
        assert_eq!(rates.at(0), 0.006);
        let epoch = rates.at(700_000) / rates.at(0);
        assert!((epoch - 0.972_796).abs() < 1e-6, "{epoch}");
        assert!((rates.at(45_499_999) - 0.000_999).abs() < 1e-6, "{}", rates.at(45_499_999));
        let later = Rates(vec![
            Stretch { until: 10, lr: 1.0, gamma: 1.0 },
            Stretch { until: 20, lr: 1.0, gamma: 0.5 },
        ]);
        assert_eq!([9, 10, 11, 12].map(|step| later.at(step)), [1.0, 1.0, 0.5, 0.25]);
    }
}
