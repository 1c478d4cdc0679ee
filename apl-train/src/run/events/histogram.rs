//! Histograms as TensorBoard counts them.

use crate::run::activations::{self, BINS};

/// How many values lie between limits. Bucket `i` holds those from `limits[i - 1]`, or from `min`, to below `limits[i]`; the last one holds `max` too.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// How many values.
    pub count: f64,
    /// `Σ v`.
    pub sum: f64,
    /// `Σ v²`.
    pub sum_of_squares: f64,
    /// Right edges, ascending.
    pub limits: Vec<f64>,
    /// Values of each bucket.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// The histogram of some values in [`BINS`] buckets of equal width from the smallest to the largest, or in one where these are the same. Values
    /// that are not finite are left out.
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v));
        let mut all = Self {
            min: finite().next().unwrap_or(0.0),
            max: finite().next().unwrap_or(0.0),
            count: 0.0,
            sum: 0.0,
            sum_of_squares: 0.0,
            limits: Vec::new(),
            counts: Vec::new(),
        };
        for value in finite() {
            (all.min, all.max) = (all.min.min(value), all.max.max(value));
            all.count += 1.0;
            all.sum += value;
            all.sum_of_squares += value * value;
        }
        let Self { min, max, count, .. } = all;
        if min == max {
            return Self { limits: vec![max], counts: vec![count], ..all };
        }
        all.limits = edges(min, max, BINS);
        all.counts = vec![0.0; BINS];
        let per_unit = BINS as f64 / (max - min);
        for value in finite() {
            all.counts[(((value - min) * per_unit) as usize).min(BINS - 1)] += 1.0;
        }
        all
    }
}

/// Of the recorded histogram, whose range leaves out the outermost values: they count in the outermost buckets, and `min` and `max` are the ends of its
/// range.
impl From<&activations::Histogram> for Histogram {
    fn from(recorded: &activations::Histogram) -> Self {
        let activations::Histogram { low, high, below, above, mean, deviation, counts } = recorded;
        let mut counts = counts.clone();
        if let Some(first) = counts.first_mut() {
            *first += below;
        }
        if let Some(last) = counts.last_mut() {
            *last += above;
        }
        let count = counts.iter().sum();
        Self {
            min: *low,
            max: *high,
            count,
            sum: mean * count,
            sum_of_squares: (deviation * deviation + mean * mean) * count,
            limits: edges(*low, *high, counts.len()),
            counts,
        }
    }
}

/// The right edges of so many buckets of equal width.
fn edges(min: f64, max: f64, buckets: usize) -> Vec<f64> {
    let part = |i| i as f64 / buckets as f64;
    let edge = |i| if i == buckets { max } else { min + (max - min) * part(i) };
    (1..=buckets).map(edge).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_count_once_each_between_the_smallest_and_the_largest() {
        let values: Vec<f32> = (0..=960).map(|i| i as f32 / 4.0 - 20.0).collect();
        let histogram = Histogram::of(&values);
        assert_eq!((histogram.min, histogram.max, histogram.count), (-20.0, 220.0, 961.0));
        assert_eq!(histogram.sum, values.iter().map(|&v| f64::from(v)).sum::<f64>());
        assert_eq!(histogram.limits[..2], [-17.5, -15.0]);
        // 10 values a bucket, and the largest.
        let expected = [vec![10.0; BINS - 1], vec![11.0]].concat();
        assert_eq!((histogram.counts, histogram.limits[BINS - 1]), (expected, 220.0));
    }

    #[test]
    fn values_that_are_all_the_same_or_none_have_one_bucket() {
        let same = Histogram::of(&[0.25; 7]);
        assert_eq!((same.min, same.max, same.sum_of_squares), (0.25, 0.25, 0.4375));
        assert_eq!((same.limits, same.counts), (vec![0.25], vec![7.0]));
        for none in [&[][..], &[f32::NAN, f32::INFINITY]] {
            let none = Histogram::of(none);
            assert_eq!((none.min, none.max, none.count), (0.0, 0.0, 0.0));
            assert_eq!((none.limits, none.counts), (vec![0.0], vec![0.0]));
        }
    }

    #[test]
    fn a_recorded_histogram_keeps_every_value_and_both_moments() {
        let values: Vec<f32> = (0..5000).map(|i| (i as f32 / 700.0).sin().powi(3)).collect();
        let (recorded, exact) = (activations::Histogram::of(&values), Histogram::of(&values));
        let histogram = Histogram::from(&recorded);
        assert!(recorded.above > 0.0);
        assert_eq!((histogram.min, histogram.max), (recorded.low, recorded.high));
        assert_eq!((histogram.count, histogram.limits[BINS - 1]), (5000.0, recorded.high));
        assert_eq!(histogram.counts[0], recorded.counts[0] + recorded.below);
        assert_eq!(histogram.counts[BINS - 1], recorded.counts[BINS - 1] + recorded.above);
        assert!((histogram.sum - exact.sum).abs() < 1e-9);
        assert!((histogram.sum_of_squares - exact.sum_of_squares).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn buckets_hold_what_lies_between_their_limits(bits in prop::collection::vec(any::<u32>(), 0..200)) {
            let values: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
            let Histogram { min, max, count, limits, counts, .. } = Histogram::of(&values);
            let finite: Vec<f64> = values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v)).collect();
            prop_assert_eq!(counts.iter().sum::<f64>(), count);
            prop_assert_eq!(count, finite.len() as f64);
            prop_assert!(min <= max && limits.is_sorted() && limits.last() == Some(&max));
            let (mut below, slack) = (0.0, (max - min) * 1e-12);
            for (limit, count) in limits.iter().zip(counts) {
                below += count;
                let under = |limit: f64| finite.iter().filter(|&&v| v < limit).count() as f64;
                prop_assert!(under(limit - slack) <= below);
                prop_assert!(*limit == max || below <= under(limit + slack));
            }
        }
    }
}
