//! Everything that can go wrong in this crate, each message with the place, what was found and what was expected.

use std::path::{Path, PathBuf};

/// An error of `apl-higgs`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting or an argument is out of its range.
    #[error("{place}: found {found}, expected {expected}")]
    Setting {
        /// The key or the argument, such as `data.validation`.
        place: String,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A file is missing, damaged or laid out in another way.
    #[error("{}: found {found}, expected {expected}\nhint: {hint}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
        /// What to do about it.
        hint: String,
    },
    /// One row of a file cannot be used.
    #[error(
        "{}: {row}{}: found {found}, expected {expected}\nhint: `apl data import --skip-bad` leaves such rows out and counts them",
        path.display(), in_column(column)
    )]
    Row {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        row: RowNumber,
        /// The column's name, or its number where it has none.
        column: Option<String>,
        /// The text that stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// An error of the operating system; the message names the file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A signal asked the work to stop.
    #[error("interrupted")]
    Interrupted,
    /// An error of a tensor, a layer or an operation.
    #[error(transparent)]
    Core(#[from] apl_core::Error),
}

impl Error {
    /// A file that was to be written and could not be.
    pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        Error::File {
            path: path.into(),
            found: format!("that it cannot be written ({error})"),
            expected: "a place with room that can be written".into(),
            hint: "choose another folder".into(),
        }
    }
}

/// Where a row stands in its file: `line 3` of a text, `row 2` of what has no lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowNumber {
    /// The line of a text file, from 1.
    Line(u64),
    /// The row of another file, from 0.
    Row(u64),
}

impl RowNumber {
    /// So many lines or rows further down.
    #[must_use]
    pub fn plus(self, count: u64) -> Self {
        match self {
            RowNumber::Line(line) => RowNumber::Line(line.saturating_add(count)),
            RowNumber::Row(row) => RowNumber::Row(row.saturating_add(count)),
        }
    }
}

impl std::fmt::Display for RowNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            RowNumber::Line(line) => write!(formatter, "line {line}"),
            RowNumber::Row(row) => write!(formatter, "row {row}"),
        }
    }
}

fn in_column(column: &Option<String>) -> String {
    column.as_ref().map_or_else(String::new, |column| format!(", column {column}"))
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
