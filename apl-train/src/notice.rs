//! What a user is told on standard error while a command works.

use std::io::Write;

/// Prints a line. A terminal that is gone or a disk that is full is no reason to lose a run.
pub fn notice(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
