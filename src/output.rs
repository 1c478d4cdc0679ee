//! What goes to standard output, and how a command ends.

use std::{
    fmt,
    io::{ErrorKind, IsTerminal, Write},
};

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Training, data or a run directory.
    Train(apl_train::Error),
    /// The report.
    Report(apl_report::Error),
    /// The measurement of speed.
    Bench(apl_bench::Error),
}

impl Failure {
    /// 1, or 2 where the command was used wrongly.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Train(error) => error.exit_code(),
            Failure::Report(_) => 1,
            Failure::Bench(error) => error.exit_code(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Train(error) => error.fmt(f),
            Failure::Report(error) => error.fmt(f),
            Failure::Bench(error) => error.fmt(f),
        }
    }
}

impl From<apl_train::Error> for Failure {
    fn from(error: apl_train::Error) -> Self {
        Failure::Train(error)
    }
}

impl From<apl_report::Error> for Failure {
    fn from(error: apl_report::Error) -> Self {
        Failure::Report(error)
    }
}

impl From<apl_bench::Error> for Failure {
    fn from(error: apl_bench::Error) -> Self {
        Failure::Bench(error)
    }
}

/// How many columns standard output shows; `None` where it is no terminal.
pub fn columns() -> Option<u16> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    // A terminal that does not tell has 80 columns more often than not.
    Some(terminal_size::terminal_size().map_or(80, |(terminal_size::Width(columns), _)| columns))
}

/// Prints text; a reader that has gone away is no error.
pub fn print(text: &str) -> apl_train::Result<()> {
    let mut out = std::io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints one JSON document.
pub fn print_json(value: &impl serde::Serialize) -> apl_train::Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    print(&text)
}
