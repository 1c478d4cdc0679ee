//! Reading (A): the significance of what passes one threshold.

use crate::metrics::{
    asimov::asimov, scored::Scored, significance::SignificanceConfig, thin::Thin, yields::Yields,
};

/// The events of a split at or above a threshold, and the significance of as large a share of the expected events: for efficiencies `e_s` and `e_b`,
/// `Z(signal e_s, background e_b)` after [`asimov`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The lowest score that passes.
    pub threshold: f32,
    /// The share of the signal that passes.
    pub signal_efficiency: f64,
    /// The share of the background that passes.
    pub background_efficiency: f64,
    /// The expected events that pass.
    pub expected: Yields,
    /// The expected significance, in deviations.
    pub z: f64,
}

impl Cut {
    /// `None` where a class is absent or no background passes, for then nothing bounds the significance.
    pub(super) fn new(
        threshold: f32,
        above: Yields,
        whole: Yields,
        config: &SignificanceConfig,
    ) -> Option<Self> {
        if !whole.both() || above.background <= 0.0 {
            return None;
        }
        let expected = config.expected(above, whole);
        let Yields { signal: signal_efficiency, background: background_efficiency } =
            above.of(whole);
        let z = asimov(expected.signal, expected.background, config.uncertainty);
        Some(Self { threshold, signal_efficiency, background_efficiency, expected, z })
    }
}

/// The cuts of a split that pass enough background, from the highest threshold down: at least `least-expected` expected and `least-simulated` simulated
/// events, so that no few events in the tail of the simulation make a significance.
fn allowed(events: &Scored, config: &SignificanceConfig) -> impl Iterator<Item = Cut> {
    let (mut above, mut simulated) = (Yields::default(), 0);
    events.groups().filter_map(move |group| {
        above += group.yields;
        simulated += group.simulated;
        let cut = Cut::new(group.score, above, events.totals(), config)?;
        config.enough(cut.expected.background, simulated).then_some(cut)
    })
}

/// The cut of the highest significance among the scores of a split, the highest of equals: the choice of a threshold, for a validation split. `None`
/// where a class is absent or no threshold passes enough background.
pub fn best_cut(events: &Scored, config: &SignificanceConfig) -> Option<Cut> {
    allowed(events, config).reduce(|best, cut| if cut.z > best.z { cut } else { best })
}

/// The significance against the threshold, to draw (over the signal's efficiency, say, which rises along it): at most `points` of the cuts that pass
/// enough background, from the highest threshold down; where there are more, the first in each of `points - 1` equal stretches of the signal's
/// efficiency. Empty where [`best_cut`] is `None`.
pub fn cut_curve(events: &Scored, config: &SignificanceConfig, points: usize) -> Vec<Cut> {
    let mut thin = Thin::new(events.distinct(), points);
    allowed(events, config).filter(|cut| thin.keep(cut.signal_efficiency)).collect()
}

#[cfg(test)]
mod tests;
