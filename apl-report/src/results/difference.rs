//! A claimed difference of two rows.

use crate::{
    results::{Examples, Measured},
    statistics::{
        FEWEST, Pairing, SEEDS, Statistics, Test, Untested, missed_half_the_time, sentence, welch,
    },
};

/// How two rows of a table compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The rows, by their place in the table.
    pub rows: [usize; 2],
    /// What can be said.
    pub verdict: Verdict,
    /// How runs of one seed go together, where there are enough.
    pub pairing: Option<Pairing>,
    /// How far the difference depends on the test examples, where the runs tell.
    pub examples: Option<Examples>,
    /// The difference that five seeds would miss half the time, where the deviations tell.
    pub missed: Option<f64>,
}

/// What can be said of a difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The means beside each other, and the test.
    Compared {
        /// In words.
        sentence: String,
        /// Mean of the first minus mean of the second.
        difference: f64,
        /// Half the width of its 95 % interval, where there was a test: Welch's, of this difference alone.
        interval: Option<f64>,
        /// Adjusted, where there was a test.
        p: Option<f64>,
    },
    /// A row has no run that is done.
    Missing,
    /// The rows were scored on different examples.
    OtherData,
}

/// Two rows that can be compared, and their test before it is adjusted.
pub(super) struct Pair {
    sides: [Statistics; 2],
    /// The test, or why there is none.
    pub(super) test: Result<Test, Untested>,
}

/// Puts two rows beside each other.
///
/// # Errors
/// The verdict where they cannot be compared.
pub(super) fn pair(one: &Measured, other: &Measured) -> Result<Pair, Verdict> {
    let (left, right) = one.statistics().zip(other.statistics()).ok_or(Verdict::Missing)?;
    if one.test_digest() != other.test_digest() {
        return Err(Verdict::OtherData);
    }
    Ok(Pair { sides: [left, right], test: welch(&left, &right) })
}

impl Difference {
    /// Of two rows, given the adjusted p-value where there is one.
    pub(super) fn of(
        rows: [usize; 2],
        measured: [&Measured; 2],
        pair: Result<Pair, Verdict>,
        adjusted: Option<f64>,
    ) -> Self {
        let Pair { sides: [left, right], test } = match pair {
            Ok(pair) => pair,
            Err(verdict) => {
                return Self { rows, verdict, pairing: None, examples: None, missed: None };
            }
        };
        let [one, other] = measured;
        let interval = test.as_ref().ok().map(Test::interval);
        let p = test.map(|test| adjusted.unwrap_or(test.p));
        let sentence = sentence(&left, &right, one.unit(), p);
        let difference = left.mean - right.mean;
        let verdict = Verdict::Compared { sentence, difference, interval, p: p.ok() };
        // A deviation of fewer seeds is too uncertain to say what would be missed.
        let deviation = |side: Statistics| side.deviation.filter(|_| side.n >= FEWEST);
        let deviations = deviation(left).zip(deviation(right));
        let missed = deviations.and_then(|(one, other)| missed_half_the_time(one, other, SEEDS));
        let pairing = Pairing::of(&one.scores, &other.scores);
        Self { rows, verdict, pairing, examples: Examples::of(one, other), missed }
    }
}
