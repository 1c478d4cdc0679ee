//! How far a mean over examples may lie elsewhere with other examples of the same kind.

use apl_core::random::{Purpose, Stream, Streams};

/// Samples enough for the ends of an interval to a twentieth of its width.
pub const SAMPLES: u64 = 1000;

/// The layer of the random streams; events of collisions take layer 1.
const LAYER: u32 = 2;
/// What an interval leaves out on either side.
const TAIL: f64 = 0.025;
/// Where a Poisson number is taken from the normal distribution: its skewness, `1 / sqrt(n)`, is a tenth there.
const MANY: u64 = 100;

/// The spread of a mean over samples of its examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverExamples {
    /// Where 2.5 % of the samples lie below.
    pub low: f64,
    /// Where 2.5 % lie above.
    pub high: f64,
    /// Their standard deviation.
    pub deviation: f64,
}

impl OverExamples {
    /// Half its width.
    pub fn half(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// The spread of the mean of a value an example, by a Poisson bootstrap: in each of [`SAMPLES`] samples every example counts a Poisson number of times of
/// mean 1. Examples of equal value are drawn together, so the time grows with the number of different values and not with that of examples.
///
/// The order of the values does not matter; the same values give the same numbers. `None` below two examples.
///
/// # Source
/// B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979.
pub fn over_examples(values: &[f64]) -> Option<OverExamples> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let groups = groups(values);
    let streams = Streams::new(0);
    let mean = |sample: u64| {
        let mut stream = streams.stream(Purpose::Sample, LAYER, sample);
        let (mut sum, mut count) = (0.0, 0.0);
        for &(value, n) in &groups {
            let drawn = poisson(&mut stream, n);
            (sum, count) = (sum + drawn * value, count + drawn);
        }
        sum / count
    };
    let mut means: Vec<f64> = (0..SAMPLES).map(mean).filter(|mean| mean.is_finite()).collect();
    means.sort_unstable_by(f64::total_cmp);
    let n = means.len() as f64;
    let centre = means.iter().sum::<f64>() / n;
    let square: f64 = means.iter().map(|mean| (mean - centre) * (mean - centre)).sum();
    let quantile = |share: f64| means.get((share * (n - 1.0)).round() as usize).copied();
    Some(OverExamples {
        low: quantile(TAIL)?,
        high: quantile(1.0 - TAIL)?,
        deviation: (square / (n - 1.0)).sqrt(),
    })
}

/// Different values, ascending, and how many examples have them.
fn groups(values: &[f64]) -> Vec<(f64, u64)> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut groups: Vec<(f64, u64)> = Vec::new();
    for value in sorted {
        match groups.last_mut() {
            Some((last, n)) if *last == value => *n += 1,
            _ => groups.push((value, 1)),
        }
    }
    groups
}

/// A Poisson number of this mean: by Knuth's product of uniform numbers, of a large mean by the normal distribution.
fn poisson(stream: &mut Stream, mean: u64) -> f64 {
    let mean = mean as f64;
    if mean >= MANY as f64 {
        return (mean + mean.sqrt() * stream.normal()).round().max(0.0);
    }
    let end = libm::exp(-mean);
    let (mut product, mut drawn) = (stream.uniform(), 0.0);
    while product > end {
        product *= stream.uniform();
        drawn += 1.0;
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a mean of N independent values the standard error is `deviation / sqrt(N)`, and the interval two of them to either side.
    #[test]
    fn a_mean_spreads_by_its_standard_error() {
        for (wrong, n) in [(200, 1000), (5, 60), (2500, 10_000)] {
            let values: Vec<f64> = (0..n).map(|i| if i < wrong { 100.0 } else { 0.0 }).collect();
            let share = wrong as f64 / n as f64;
            let error = 100.0 * (share * (1.0 - share) / n as f64).sqrt();
            let found = over_examples(&values).unwrap();
            assert!((found.deviation / error - 1.0).abs() < 0.1, "{found:?} {error}");
            assert!((found.half() / (1.96 * error) - 1.0).abs() < 0.12, "{found:?} {error}");
            assert!(found.low < 100.0 * share && 100.0 * share < found.high);
            let reversed: Vec<f64> = values.iter().rev().copied().collect();
            assert_eq!(over_examples(&reversed).unwrap(), found);
        }
    }

    #[test]
    fn poisson_numbers_have_their_mean_and_variance() {
        for mean in [1, 20, 99, 100, 4000] {
            let mut stream = Streams::new(1).stream(Purpose::Sample, LAYER, 0);
            let drawn: Vec<f64> = (0..20_000).map(|_| poisson(&mut stream, mean)).collect();
            let average = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let square: f64 = drawn.iter().map(|d| (d - average) * (d - average)).sum();
            let variance = square / drawn.len() as f64;
            let mean = mean as f64;
            assert!((average / mean - 1.0).abs() < 0.03 / mean.sqrt().min(3.0), "{average} {mean}");
            assert!((variance / mean - 1.0).abs() < 0.05, "{variance} {mean}");
        }
    }

    #[test]
    fn nothing_is_said_of_too_little() {
        assert_eq!(over_examples(&[1.0]), None);
        assert_eq!(over_examples(&[1.0, f64::NAN]), None);
        let same = over_examples(&[3.0; 50]).unwrap();
        assert!((same.low - 3.0).abs() < 1e-12 && (same.high - 3.0).abs() < 1e-12);
    }
}
