//! Continuous piecewise-linear functions by boundaries and slopes, and theorem 1.

use super::{Unit, finite, wrong};
use crate::Result;

/// A continuous piecewise-linear function: boundaries `b_0 < ... < b_K`, the slope of each of the `K + 2` regions between them from left to right,
/// and its value at the last boundary (at 0 where there is none: a straight line).
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseLinear {
    boundaries: Vec<f64>,
    slopes: Vec<f64>,
    /// At every boundary; at 0 where there is none.
    values: Vec<f64>,
}

impl PiecewiseLinear {
    /// The function with these boundaries and slopes that has the value `last` at the last boundary (at 0 where there is none).
    ///
    /// # Errors
    /// Boundaries that do not increase, another number of slopes than one more than boundaries, a number that is not finite or overflows on the
    /// way to the leftmost boundary.
    pub fn new(boundaries: &[f64], slopes: &[f64], last: f64) -> Result<Self> {
        finite("piecewise: boundaries", boundaries)?;
        finite("piecewise: slopes", slopes)?;
        if slopes.len() != boundaries.len() + 1 {
            let found = format!("{} slopes for {} boundaries", slopes.len(), boundaries.len());
            return Err(wrong("piecewise", found, "one slope more than boundaries"));
        }
        if let Some(pair) = boundaries.windows(2).find(|pair| pair[0] >= pair[1]) {
            let found = format!("{} before {}", pair[0], pair[1]);
            return Err(wrong("piecewise: boundaries", found, "numbers that increase"));
        }
        let mut values = vec![last; boundaries.len().max(1)];
        for k in (1..boundaries.len()).rev() {
            values[k - 1] = values[k] - slopes[k] * (boundaries[k] - boundaries[k - 1]);
        }
        finite("piecewise: value at a boundary", &values)?;
        Ok(Self { boundaries: boundaries.to_vec(), slopes: slopes.to_vec(), values })
    }

    /// The boundaries, from left to right.
    pub fn boundaries(&self) -> &[f64] {
        &self.boundaries
    }

    /// The slope of every region, from left to right.
    pub fn slopes(&self) -> &[f64] {
        &self.slopes
    }

    /// The function's value at `x`.
    pub fn value(&self, x: f64) -> f64 {
        let region = self.boundaries.partition_point(|&boundary| boundary <= x);
        if region == self.boundaries.len() && self.ends_in_identity() {
            return x;
        }
        // A region hangs on the boundary at its right; the last one has none and hangs on its left.
        let anchor = region.min(self.values.len() - 1);
        let place = self.boundaries.get(anchor).copied().unwrap_or(0.0);
        self.values[anchor] + self.slopes[region] * (x - place)
    }

    /// Whether the function is `x` right of the last boundary.
    pub fn ends_in_identity(&self) -> bool {
        let last = self.boundaries.last().copied().unwrap_or(0.0);
        self.slopes.last() == Some(&1.0) && self.values.last() == Some(&last)
    }

    /// Theorem 1: the function as an APL unit of `S = K + 2` hinges, one at every boundary with the jump of the slope there, and one at 0 with -1
    /// that takes the ReLU's own jump away.
    ///
    /// Regrouped from the paper's proof, with slope `a_k` left of boundary `b_k`:
    /// `h(x) = -a_0 max(0, -x + b_0) + sum_(k=1..K) a_k (max(0, -x + b_(k-1)) - max(0, -x + b_k)) - max(0, -x) + max(0, x) + max(0, -x + b_K)`.
    /// [`Unit::canonical`] leaves out hinges that change nothing.
    ///
    /// # Errors
    /// A function that is not the identity right of its last boundary; jumps so large that they overflow.
    pub fn unit(&self) -> Result<Unit> {
        if !self.ends_in_identity() {
            let last = self.boundaries.last().copied().unwrap_or(0.0);
            let (slope, value) = (self.slopes[self.boundaries.len()], self.value(last));
            let found = format!("slope {slope} and value {value} right of {last}");
            return Err(wrong(
                "piecewise: theorem 1",
                found,
                "the identity right of the last boundary",
            ));
        }
        let jumps = self.slopes.windows(2).map(|pair| pair[1] - pair[0]);
        let slopes: Vec<f64> = jumps.chain([-1.0]).collect();
        let offsets: Vec<f64> = self.boundaries.iter().copied().chain([0.0]).collect();
        Unit::new(&slopes, &offsets)
    }
}
