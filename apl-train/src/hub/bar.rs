//! How far a download is, on standard error: a bar on a terminal, a plain line every half minute elsewhere, or nothing.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::notice::notice;

/// Shows the progress of a request's files together.
#[derive(Debug)]
pub(super) struct Bar {
    show: Show,
    started: Instant,
    /// Of the files before this one.
    done: u64,
    /// Of this file.
    reached: u64,
    /// Of all files.
    bytes: u64,
    /// What came since the start, as against what was there.
    came: u64,
}

#[derive(Debug)]
enum Show {
    Bar(ProgressBar),
    Lines { last: Instant },
    Nothing,
}

const EVERY: Duration = Duration::from_secs(30);

impl Bar {
    /// Progress towards so many bytes; `quiet` shows nothing.
    pub(super) fn start(quiet: bool, repository: &str, bytes: u64) -> Self {
        let show = if quiet {
            Show::Nothing
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(bytes).with_message(repository.to_string());
            let template = "{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} to go";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            Show::Bar(bar)
        } else {
            let megabytes = bytes as f64 / 1e6;
            notice(&format!("downloading {megabytes:.1} MB of {repository}"));
            Show::Lines { last: Instant::now() }
        };
        Self { show, started: Instant::now(), done: 0, reached: 0, bytes, came: 0 }
    }

    /// This file is there up to a byte; `came` if that was downloaded just now.
    pub(super) fn reached(&mut self, byte: u64, came: bool) {
        if came {
            self.came += byte.saturating_sub(self.reached);
        }
        self.reached = byte;
        match &self.show {
            Show::Bar(bar) => bar.set_position(self.done + byte),
            Show::Lines { last } if last.elapsed() >= EVERY => {
                notice(&self.line());
                self.show = Show::Lines { last: Instant::now() };
            }
            Show::Lines { .. } | Show::Nothing => {}
        }
    }

    /// The next file begins.
    pub(super) fn next(&mut self) {
        self.done += self.reached;
        self.reached = 0;
    }

    /// All files are there, or one cannot be had.
    pub(super) fn finish(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }

    /// Bytes, rate and time to go.
    fn line(&self) -> String {
        let at = self.done + self.reached;
        let rate = self.came as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        let left = self.bytes.saturating_sub(at) as f64 / rate.max(1.0);
        format!(
            "{:.1} of {:.1} MB, {:.2} MB/s, {left:.0} s to go",
            at as f64 / 1e6,
            self.bytes as f64 / 1e6,
            rate / 1e6
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_does_not_count_as_speed() {
        let mut bar = Bar::start(true, "a/b", 4_000_000);
        bar.reached(1_000_000, false);
        bar.next();
        bar.reached(500_000, false);
        bar.reached(1_500_000, true);
        assert_eq!((bar.done, bar.reached, bar.came), (1_000_000, 1_500_000, 1_000_000));
        bar.started = Instant::now() - Duration::from_secs(10);
        let line = bar.line();
        assert!(line.starts_with("2.5 of 4.0 MB, 0.10 MB/s, 15 s to go"), "{line}");
    }
}
