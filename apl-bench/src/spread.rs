//! A figure over the rounds.

use serde::Serialize;

/// The median, and the least and the greatest, over the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Spread {
    /// Of these values; 0 where there are none.
    ///
    /// ```
    /// use apl_bench::Spread;
    /// let spread = Spread::of(vec![3.0, 1.0, 2.0]);
    /// assert_eq!((spread.low, spread.median, spread.high), (1.0, 2.0, 3.0));
    /// assert_eq!(Spread::of(vec![1.0, 2.0]).median, 1.5);
    /// ```
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else {
            return Self { median: 0.0, low: 0.0, high: 0.0 };
        };
        let median = 0.5 * (values[(count - 1) / 2] + values[count / 2]);
        Self { median, low, high }
    }

    /// The same times a positive factor.
    pub fn times(self, factor: f64) -> Self {
        Self { median: self.median * factor, low: self.low * factor, high: self.high * factor }
    }
}
