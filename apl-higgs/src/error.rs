//! Everything that can go wrong in this crate, each message with the place, what was found and what was expected.

use std::path::PathBuf;

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
    #[error("{}: line {line}{}: found {found}, expected {expected}", path.display(), in_column(column))]
    Row {
        /// The file.
        path: PathBuf,
        /// The line of a text file, from 1; the row of another, from 0.
        line: u64,
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
    /// An error of a tensor, a layer or an operation.
    #[error(transparent)]
    Core(#[from] apl_core::Error),
}

fn in_column(column: &Option<String>) -> String {
    column.as_ref().map_or_else(String::new, |column| format!(", column {column}"))
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
