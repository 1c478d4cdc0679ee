//! What a table of rows came to: every row's scores, and the differences that the table claims.

mod cells;
mod claims;
mod csv;
mod difference;
mod document;
mod examples;
mod measured;
mod notes;

use std::path::Path;

use apl_train::table::{Record, RecordRow};

pub use difference::{Difference, Verdict};
pub use document::Claims;
pub use examples::Examples;
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
        // A contrast of rows that were left out stays in the family, without a test.
        let pairs: Vec<_> = record
            .contrasts
            .iter()
            .map(|[one, other]| {
                let rows = [place(one)?, place(other)?];
                let sides = [measured[rows[0]].as_ref()?, measured[rows[1]].as_ref()?];
                Some((rows, sides, difference::pair(sides[0], sides[1])))
            })
            .collect();
        let tested =
            pairs.iter().map(|pair| pair.as_ref()?.2.as_ref().ok()?.test.ok().map(|test| test.p));
        let family = Family::holm(&tested.collect::<Vec<_>>());
        let differences =
            pairs.into_iter().zip(&family.adjusted).filter_map(|(pair, &adjusted)| {
                let (rows, sides, pair) = pair?;
                Some(Difference::of(rows, sides, pair, adjusted))
            });
        let differences = differences.collect();
        Self { record: record.clone(), measured, differences, family }
    }

    /// The differences that the table claims, of rows that are there.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// The planned difference of two rows, by their ids.
    pub fn difference(&self, rows: [&str; 2]) -> Option<&Difference> {
        let ids =
            |difference: &Difference| difference.rows.map(|row| self.record.rows[row].id.as_str());
        self.differences.iter().find(|difference| ids(difference) == rows)
    }

    /// What the table shows.
    pub fn title(&self) -> &str {
        &self.record.title
    }

    /// The scale of its runs.
    pub fn scale(&self) -> &str {
        &self.record.scale
    }

    /// What its rows call their runs: the runs' name, and the row's. Rows of further scores and ensembles name nothing.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, String)> {
        self.named().filter_map(|row| Some((row.run.as_deref()?, row.name())))
    }

    /// The section of one of the [`names`](Self::names), by its place.
    pub(crate) fn section_of(&self, place: usize) -> Option<&str> {
        self.named().nth(place)?.section.as_deref()
    }

    fn named(&self) -> impl Iterator<Item = &RecordRow> {
        let rows = self.record.rows.iter();
        rows.filter(|row| row.run.is_some() && row.score.is_none() && !row.ensemble)
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
