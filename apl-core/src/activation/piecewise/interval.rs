//! A unit on an interval, such as the one its inputs come from: the hinges it needs there, and those that hardly matter.

use super::{Unit, wrong};
use crate::Result;

/// A line whose slopes cancel but for this share of their sizes counts as constant: one hinge for it would lie beyond all reason.
const CANCELLED: f64 = 1e-6;

impl Unit {
    /// The same function between `low` and `high` with the fewest hinges that any unit has there (where `low < high`); elsewhere it may differ.
    ///
    /// Of the [canonical](Unit::canonical) form,
    /// - hinges at or left of `low` are 0 on the interval and go;
    /// - hinges inside it stay, as nothing else bends the function there;
    /// - those at or right of `high` are together the line `B - A x`, `A = sum_s a_s`, `B = sum_s a_s b_s`. Where `A` and `B` are 0 it takes none; where
    ///   `B/A >= high`, the one hinge `A max(0, B/A - x)`; elsewhere two, one for the slopes of each sign.
    ///
    /// So the number of hinges is a property of the function on the interval, however it was written (but for lines whose slopes cancel to a millionth of
    /// `sum_s |a_s|`, which count as constant and take two); values are equal to rounding.
    ///
    /// ```
    /// use apl_core::activation::piecewise::Unit;
    /// let unit = Unit::new(&[0.5, -2.0, 1.0, 3.0], &[-4.0, 0.5, 2.0, 4.0])?;
    /// // Inputs between -3 and 1 never reach the first hinge and are left of the last two.
    /// let within = unit.within(-3.0, 1.0)?;
    /// assert_eq!((within.slopes(), within.offsets()), (&[-2.0, 4.0][..], &[0.5, 3.5][..]));
    /// # Ok::<(), apl_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Numbers that are no interval: not finite, or `low > high`.
    pub fn within(&self, low: f64, high: f64) -> Result<Self> {
        if !low.is_finite() || !high.is_finite() || low > high {
            let expected = "finite numbers, the first not above the second";
            return Err(wrong("unit: interval", format!("from {low} to {high}"), expected));
        }
        let canonical = self.canonical();
        let hinges = canonical.slopes.into_iter().zip(canonical.offsets);
        let (tail, mut kept): (Vec<_>, Vec<_>) =
            hinges.filter(|&(_, offset)| offset > low).partition(|&(_, offset)| offset >= high);
        kept.extend(line(&tail, high));
        let (slopes, offsets) = kept.into_iter().unzip();
        Ok(Self { slopes, offsets }.canonical())
    }

    /// [`within`](Unit::within) `low` and `high`, less the hinges D of which all together change the function there by less than `tolerance`:
    /// `|sum_(s in D) a_s max(0, -x + b_s)| < tolerance` for every `x` of the interval. With tolerance 0 no more hinges go.
    ///
    /// Hinges are tried in the order of what each contributes at most, `|a_s| (b_s - low)`, the smallest first, and each goes that the tolerance has room
    /// for. The sum is linear between `low`, `high` and the offsets, so it is largest at one of them: the bound is checked exactly, to rounding.
    ///
    /// # Errors
    /// Numbers that are no interval; a tolerance that is negative or NaN.
    pub fn pruned(&self, low: f64, high: f64, tolerance: f64) -> Result<Self> {
        if tolerance.is_nan() || tolerance < 0.0 {
            return Err(wrong("unit: tolerance", tolerance.to_string(), "at least 0"));
        }
        let Self { slopes, offsets } = self.within(low, high)?;
        let inside = offsets.iter().copied().filter(|&offset| offset < high);
        let places: Vec<f64> = [low, high].into_iter().chain(inside).collect();
        let most = |s: usize| slopes[s].abs() * (offsets[s] - low);
        let mut order: Vec<usize> = (0..slopes.len()).collect();
        order.sort_by(|&one, &other| most(one).total_cmp(&most(other)));
        let (mut dropped, mut kept) = (vec![0.0; places.len()], vec![true; slopes.len()]);
        for s in order {
            let with = places.iter().zip(&dropped);
            let with = with.map(|(x, sum)| sum + slopes[s] * (offsets[s] - x).max(0.0));
            let with: Vec<f64> = with.collect();
            if with.iter().all(|sum| sum.abs() < tolerance) {
                (dropped, kept[s]) = (with, false);
            }
        }
        let hinges = slopes.iter().copied().zip(offsets.iter().copied());
        let hinges = hinges.zip(kept).filter_map(|(hinge, kept)| kept.then_some(hinge));
        let (slopes, offsets) = hinges.unzip();
        Ok(Self { slopes, offsets })
    }
}

/// The fewest hinges that equal these left of `high`, where none of these bends.
fn line(hinges: &[(f64, f64)], high: f64) -> Vec<(f64, f64)> {
    if hinges.len() < 2 {
        return hinges.to_vec();
    }
    let slope: f64 = hinges.iter().map(|(a, _)| a).sum();
    let constant: f64 = hinges.iter().map(|(a, b)| a * b).sum();
    if slope == 0.0 && constant == 0.0 {
        return Vec::new();
    }
    let sizes: f64 = hinges.iter().map(|(a, _)| a.abs()).sum();
    let offset = constant / slope;
    if slope.abs() > CANCELLED * sizes && offset >= high && offset.is_finite() {
        return vec![(slope, offset)];
    }
    let signs = [1.0, -1.0].into_iter();
    signs.filter_map(|sign| mean(hinges.iter().copied().filter(|(a, _)| a * sign > 0.0))).collect()
}

/// Hinges of one sign as one, at the mean of their offsets weighted by their slopes.
fn mean(hinges: impl Iterator<Item = (f64, f64)>) -> Option<(f64, f64)> {
    let (mut slope, mut moment, mut ends) = (0.0, 0.0, None);
    for (a, b) in hinges {
        (slope, moment) = (slope + a, moment + a * b);
        let (first, last) = ends.unwrap_or((b, b));
        ends = Some((b.min(first), b.max(last)));
    }
    // Rounding may bring a mean out of the range of what it is of.
    ends.map(|(first, last)| (slope, (moment / slope).max(first).min(last)))
}

#[cfg(test)]
mod tests;
