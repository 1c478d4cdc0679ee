//! Mean, deviation and confidence interval.

use crate::statistics::student;

/// Mean and sample standard deviation of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// How many.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// `sqrt(sum (x - mean)^2 / (n - 1))`, from two numbers on.
    pub deviation: Option<f64>,
}

impl Statistics {
    /// Of the finite ones among some numbers; `None` where there are none.
    ///
    /// The order of the numbers does not matter, to the bit. Equal numbers have exactly their value as mean and 0 as deviation.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        let least = *values.first()?;
        // Measured from the least, so that equal numbers give no rounding error for a spread.
        let mean = least + values.iter().map(|value| value - least).sum::<f64>() / n as f64;
        let square: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (n > 1).then(|| (square / (n - 1) as f64).sqrt());
        Some(Self { n, mean, deviation })
    }

    /// Half the width of the 95 % confidence interval of the mean, `t deviation / sqrt(n)` with the 0.975 quantile t of Student's distribution of
    /// n - 1 degrees of freedom: the interval is `mean - h` to `mean + h`. From two numbers on.
    ///
    /// Of five numbers it is 1.24 deviations. It holds where the numbers are drawn from one normal distribution.
    pub fn interval(&self) -> Option<f64> {
        let t = student::critical((self.n.max(1) - 1) as f64);
        self.deviation.map(|deviation| t * deviation / (self.n as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Statistics {
        Statistics::of(values.iter().copied()).unwrap()
    }

    #[test]
    fn statistics_are_of_finite_numbers_and_a_deviation_needs_two() {
        assert_eq!(Statistics::of([]), None);
        assert_eq!(Statistics::of([f64::NAN]), None);
        let one = of(&[2.0, f64::INFINITY]);
        assert_eq!(one, Statistics { n: 1, mean: 2.0, deviation: None });
        assert_eq!(one.interval(), None);
        let three = of(&[1.0, 2.0, 3.0]);
        assert_eq!(three, Statistics { n: 3, mean: 2.0, deviation: Some(1.0) });
    }

    #[test]
    fn equal_numbers_have_no_spread() {
        for value in [0.1, 12.34, -7.7, 0.0] {
            let same = of(&[value; 7]);
            assert_eq!(same, Statistics { n: 7, mean: value, deviation: Some(0.0) });
            assert_eq!(same.interval(), Some(0.0));
        }
    }

    /// `stats.t.interval(.95, 4, s.mean(), stats.sem(s))` with scipy 1.17.1 for s = [11.3, 11.5, 11.4, 11.1, 11.7].
    #[test]
    fn the_interval_is_students() {
        let five = of(&[11.3, 11.5, 11.4, 11.1, 11.7]);
        let (mean, half) = (five.mean, five.interval().unwrap());
        assert!((mean - half - 11.12235548948022).abs() < 1e-9);
        assert!((mean + half - 11.67764451051978).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_shift_and_scale_pass_through(
            values in prop::collection::vec(-100.0f64..100.0, 2..9),
            shift in -100.0f64..100.0,
            scale in -20i32..20,
        ) {
            let first = of(&values);
            let mut reversed = values.clone();
            reversed.reverse();
            prop_assert_eq!(of(&reversed), first);
            // A power of two rounds nothing.
            let factor = 2f64.powi(scale);
            let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
            let deviation = first.deviation.unwrap();
            prop_assert_eq!(
                of(&scaled),
                Statistics { n: first.n, mean: first.mean * factor, deviation: Some(deviation * factor) }
            );
            let moved: Vec<f64> = values.iter().map(|value| value + shift).collect();
            prop_assert!((of(&moved).mean - first.mean - shift).abs() < 1e-10);
            prop_assert!((of(&moved).deviation.unwrap() - deviation).abs() < 1e-10);
        }
    }
}
