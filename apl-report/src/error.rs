//! Everything that can go wrong in a report; what is wrong with a single run is on the page instead.

use std::path::PathBuf;

/// An error of `apl-report`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to report on.
    #[error("no run directory to report on\nhint: train one with `apl train CONFIG`")]
    NoRuns,
    /// A run without what a figure shows.
    #[error("{}: {problem}", .path.display())]
    Missing {
        /// The run directory.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
    /// A file of a run directory that cannot be read.
    #[error(transparent)]
    Run(#[from] apl_train::Error),
    /// The page's template.
    #[error("the page cannot be rendered: {0}")]
    Template(#[from] minijinja::Error),
    /// A table as comma-separated values.
    #[error("a table cannot be written: {0}")]
    Csv(#[from] csv::Error),
    /// A figure as PNG.
    #[error("a figure cannot be drawn: {problem}")]
    Picture {
        /// Why.
        problem: String,
    },
    /// Writing failed; the message names the file or folder.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
