//! Reading (B): the significance of a histogram of the scores.

use crate::metrics::{
    likelihood::profile_likelihood, scored::Scored, significance::SignificanceConfig,
    yields::Yields,
};

/// A histogram of the scores of a split, scaled to the expected events, and its significance after [`profile_likelihood`].
#[derive(Debug, Clone, PartialEq)]
pub struct Binned {
    /// The bins, from the highest scores down.
    pub bins: Vec<Bin>,
    /// The expected significance, in deviations.
    pub z: f64,
}

/// A bin of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The lowest score that belongs to it; `None` in the lowest bin, which takes all.
    pub from: Option<f32>,
    /// The expected events.
    pub expected: Yields,
}

impl Binned {
    /// The histogram of a split between edges chosen on another, of which `above` holds what is at or above each.
    ///
    /// A bin without background joins the next lower one that has some (the one above where none has), since its signal would count as infinitely
    /// significant. Joined bins never have more significance than they had apart. `None` where a class is absent.
    pub(super) fn new(
        edges: &[f32],
        above: &[Yields],
        whole: Yields,
        config: &SignificanceConfig,
    ) -> Option<Self> {
        if !whole.both() {
            return None;
        }
        let froms = edges.iter().copied().map(Some).chain([None]);
        let ends = above.iter().copied().chain([whole]);
        let mut bins: Vec<Bin> = Vec::with_capacity(edges.len() + 1);
        let mut counted = Yields::default();
        for (from, end) in froms.zip(ends) {
            let within = end - counted;
            if within.background > 0.0 {
                bins.push(Bin { from, expected: config.expected(within, whole) });
                counted = end;
            }
        }
        // What is left has no background, or it would be a bin.
        let rest = config.expected(whole - counted, whole);
        if let Some(lowest) = bins.last_mut() {
            lowest.from = None;
            lowest.expected += rest;
        }
        let expected: Vec<Yields> = bins.iter().map(|bin| bin.expected).collect();
        let z = profile_likelihood(&expected, config.uncertainty);
        Some(Self { bins, z })
    }
}

/// The edges of the bins, descending, chosen on a validation split: the lowest score of each bin but the last. `None` where a class is absent or there is
/// too little background for one bin.
///
/// There are as many bins as `bins`, `least-expected` and `least-simulated` allow for the background as a whole. The k-th of K ends with the group of
/// equal scores at which the background reaches k/K, or later where the bin would have too little of it: a group is never divided. What is left at the
/// low end joins the last bin where it is too little for one of its own.
pub(super) fn edges(validation: &Scored, config: &SignificanceConfig) -> Option<Vec<f32>> {
    let whole = validation.totals();
    let most = (config.background / config.least_expected)
        .min(validation.simulated() as f64 / config.least_simulated as f64)
        .min(config.bins as f64)
        .floor();
    if !whole.both() || most < 1.0 {
        return None;
    }
    let enough = |background: f64, simulated: u64| {
        let within = Yields { signal: 0.0, background };
        config.enough(config.expected(within, whole).background, simulated)
    };
    let mut edges = Vec::new();
    let (mut above, mut within, mut simulated, mut next) = (0.0, 0.0, 0, 1.0);
    for group in validation.groups() {
        above += group.yields.background;
        within += group.yields.background;
        simulated += group.simulated;
        if above * most >= next * whole.background && enough(within, simulated) {
            edges.push(group.score);
            (within, simulated) = (0.0, 0);
            next = (above * most / whole.background).floor() + 1.0;
        }
    }
    if !enough(within, simulated) {
        edges.pop();
    }
    Some(edges)
}

#[cfg(test)]
mod tests;
