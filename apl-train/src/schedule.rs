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

/// Stretches `(until, rate)`, ascending: the first one with `step < until` counts, and training ends with the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates(pub(crate) Vec<(u64, f64)>);

impl Rates {
    /// The learning rate of a step; the last one's where training should have ended.
    pub fn at(&self, step: u64) -> f64 {
        let stretch = self.0.iter().find(|(until, _)| step < *until).or(self.0.last());
        stretch.map_or(0.0, |&(_, rate)| rate)
    }

    /// How many steps training takes.
    pub fn steps(&self) -> u64 {
        self.0.last().map_or(0, |&(until, _)| until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The CIFAR-10 network's preset.
    #[test]
    fn a_rate_ends_before_its_step() {
        let rates = Rates(vec![(60_000, 0.01), (80_000, 0.001), (85_000, 1e-4), (90_000, 1e-5)]);
        assert_eq!(rates.at(0), 0.01);
        assert_eq!(rates.at(59_999), 0.01);
        assert_eq!(rates.at(60_000), 0.001);
        assert_eq!(rates.at(89_999), 1e-5);
        assert_eq!(rates.steps(), 90_000);
    }
}
