//! Which events of a file are learned from, which choices are made on, and which the result is from.

use apl_core::random::{Purpose, Streams};
use apl_train::task::Split;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How events are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignment {
    /// The last ones of the file are the test, those before them the validation split: for files in random order, as most are published.
    #[default]
    Tail,
    /// Both are spread evenly over the file, for files that are sorted: in every stretch of 1024 rows their share, at places in steps of a random odd
    /// number from a random start.
    Spread,
}

/// Rows of a stretch.
const STRETCH: usize = 1024;
/// The layer of the random streams: what is held out does not depend on a run's seed.
const LAYER: u32 = 0x48_0003;

/// The splits of a file: where each event of a split stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Splits {
    assignment: Assignment,
    rows: usize,
    validation: usize,
    test: usize,
}

impl Splits {
    /// The splits of `rows` events.
    ///
    /// # Errors
    /// [`Error::Setting`] where nothing is left to train with.
    pub fn new(
        assignment: Assignment,
        rows: usize,
        validation: usize,
        test: usize,
    ) -> Result<Self> {
        if rows <= validation + test {
            return Err(Error::Setting {
                place: "data.validation, data.test".into(),
                found: format!("{validation} and {test} of {rows} events"),
                expected: "some left to train with".into(),
            });
        }
        Ok(Self { assignment, rows, validation, test })
    }

    /// The size of a split.
    pub fn len(&self, split: Split) -> usize {
        match split {
            Split::Train => self.rows - self.validation - self.test,
            Split::Validation => self.validation,
            Split::Test => self.test,
        }
    }

    /// Which rows a split has, in words that never change: equal words, equal rows.
    pub fn describe(&self, split: Split) -> String {
        let Self { assignment, rows, validation, test } = *self;
        match assignment {
            Assignment::Tail => {
                let first = self.row(split, 0);
                format!("rows {first} to {}", first + self.len(split))
            }
            Assignment::Spread => format!(
                "{} of {rows} rows, {validation} and {test} of them held out by stretches of {STRETCH}",
                split.name()
            ),
        }
    }

    /// The row of the file at which an event of a split stands; rows rise with positions, but for the order within a stretch. Positions behind the
    /// end give the last event.
    pub fn row(&self, split: Split, position: usize) -> usize {
        let position = position.min(self.len(split).saturating_sub(1));
        match (self.assignment, split) {
            (Assignment::Tail, Split::Train) => position,
            (Assignment::Tail, Split::Validation) => self.len(Split::Train) + position,
            (Assignment::Tail, Split::Test) => self.rows - self.test + position,
            (Assignment::Spread, _) => self.spread(split, position),
        }
    }

    fn spread(&self, split: Split, position: usize) -> usize {
        // The last stretch that begins at or before the position.
        let (mut low, mut high) = (0, self.rows.div_ceil(STRETCH));
        while high - low > 1 {
            let middle = (low + high) / 2;
            if self.before(split, middle * STRETCH) <= position {
                low = middle;
            } else {
                high = middle;
            }
        }
        let first = low * STRETCH;
        let size = STRETCH.min(self.rows - first);
        let held = |split| self.before(split, first + size) - self.before(split, first);
        // In a stretch the test comes first, then the validation split, then the rest.
        let ahead = match split {
            Split::Test => 0,
            Split::Validation => held(Split::Test),
            Split::Train => held(Split::Test) + held(Split::Validation),
        };
        first + place(low, size, ahead + position - self.before(split, first))
    }

    /// How many events of a split are among the first rows: of the test its share of them, rounded down, of the validation split its share of those
    /// that are left. So none of the three ever falls from one row to the next.
    fn before(&self, split: Split, rows: usize) -> usize {
        let rows = rows.min(self.rows);
        let share = |part: usize, of: usize, whole: usize| {
            (part as u128 * of as u128 / whole as u128) as usize
        };
        let test = share(self.test, rows, self.rows);
        let validation = share(self.validation, rows - test, self.rows - self.test);
        match split {
            Split::Test => test,
            Split::Validation => validation,
            Split::Train => rows - test - validation,
        }
    }
}

/// Where the `index`-th place of a stretch is: `(start + index * step) mod size`.
fn place(stretch: usize, size: usize, index: usize) -> usize {
    let mut random = Streams::new(0).stream(Purpose::Sample, LAYER, stretch as u64);
    let start = random.below(size as u32) as usize;
    let step = loop {
        let step = random.below(size as u32) as usize | 1;
        if coprime(step, size) {
            break step;
        }
    };
    (start + index * step) % size
}

fn coprime(mut a: usize, mut b: usize) -> bool {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_is_in_one_split(rows in 3usize..5000, test in 1usize..600, validation in 1usize..600, spread: bool) {
            prop_assume!(test + validation < rows);
            let assignment = if spread { Assignment::Spread } else { Assignment::Tail };
            let splits = Splits::new(assignment, rows, validation, test).unwrap();
            let mut seen = BTreeSet::new();
            for split in Split::ALL {
                for position in 0..splits.len(split) {
                    prop_assert!(seen.insert(splits.row(split, position)), "{split:?} {position}");
                }
            }
            prop_assert_eq!((seen.len(), seen.last()), (rows, Some(&(rows - 1))));
        }
    }

    #[test]
    fn the_tail_is_held_out() {
        let splits = Splits::new(Assignment::Tail, 100, 20, 10).unwrap();
        let first = |split| splits.row(split, 0);
        assert_eq!(Split::ALL.map(first), [0, 70, 90]);
        assert_eq!(splits.row(Split::Test, 9), 99);
    }

    /// A file whose first half is one class and whose second the other.
    #[test]
    fn a_sorted_file_is_spread_evenly() {
        let splits = Splits::new(Assignment::Spread, 40_000, 4000, 8000).unwrap();
        for split in Split::ALL {
            let n = splits.len(split);
            let early = (0..n).filter(|&i| splits.row(split, i) < 20_000).count();
            assert!((early as f64 / n as f64 - 0.5).abs() < 0.01, "{split:?}: {early} of {n}");
            // Neighbours in a split are neighbours in the file.
            let far = (1..n).map(|i| splits.row(split, i).abs_diff(splits.row(split, i - 1)));
            assert!(far.max().unwrap() < 3 * STRETCH);
        }
    }

    #[test]
    fn nothing_left_to_train_with_is_refused() {
        let error = Splits::new(Assignment::Tail, 30, 10, 20).unwrap_err().to_string();
        assert!(error.starts_with("data.validation, data.test: found 10 and 20 of 30"), "{error}");
    }
}
