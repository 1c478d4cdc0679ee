//! Where progress is shown, on standard error: a bar on a terminal, a plain line every half minute elsewhere, or nowhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::notice::notice;

/// A bar, lines or nothing.
#[derive(Debug)]
pub struct Display(Kind);

#[derive(Debug)]
enum Kind {
    Bar(ProgressBar),
    Lines { last: Instant },
    Nothing,
}

const EVERY: Duration = Duration::from_secs(30);

impl Display {
    /// Progress towards `length`; `template` is the bar's, in indicatif's words. `quiet` shows nothing.
    pub fn start(quiet: bool, length: u64, template: &str) -> Self {
        Self(if quiet {
            Kind::Nothing
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(length);
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            // Elapsed times go on where nothing else does.
            bar.enable_steady_tick(Duration::from_secs(1));
            Kind::Bar(bar)
        } else {
            Kind::Lines { last: Instant::now() }
        })
    }

    /// Moves the bar and gives it a message, or says a line where half a minute has passed since the last.
    pub fn at(
        &mut self,
        position: u64,
        message: impl FnOnce() -> String,
        line: impl FnOnce() -> String,
    ) {
        match &mut self.0 {
            Kind::Bar(bar) => {
                bar.set_position(position);
                bar.set_message(message());
            }
            Kind::Lines { last } if last.elapsed() >= EVERY => {
                *last = Instant::now();
                notice(&line());
            }
            Kind::Lines { .. } | Kind::Nothing => {}
        }
    }

    /// A line for the reader.
    pub fn say(&self, line: &str) {
        match &self.0 {
            Kind::Bar(bar) => bar.suspend(|| notice(line)),
            Kind::Lines { .. } => notice(line),
            Kind::Nothing => {}
        }
    }

    /// A line that the reader needs even where nothing else is shown.
    pub fn tell(&self, line: &str) {
        match &self.0 {
            Kind::Bar(bar) => bar.suspend(|| notice(line)),
            Kind::Lines { .. } | Kind::Nothing => notice(line),
        }
    }

    /// It is over.
    pub fn finish(&self) {
        if let Kind::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
