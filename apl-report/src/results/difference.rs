//! A claimed difference of two rows.

use crate::{
    results::Measured,
    statistics::{FEWEST, Pairing, SEEDS, Untested, missed_half_the_time, sentence, welch},
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
        /// Adjusted, where there was a test.
        p: Option<f64>,
    },
    /// A row has no run that is done.
    Missing,
    /// The rows were scored on different examples.
    OtherData,
}

/// The p-value of two rows before it is adjusted.
pub(super) fn test(one: &Measured, other: &Measured) -> Result<f64, Untested> {
    if one.test_digest() != other.test_digest() {
        return Err(Untested::Few);
    }
    let (one, other) = (one.statistics(), other.statistics());
    let (one, other) = one.zip(other).ok_or(Untested::Few)?;
    welch(&one, &other).map(|test| test.p)
}

impl Difference {
    /// Of two rows, given the adjusted p-value where there is one.
    pub(super) fn of(rows: [usize; 2], measured: [&Measured; 2], p: Option<f64>) -> Self {
        let [one, other] = measured;
        let verdict = verdict(one, other, p);
        // A deviation of fewer seeds is too uncertain to say what would be missed.
        let enough = |row: &Measured| row.statistics().filter(|s| s.n >= FEWEST)?.deviation;
        let deviations = measured.map(enough);
        let missed = match deviations {
            [Some(one), Some(other)] if matches!(verdict, Verdict::Compared { .. }) => {
                missed_half_the_time(one, other, SEEDS)
            }
            _ => None,
        };
        let pairing = match verdict {
            Verdict::Compared { .. } => Pairing::of(&one.scores, &other.scores),
            Verdict::Missing | Verdict::OtherData => None,
        };
        Self { rows, verdict, pairing, missed }
    }
}

fn verdict(one: &Measured, other: &Measured, p: Option<f64>) -> Verdict {
    let Some((left, right)) = one.statistics().zip(other.statistics()) else {
        return Verdict::Missing;
    };
    if one.test_digest() != other.test_digest() {
        return Verdict::OtherData;
    }
    let tested = match p {
        Some(p) => Ok(p),
        None => Err(welch(&left, &right).err().unwrap_or(Untested::Few)),
    };
    let sentence = sentence(&left, &right, one.unit(), tested);
    Verdict::Compared { sentence, difference: left.mean - right.mean, p }
}
