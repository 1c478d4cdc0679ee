//! What a table of rows came to: every row's scores, and the differences that the table claims.

mod difference;
mod markdown;
mod measured;

use std::path::Path;

use apl_train::table::{Record, RecordRow};

pub use difference::{Difference, Verdict};
pub use measured::Measured;

use crate::statistics::Family;

/// A table with its results. Its [`Display`](std::fmt::Display) is Markdown: the same runs give the same bytes.
#[derive(Debug, Clone)]
pub struct Results {
    record: Record,
    /// A result for each row of the record; `None` for constants.
    measured: Vec<Option<Measured>>,
    /// The contrasts of the record, in its order, of rows that are there.
    differences: Vec<Difference>,
    family: Family,
}

impl Results {
    /// Reads the runs of a table. `folder` is where the record belongs, the folder of its scale; runs that are missing or not done are missing in
    /// the results too.
    pub fn read(record: &Record, folder: &Path) -> Self {
        let measured: Vec<Option<Measured>> =
            record.rows.iter().map(|row| Measured::read(row, folder)).collect();
        let place = |id: &str| record.rows.iter().position(|row| row.id == id);
        let contrasts: Vec<Option<[usize; 2]>> = record
            .contrasts
            .iter()
            .map(|[one, other]| Some([place(one)?, place(other)?]))
            .collect();
        let tests = contrasts.iter().map(|contrast| {
            let [one, other] = contrast.map(|pair| pair.map(|row| measured[row].as_ref()))?;
            difference::test(one?, other?).ok()
        });
        let family = Family::holm(&tests.collect::<Vec<_>>());
        let differences = contrasts.iter().zip(&family.adjusted).filter_map(|(contrast, &p)| {
            let rows = (*contrast)?;
            let [one, other] = rows.map(|row| measured[row].as_ref());
            Some(Difference::of(rows, [one?, other?], p))
        });
        let differences = differences.collect();
        Self { record: record.clone(), measured, differences, family }
    }

    /// The differences that the table claims, of rows that are there.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Whether every row has all its seeds.
    pub fn complete(&self) -> bool {
        self.measured.iter().flatten().all(|row| row.problems.is_empty())
    }

    /// What a row came to; `None` for a constant and for an id there is not.
    pub fn row(&self, id: &str) -> Option<&Measured> {
        let place = self.record.rows.iter().position(|row| row.id == id)?;
        self.measured[place].as_ref()
    }

    /// The sections in order; one without a name where rows have none.
    fn sections(&self) -> Vec<Option<&str>> {
        self.distinct(|row| row.section.as_deref())
    }

    /// The columns in order; one without a name where rows have none.
    fn columns(&self) -> Vec<Option<&str>> {
        self.distinct(|row| row.column.as_deref())
    }

    fn distinct<'a>(
        &'a self,
        of: impl Fn(&'a RecordRow) -> Option<&'a str>,
    ) -> Vec<Option<&'a str>> {
        let mut distinct = Vec::new();
        for found in self.record.rows.iter().map(of) {
            if !distinct.contains(&found) {
                distinct.push(found);
            }
        }
        distinct
    }
}
