//! Everything that can go wrong in a measurement.

/// An error of `apl-bench`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument that cannot be used, or something it needs that is not installed. The command exits with 2.
    #[error("{place}: {problem}\nhint: {hint}")]
    Usage {
        /// The argument.
        place: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A process that was to do training steps did not.
    #[error("{process}: {problem}")]
    Process {
        /// Which one, such as `pytorch cnn-apl compile`.
        process: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// An error of a layer or an operation.
    #[error(transparent)]
    Core(#[from] apl_core::Error),
    /// An error of the optimiser.
    #[error(transparent)]
    Train(#[from] apl_train::Error),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Error {
    /// 2 for bad usage, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Error::Usage { .. }) { 2 } else { 1 }
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Error::Core(error.into())
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
