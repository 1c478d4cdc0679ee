//! Long work on events, shown and interrupted.

use apl_train::{display::Display, interrupt::Interrupt};

use crate::{Error, Result, data::Progress};

/// Does work that tells of its progress, shows that on standard error unless `quiet`, and ends it where the interrupt comes. `doing` is what it does,
/// such as `importing`.
///
/// # Errors
/// Those of the work; [`Error::Interrupted`].
pub fn watch<T>(
    doing: &str,
    quiet: bool,
    interrupt: &Interrupt,
    work: impl FnOnce(&mut dyn FnMut(Progress) -> Result<()>) -> Result<T>,
) -> apl_train::Result<T> {
    const WHOLE: f64 = 1000.0;
    // Nothing is shown of what is done at once.
    let mut display: Option<Display> = None;
    let done = work(&mut |Progress { rows, share }| {
        if interrupt.raised() {
            return Err(Error::Interrupted);
        }
        let start = || Display::start(quiet, WHOLE as u64, "{bar:30} {msg}, {eta} to go");
        let line = || format!("{doing}: {rows} events, {:.0} %", 100.0 * share);
        display.get_or_insert_with(start).at((WHOLE * share) as u64, line, line);
        Ok(())
    });
    if let Some(display) = display {
        display.finish();
    }
    Ok(done?)
}
