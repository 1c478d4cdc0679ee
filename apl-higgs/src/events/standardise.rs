//! Numbers brought to one scale, as fitted to the training split.

use serde::{Deserialize, Serialize};

use crate::events::{Preprocess, store::Row};

/// Above this skewness a feature counts as skewed.
const SKEWED: f64 = 1.0;

/// How features are brought to one scale: `(x - shift) * scale`.
///
/// A feature gets mean 0 and deviation 1; one that is never negative and skewed to the right (skewness above 1, such as momenta and masses) gets mean 1
/// and no shift (Baldi, Sadowski, Whiteson 2014, as remembered). A feature that never changes is shifted to 0. A missing value becomes the mean.
///
/// Fitted to the training split alone; a run keeps it as `preprocessing.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Feature by feature.
    pub features: Vec<Scale>,
    /// How many training events this was fitted to.
    pub events: usize,
}

/// How one feature is brought to scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The feature.
    pub name: String,
    /// What is taken from it.
    pub shift: f64,
    /// What it is then multiplied with.
    pub scale: f64,
    /// The mean of the training values that are there.
    pub mean: f64,
    /// Their deviation.
    pub deviation: f64,
    /// The share of training events in which it is missing.
    pub missing: f64,
}

impl Scale {
    /// The number that the network sees.
    pub fn apply(&self, x: f32) -> f64 {
        let x = if x.is_nan() { self.mean } else { f64::from(x) };
        (x - self.shift) * self.scale
    }
}

/// Gathers what [`Standard`] is made of, event by event.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    moments: Vec<Moments>,
    events: usize,
}

/// Sums of a feature's values, less the first of them, and of their powers.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    first: Option<f64>,
    least: f64,
    powers: [f64; 3],
    count: f64,
}

impl Moments {
    fn add(&mut self, x: f64) {
        let first = *self.first.get_or_insert(x);
        self.least = if self.count == 0.0 { x } else { self.least.min(x) };
        self.count += 1.0;
        let x = x - first;
        self.powers[0] += x;
        self.powers[1] += x * x;
        self.powers[2] += x * x * x;
    }

    /// Mean, deviation, skewness.
    fn central(&self) -> [f64; 3] {
        let n = self.count.max(1.0);
        let [one, two, three] = self.powers.map(|power| power / n);
        let variance = (two - one * one).max(0.0);
        let deviation = variance.sqrt();
        let third = three - 3.0 * one * two + 2.0 * one * one * one;
        let skewness = if deviation > 0.0 { third / (variance * deviation) } else { 0.0 };
        [self.first.unwrap_or(0.0) + one, deviation, skewness]
    }
}

impl Fit {
    /// Of so many features.
    pub(super) fn new(features: usize) -> Self {
        Self { moments: vec![Moments::default(); features], events: 0 }
    }

    /// Adds an event; `columns` are the features' places in the row.
    pub(super) fn add(&mut self, row: Row, columns: &[usize]) {
        self.events += 1;
        for (moments, &column) in self.moments.iter_mut().zip(columns) {
            let x = f64::from(row.features[column]);
            if !x.is_nan() {
                moments.add(x);
            }
        }
    }

    /// The scales that follow.
    pub(super) fn standard(&self, names: &[String], preprocess: Preprocess) -> Standard {
        let scale = |(name, moments): (&String, &Moments)| {
            let [mean, deviation, skewness] = moments.central();
            let (shift, scale) = match preprocess {
                Preprocess::None => (0.0, 1.0),
                Preprocess::Standardise if deviation == 0.0 => (mean, 1.0),
                Preprocess::Standardise if moments.least >= 0.0 && skewness > SKEWED => {
                    (0.0, 1.0 / mean)
                }
                Preprocess::Standardise => (mean, 1.0 / deviation),
            };
            let missing = 1.0 - moments.count / self.events.max(1) as f64;
            Scale { name: name.clone(), shift, scale, mean, deviation, missing }
        };
        let features = names.iter().zip(&self.moments).map(scale).collect();
        Standard { features, events: self.events }
    }
}

#[cfg(test)]
mod tests {
    use apl_core::random::{Purpose, Streams};

    use super::*;

    fn fitted(rows: &[Vec<f32>], preprocess: Preprocess) -> Standard {
        let columns: Vec<usize> = (0..rows[0].len()).collect();
        let names: Vec<String> = columns.iter().map(|column| format!("x{column}")).collect();
        let mut fit = Fit::new(columns.len());
        for features in rows {
            fit.add(Row { features, label: 0, weight: 1.0 }, &columns);
        }
        fit.standard(&names, preprocess)
    }

    #[test]
    fn features_get_mean_0_and_deviation_1_or_mean_1() {
        let mut random = Streams::new(1).stream(Purpose::Sample, 9, 0);
        let rows: Vec<Vec<f32>> = (0..20_000)
            .map(|_| {
                let momentum = -40.0 * (1.0 - random.uniform()).ln();
                vec![(1e4 + 3.0 * random.normal()) as f32, momentum as f32, 7.0]
            })
            .collect();
        let standard = fitted(&rows, Preprocess::Standardise);
        let after: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| standard.features.iter().zip(row).map(|(s, &x)| s.apply(x)).collect())
            .collect();
        let moments = |i: usize| {
            let n = after.len() as f64;
            let mean = after.iter().map(|row| row[i]).sum::<f64>() / n;
            (mean, (after.iter().map(|row| (row[i] - mean).powi(2)).sum::<f64>() / n).sqrt())
        };
        let (mean, deviation) = moments(0);
        assert!(mean.abs() < 1e-9 && (deviation - 1.0).abs() < 1e-9, "{mean} {deviation}");
        let (mean, _) = moments(1);
        assert!((mean - 1.0).abs() < 1e-9 && after.iter().all(|row| row[1] >= 0.0), "{mean}");
        assert_eq!(moments(2), (0.0, 0.0));
        let plain = fitted(&rows, Preprocess::None);
        assert_eq!(plain.features[0].apply(rows[0][0]), f64::from(rows[0][0]));
    }

    #[test]
    fn a_missing_value_becomes_the_mean_of_those_that_are_there() {
        let nan = f32::NAN;
        let rows = [vec![1.0, -1.0], vec![nan, 1.0], vec![3.0, nan], vec![nan, nan]];
        let standard = fitted(&rows, Preprocess::Standardise);
        let [one, other] = &standard.features[..] else { panic!() };
        assert_eq!((one.mean, one.deviation, one.missing), (2.0, 1.0, 0.5));
        assert_eq!((one.apply(nan), one.apply(3.0), other.apply(nan)), (0.0, 1.0, 0.0));
        assert_eq!(standard.events, 4);
        // One that is missing everywhere.
        let never = fitted(&[vec![nan]], Preprocess::Standardise);
        assert_eq!(never.features[0].apply(nan), 0.0);
    }
}
