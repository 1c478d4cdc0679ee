//! How far a download is, on standard error.

use std::time::Instant;

use crate::display::Display;

/// Shows the progress of a request's files together.
#[derive(Debug)]
pub(super) struct Bar {
    display: Display,
    repository: String,
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

impl Bar {
    /// Progress towards so many bytes; `quiet` shows nothing.
    pub(super) fn start(quiet: bool, repository: &str, bytes: u64) -> Self {
        let template = "{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} to go";
        let display = Display::start(quiet, bytes, template);
        display.say(&format!("downloading {:.1} MB of {repository}", bytes as f64 / 1e6));
        let (repository, started) = (repository.to_string(), Instant::now());
        Self { display, repository, started, done: 0, reached: 0, bytes, came: 0 }
    }

    /// This file is there up to a byte; `came` if that was downloaded just now.
    pub(super) fn reached(&mut self, byte: u64, came: bool) {
        if came {
            self.came += byte.saturating_sub(self.reached);
        }
        self.reached = byte;
        let line = self.line();
        self.display.at(self.done + byte, || self.repository.clone(), || line);
    }

    /// The next file begins.
    pub(super) fn next(&mut self) {
        self.done += self.reached;
        self.reached = 0;
    }

    /// All files are there, or one cannot be had.
    pub(super) fn finish(&self) {
        self.display.finish();
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
    use std::time::Duration;

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
