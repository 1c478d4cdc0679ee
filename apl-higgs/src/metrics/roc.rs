//! The ROC curve, to draw.

use crate::metrics::{scored::Scored, thin::Thin, yields::Yields};

/// A point of the ROC curve: what share of each class has at least some score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// The false positive rate.
    pub background_efficiency: f64,
    /// The true positive rate.
    pub signal_efficiency: f64,
}

/// The ROC curve as at most `points` of its corners (at least 2), from (0, 0) to (1, 1), both rising. Where it has more, the first corner is kept in
/// each of `points - 1` equal stretches of the sum of both efficiencies, so no two neighbours are further apart than two stretches and a step of the
/// curve. `None` where a class is absent or has no weight.
///
/// ```
/// use apl_higgs::metrics::{Scored, roc};
/// let events = Scored::new(&[0.9, 0.6, 0.6, 0.2], &[1, 1, 0, 0], None)?;
/// let curve = roc(&events, 512).unwrap();
/// let points: Vec<_> = curve.iter().map(|p| (p.background_efficiency, p.signal_efficiency)).collect();
/// assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// # Ok::<(), apl_higgs::Error>(())
/// ```
pub fn roc(events: &Scored, points: usize) -> Option<Vec<RocPoint>> {
    let whole = events.totals();
    if !whole.both() {
        return None;
    }
    let mut thin = Thin::new(events.distinct() + 1, points);
    let mut above = Yields::default();
    let origin = std::iter::once(above);
    let corners = events.groups().map(|group| {
        above += group.yields;
        above.of(whole)
    });
    let kept = origin
        .chain(corners)
        .filter(|share| thin.keep(0.5 * (share.signal + share.background)))
        .map(|share| RocPoint {
            background_efficiency: share.background,
            signal_efficiency: share.signal,
        });
    Some(kept.collect())
}

#[cfg(test)]
mod tests;
