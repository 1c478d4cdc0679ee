//! Everything that can go wrong in training and in run directories, each message with its place, what was found, what was expected and a hint.

use std::path::{Path, PathBuf};

use crate::interrupt::Interrupt;

/// An error of `apl-train`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configuration, an argument or an override that cannot be used. The command exits with 2.
    #[error("{place}: {problem}{}", hint_line(.hint))]
    Usage {
        /// The file, the key or the argument.
        place: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file or folder of a run that cannot be used.
    #[error("{}: {problem}{}", .path.display(), hint_line(.hint))]
    Run {
        /// The file or folder.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The loss or a value in the network is no longer a number, or is far too large.
    #[error(
        "step {step}: training diverged: {what}, first in layer {layer}; {checkpoint}\nhint: lower optimizer.rates or activation.slopes.init"
    )]
    Diverged {
        /// The step at which it was noticed.
        step: u64,
        /// The loss or the value.
        what: String,
        /// The first layer whose output is not finite, or `loss`.
        layer: String,
        /// The last good checkpoint, in words.
        checkpoint: String,
    },
    /// Data that the Hugging Face hub or its cache lacks or refuses.
    #[error("{place}: {problem}\nhint: {hint}")]
    Hub {
        /// The hub's host, or the file or folder of the cache.
        place: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A signal came before there was a run that could be checkpointed. The command exits with 75.
    #[error("interrupted {what}; the same command goes on from there")]
    Interrupted {
        /// What was under way, and how far it had come.
        what: String,
    },
    /// What a task's own data or network reports.
    #[error(transparent)]
    Task(Box<dyn std::error::Error + Send + Sync>),
    /// An error of a layer or an operation.
    #[error(transparent)]
    Core(#[from] apl_core::Error),
    /// Reading or writing failed; the message names the file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Error {
    /// A [`Usage`](Error::Usage) error without a hint.
    pub fn usage(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Usage { place: place.into(), problem: problem.into(), hint: None }
    }

    /// A [`Run`](Error::Run) error without a hint.
    pub fn run(path: &Path, problem: impl Into<String>) -> Self {
        Error::Run { path: path.to_path_buf(), problem: problem.into(), hint: None }
    }

    /// The same error with a hint, where it can carry one.
    pub fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Error::Usage { hint, .. } | Error::Run { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// The exit code of the command: 2 for bad usage or configuration, 75 where the same command goes on, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage { .. } => 2,
            Error::Interrupted { .. } => Interrupt::EXIT_CODE,
            _ => 1,
        }
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Error::Core(error.into())
    }
}

fn hint_line(hint: &Option<String>) -> String {
    hint.as_ref().map_or_else(String::new, |hint| format!("\nhint: {hint}"))
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
