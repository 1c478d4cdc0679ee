//! The area under the ROC curve.

use crate::metrics::{
    scored::Scored,
    sweep::{Sweep, sweep},
};

/// The area under the ROC curve, exactly: the chance that a signal event has a higher score than a background event, equal scores counting half,
///
/// ```text
/// AUC = sum over signal i, background j of w_i w_j ([x_i > x_j] + [x_i = x_j] / 2) / (sum of w_i times sum of w_j)
/// ```
///
/// which is also Mann and Whitney's U over the number of pairs. `None` where a class is absent or has no weight.
///
/// ```
/// use apl_higgs::metrics::{Scored, auc};
/// let events = Scored::new(&[0.9, 0.6, 0.6, 0.2], &[1, 1, 0, 0], None)?;
/// assert_eq!(auc(&events), Some(0.875));
/// # Ok::<(), apl_higgs::Error>(())
/// ```
///
/// # Source
/// J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", Radiology 143, 1982.
pub fn auc(events: &Scored) -> Option<f64> {
    sweep(events.groups(), []).auc()
}

impl<const N: usize> Sweep<N> {
    /// [`auc`] of the events of this pass.
    pub(super) fn auc(&self) -> Option<f64> {
        self.totals.both().then(|| self.area / (self.totals.signal * self.totals.background))
    }
}

#[cfg(test)]
mod tests;
