//! How far a difference of two rows depends on which examples were in the test split.

use apl_train::run::{Outcomes, Summary};

use crate::{
    results::Measured,
    statistics::{OverExamples, over_examples},
};

/// The spread of a difference over test examples, the networks being the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Examples {
    /// By a bootstrap over the examples, both rows seeing the same ones.
    Paired(OverExamples),
    /// Half the width of an interval that is too wide: each network's own, as if rows saw different examples and the networks of a row the same way.
    AtMost(f64),
}

impl Examples {
    /// Half the width of the 95 % interval.
    pub fn half(&self) -> f64 {
        match self {
            Self::Paired(spread) => spread.half(),
            Self::AtMost(half) => *half,
        }
    }

    /// Of the difference of two rows' mean scores over the same test split; `None` where the runs keep nothing to tell it by.
    pub(super) fn of(one: &Measured, other: &Measured) -> Option<Self> {
        if let Some((one, other)) = wrong(one).zip(wrong(other))
            && one.len() == other.len()
        {
            let differences: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a - b).collect();
            return over_examples(&differences).map(Self::Paired);
        }
        let (one, other) = half(one).zip(half(other))?;
        Some(Self::AtMost(one.hypot(other)))
    }
}

/// Of every test example, the share in percent of a row's networks that were wrong; `None` where a run does not say, or is not scored by that.
fn wrong(row: &Measured) -> Option<Vec<f64>> {
    if !row.main || row.runs.is_empty() {
        return None;
    }
    let mut shares: Vec<f64> = Vec::new();
    let each = 100.0 / row.runs.len() as f64;
    for (run, (_, score)) in row.runs.iter().zip(&row.scores) {
        let outcomes = Outcomes::read(run).ok()??;
        // Only where being wrong is what the score counts.
        let same = outcomes.error_percent().is_some_and(|error| (error - score).abs() < 1e-6);
        if !same || !(shares.is_empty() || shares.len() == outcomes.wrong.len()) {
            return None;
        }
        shares.resize(outcomes.wrong.len(), 0.0);
        for (share, wrong) in shares.iter_mut().zip(outcomes.wrong) {
            *share += if wrong { each } else { 0.0 };
        }
    }
    Some(shares)
}

/// Half the mean width of the intervals that the runs themselves have over their examples.
fn half(row: &Measured) -> Option<f64> {
    let name = row.measure.as_ref()?.name.as_str();
    let widths: Option<Vec<f64>> = row
        .runs
        .iter()
        .map(|run| {
            let summary = Summary::read(run).ok()?;
            let scores = summary.score.iter().chain(&summary.scores);
            let score = scores.into_iter().find(|score| score.measure.name == name)?;
            score.interval.map(|interval| 0.5 * (interval.high - interval.low))
        })
        .collect();
    let widths = widths.filter(|widths| !widths.is_empty())?;
    Some(widths.iter().sum::<f64>() / widths.len() as f64)
}
