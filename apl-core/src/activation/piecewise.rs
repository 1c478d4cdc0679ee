//! The exact algebra of one APL unit: what its slopes and offsets say about the function, and which functions have such slopes and offsets.
//!
//! A unit `h(x) = max(0, x) + sum_s a_s max(0, -x + b_s)` (Agostinelli et al., equation 1) is a continuous piecewise-linear function whose slope
//! jumps by 1 at 0 and by `a_s` at `b_s`. [`Unit::function`] lists its boundaries and slopes; [`PiecewiseLinear::unit`] is the way back, the
//! construction of theorem 1. [`Unit::within`] and [`Unit::pruned`] look at an interval only. Sums are exact wherever they can be represented, as they
//! are for dyadic numbers of moderate size.
//!
//! ```
//! use apl_core::activation::piecewise::Unit;
//! // Figure 1 of the paper, S = 1: a unit that is not convex.
//! let unit = Unit::new(&[-0.5], &[1.0])?;
//! assert!(!unit.is_convex());
//! let function = unit.function()?;
//! assert_eq!(function.boundaries(), [0.0, 1.0]);
//! assert_eq!(function.slopes(), [0.5, 1.5, 1.0]);
//! // Theorem 1 writes it with S = K + 2 hinges, one of them at 0 with weight 0.
//! assert_eq!(function.unit()?.hinges(), 3);
//! assert_eq!(function.unit()?.canonical(), unit);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod function;
mod interval;

pub use function::PiecewiseLinear;

use crate::{Error, Result};

/// The slopes `a` and offsets `b` of one unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    slopes: Vec<f64>,
    offsets: Vec<f64>,
}

/// What a unit is far to the left: `h(x) = slope x - constant` for `x <= min(0, b_1, ..., b_S)`, the paper's `alpha x - c` (figure 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asymptote {
    /// `alpha = -sum_s a_s`.
    pub slope: f64,
    /// `c = -sum_s a_s b_s`.
    pub constant: f64,
}

impl Unit {
    /// A unit with these hinges. Without any it is the ReLU.
    ///
    /// # Errors
    /// Different numbers of slopes and offsets, one that is not finite, or so large that `sum_s |a_s|` or `sum_s |a_s b_s|` overflows.
    pub fn new(slopes: &[f64], offsets: &[f64]) -> Result<Self> {
        if slopes.len() != offsets.len() {
            let found = format!("{} slopes and {} offsets", slopes.len(), offsets.len());
            return Err(wrong("unit", found, "as many slopes as offsets"));
        }
        finite("unit: slopes", slopes)?;
        finite("unit: offsets", offsets)?;
        let pairs = || slopes.iter().zip(offsets);
        let weight: f64 = slopes.iter().map(|a| a.abs()).sum();
        let moment: f64 = pairs().map(|(a, b)| (a * b).abs()).sum();
        if !weight.is_finite() || !moment.is_finite() {
            let found = format!("sum |a| = {weight}, sum |a b| = {moment}");
            return Err(wrong("unit", found, "sums that do not overflow"));
        }
        Ok(Self { slopes: slopes.to_vec(), offsets: offsets.to_vec() })
    }

    /// The slopes `a`.
    pub fn slopes(&self) -> &[f64] {
        &self.slopes
    }

    /// The offsets `b`.
    pub fn offsets(&self) -> &[f64] {
        &self.offsets
    }

    /// The number of hinges S.
    pub fn hinges(&self) -> usize {
        self.slopes.len()
    }

    /// `h(x)`.
    pub fn value(&self, x: f64) -> f64 {
        let hinges = self.slopes.iter().zip(&self.offsets);
        // With NaN passed on, as in the operation on tensors.
        let positive = |v: f64| if v <= 0.0 { 0.0 } else { v };
        hinges.fold(positive(x), |sum, (a, b)| sum + a * positive(b - x))
    }

    /// The same function with the fewest hinges: equal offsets merged (their slopes added), slopes 0 dropped, sorted by offset.
    pub fn canonical(&self) -> Self {
        let kinks = merged(self.slopes.iter().copied().zip(self.offsets.iter().copied()));
        let (slopes, offsets) = kinks.into_iter().unzip();
        Self { slopes, offsets }
    }

    /// The total variation of the slope, `TV(h')`: the sum of the sizes of its jumps.
    ///
    /// This is `1 + sum_s |a_s|` where the offsets are distinct and not 0. Hinges at one place count by their sum, a hinge at 0 together with the
    /// jump of 1 that is there.
    pub fn slope_variation(&self) -> f64 {
        self.kinks().iter().map(|(jump, _)| jump.abs()).sum()
    }

    /// What the unit is far to the left; far to the right it is the identity.
    pub fn left(&self) -> Asymptote {
        // `+ 0.0` turns the -0 of an empty or cancelled sum into 0.
        let pairs = self.slopes.iter().zip(&self.offsets);
        Asymptote {
            slope: -self.slopes.iter().sum::<f64>() + 0.0,
            constant: -pairs.map(|(a, b)| a * b).sum::<f64>() + 0.0,
        }
    }

    /// Whether no jump of the slope is negative. For S = 1: `a >= 0`, or `a >= -1` where `b = 0`.
    pub fn is_convex(&self) -> bool {
        self.kinks().iter().all(|&(jump, _)| jump >= 0.0)
    }

    /// The unit as a piecewise-linear function, without boundaries where the slope does not jump.
    ///
    /// # Errors
    /// Numbers so large that a slope or a value at a boundary overflows.
    pub fn function(&self) -> Result<PiecewiseLinear> {
        let kinks = self.kinks();
        let mut slopes = vec![1.0; kinks.len() + 1];
        for (k, (jump, _)) in kinks.iter().enumerate().rev() {
            slopes[k] = slopes[k + 1] - jump;
        }
        let boundaries: Vec<f64> = kinks.iter().map(|&(_, place)| place).collect();
        let last = boundaries.last().copied().unwrap_or(0.0);
        PiecewiseLinear::new(&boundaries, &slopes, last)
    }

    /// Jumps of the slope and where they are, from left to right: the ReLU's and the hinges'.
    fn kinks(&self) -> Vec<(f64, f64)> {
        let hinges = self.slopes.iter().copied().zip(self.offsets.iter().copied());
        merged(std::iter::once((1.0, 0.0)).chain(hinges))
    }
}

/// Pairs of a jump and its place, sorted by place, those of one place added, those that are 0 dropped.
fn merged(kinks: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    // -0 and 0 are one place.
    let mut kinks: Vec<_> = kinks.map(|(jump, place)| (jump, place + 0.0)).collect();
    kinks.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let mut sums: Vec<(f64, f64)> = Vec::with_capacity(kinks.len());
    for (jump, place) in kinks {
        match sums.last_mut() {
            Some((sum, last)) if *last == place => *sum += jump,
            _ => sums.push((jump, place)),
        }
    }
    sums.retain(|&(jump, _)| jump != 0.0);
    sums
}

fn finite(place: &str, values: &[f64]) -> Result<()> {
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(Error::NonFinite { place: place.into(), value, index }),
        None => Ok(()),
    }
}

fn wrong(place: &str, found: String, expected: &str) -> Error {
    Error::Setting { place: place.into(), found, expected: expected.into() }
}

#[cfg(test)]
mod tests;
