//! Rows of a source on their way into the event file.

use std::path::Path;

use super::{
    cell::Cell,
    columns::{Plan, Role},
};
use crate::{Error, RowNumber};

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bad {
    /// The column, unless it is the row as a whole.
    column: Option<usize>,
    found: String,
    expected: String,
}

impl Bad {
    /// A row that is wrong as a whole.
    pub(super) fn row(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { column: None, found: found.into(), expected: expected.into() }
    }

    /// The error of this row.
    pub(super) fn error(&self, path: &Path, row: RowNumber, plan: &Plan) -> Error {
        Error::Row {
            path: path.into(),
            row,
            column: self.column.and_then(|column| plan.columns.get(column).cloned()),
            found: self.found.clone(),
            expected: self.expected.clone(),
        }
    }
}

/// Consecutive rows of a source, those that can be used, and the first that cannot.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// `[rows, F]`.
    pub(super) features: Vec<f32>,
    /// `[rows]`.
    pub(super) labels: Vec<u8>,
    /// `[rows]`, where there are weights.
    pub(super) weights: Vec<f32>,
    /// How many rows were bad.
    pub(super) bad: u64,
    /// The first bad row, counted from the first of these rows.
    pub(super) first_bad: Option<(u64, Bad)>,
}

impl Rows {
    /// With room for so many rows.
    pub(super) fn with_room(rows: usize, plan: &Plan) -> Self {
        Self {
            features: Vec::with_capacity(rows * plan.features.len()),
            labels: Vec::with_capacity(rows),
            weights: Vec::with_capacity(if plan.weights { rows } else { 0 }),
            bad: 0,
            first_bad: None,
        }
    }

    /// Adds row number `row` of these rows, whose cells stand in the order of the plan's columns; they are taken to the last one. Tells whether to go
    /// on: a bad row is left out or, unless the plan skips bad rows, the end.
    pub(super) fn push<'a>(
        &mut self,
        plan: &Plan,
        row: u64,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> bool {
        match self.cells(plan, cells) {
            Ok(()) => true,
            Err(bad) => self.leave_out(plan, row, bad),
        }
    }

    /// Counts a bad row. Tells whether to go on.
    pub(super) fn leave_out(&mut self, plan: &Plan, row: u64, bad: Bad) -> bool {
        self.bad += 1;
        self.first_bad.get_or_insert((row, bad));
        plan.skip_bad
    }

    fn cells<'a>(&mut self, plan: &Plan, cells: impl Iterator<Item = Cell<'a>>) -> Result<(), Bad> {
        let start = self.features.len();
        self.features.resize(start + plan.features.len(), 0.0);
        let (mut label, mut weight) = (0, 0.0);
        let (mut count, mut wrong) = (0, None);
        for (column, cell) in cells.enumerate() {
            count = column + 1;
            let taken = match plan.roles.get(column) {
                Some(Role::Feature(feature)) => {
                    cell.feature(plan.missing).map(|value| self.features[start + feature] = value)
                }
                Some(Role::Label) => cell.label().map(|value| label = value),
                Some(Role::Weight) => cell.weight().map(|value| weight = value),
                Some(Role::None) | None => Ok(()),
            };
            if let Err((found, expected)) = taken
                && wrong.is_none()
            {
                wrong = Some(Bad { column: Some(column), found, expected });
            }
        }
        if count != plan.roles.len() {
            let fields = |count| format!("{count} field{}", if count == 1 { "" } else { "s" });
            wrong = Some(Bad::row(fields(count), plan.roles.len().to_string()));
        }
        if let Some(bad) = wrong {
            self.features.truncate(start);
            return Err(bad);
        }
        self.labels.push(label);
        if plan.weights {
            self.weights.push(weight);
        }
        Ok(())
    }
}
