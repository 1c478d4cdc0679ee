//! The one pass over sorted events that the area under the ROC curve and both significances are made of.

use crate::metrics::{scored::Group, yields::Yields};

/// What one pass finds.
pub(super) struct Sweep<const N: usize> {
    /// The sum over pairs of a signal and a background event of the product of their weights: whole where the signal has the higher score, half where
    /// it has the same.
    pub area: f64,
    /// All there is.
    pub totals: Yields,
    /// What has at least the score of each mark, list by list.
    pub above: [Vec<Yields>; N],
}

/// Passes over the groups of equal score, from the highest down, and stops at `N` lists of marks, each of them descending. Sums are in f64 and in the
/// order of the groups, so they do not depend on the threads; without weights they are exact up to 100 million events.
pub(super) fn sweep<const N: usize>(
    groups: impl Iterator<Item = Group>,
    lists: [&[f32]; N],
) -> Sweep<N> {
    let mut above = lists.map(|marks| Vec::with_capacity(marks.len()));
    let (mut area, mut totals) = (0.0, Yields::default());
    for Group { score, yields, .. } in groups {
        for (marks, above) in lists.iter().zip(&mut above) {
            while marks.get(above.len()).is_some_and(|&mark| score < mark) {
                above.push(totals);
            }
        }
        area += yields.background * (totals.signal + 0.5 * yields.signal);
        totals += yields;
    }
    for (marks, above) in lists.iter().zip(&mut above) {
        above.resize(marks.len(), totals);
    }
    Sweep { area, totals, above }
}
