//! Everything that can go wrong in this crate, each message with the place, what was found and what was expected.

use std::path::PathBuf;

/// An error of `apl-vision`.
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
    /// A folder or a file is missing, damaged or laid out in another way.
    #[error("{}: found {found}, expected {expected}\nhint: {hint}", path.display())]
    File {
        /// The folder or the file.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
        /// What to do about it.
        hint: String,
    },
    /// One row of a file cannot be used.
    #[error("{}: row {row}: found {found}, expected {expected}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The row's number in the file, from 0.
        row: usize,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// An error of the operating system; the message names the file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The hub's cache cannot be used.
    #[error(transparent)]
    Hub(Box<apl_train::Error>),
    /// An error of a tensor, a layer or an operation.
    #[error(transparent)]
    Core(#[from] apl_core::Error),
}

impl Error {
    /// A file that was to be written and could not be.
    pub(crate) fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Error::File {
            path: path.into(),
            found: format!("that it cannot be written ({error})"),
            expected: "a place with room that can be written".into(),
            hint: "choose another folder".into(),
        }
    }
}

impl From<apl_train::Error> for Error {
    fn from(error: apl_train::Error) -> Self {
        Error::Hub(Box::new(error))
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong in a place that the caller knows: found, expected.
pub(crate) type Wrong = (String, String);
