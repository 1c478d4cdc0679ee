//! Waiting: for an answer, between two tries, for another process. A signal ends every wait at once.

use std::{
    fs::{File, OpenOptions, TryLockError},
    future::Future,
    path::Path,
    pin::pin,
    time::{Duration, Instant},
};

use super::{
    Patience, Settings,
    keep::in_new_folder,
    trouble::{Subject, Trouble},
};
use crate::{Error, Result, notice::notice};

/// How often a wait looks whether a signal came.
const TICK: Duration = Duration::from_millis(50);

/// Waits for something at most so long.
pub(super) async fn wait_for<T>(
    work: impl Future<Output = T>,
    longest: Duration,
    settings: &Settings,
) -> std::result::Result<T, Trouble> {
    let mut work = pin!(work);
    let started = Instant::now();
    loop {
        if settings.interrupt.raised() {
            return Err(Trouble::Interrupted);
        }
        let left = longest.saturating_sub(started.elapsed());
        if let Ok(done) = tokio::time::timeout(TICK.min(left), work.as_mut()).await {
            return Ok(done);
        }
        if started.elapsed() >= longest {
            let seconds = longest.as_secs_f64();
            return Err(Trouble::Unreachable(format!("silent for {seconds} s")));
        }
    }
}

impl Patience {
    /// The wait after the `failed`-th try in a row, from 1.
    fn pause(&self, failed: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failed.saturating_sub(1).min(20));
        // Multiples of the golden ratio are spread evenly over 0 to 1 whatever their number.
        let jitter = (f64::from(failed) * 0.618_033_988_749_895).fract();
        doubled.min(self.longest).mul_f64(0.5 + 0.5 * jitter)
    }
}

/// The tries of one thing.
#[derive(Debug)]
pub(super) struct Tries<'a> {
    subject: Subject<'a>,
    started: Instant,
    /// All of them.
    tries: u32,
    /// Those that failed since something came.
    failed: u32,
}

impl<'a> Tries<'a> {
    pub(super) fn new(subject: Subject<'a>) -> Self {
        Self { subject, started: Instant::now(), tries: 0, failed: 0 }
    }

    /// Something came: the next failure is the first again.
    pub(super) fn came(&mut self) {
        self.failed = 0;
    }

    /// After a try that failed: waits until the next, or says why there is none.
    pub(super) async fn failed(&mut self, trouble: Trouble) -> Result<()> {
        let settings = self.subject.settings;
        let patience = settings.patience;
        self.tries += 1;
        self.failed += 1;
        let pause = patience.pause(self.failed);
        let asked = match &trouble {
            Trouble::Busy { after: Some(after), .. } => *after,
            _ => Duration::ZERO,
        };
        if !trouble.may_pass() || self.failed >= patience.tries || asked > patience.asked {
            return Err(self.subject.error(trouble, self.tries, self.started.elapsed()));
        }
        let pause = pause.max(asked);
        if !settings.quiet {
            let why = match &trouble {
                Trouble::Unreachable(why) => why.clone(),
                Trouble::Busy { status, .. } => format!("answer {status}"),
                _ => "a part refused".into(),
            };
            let (name, seconds) = (self.subject.name(), pause.as_secs_f64());
            let (next, of) = (self.failed + 1, patience.tries);
            notice(&format!("{name}: {why}; try {next} of {of} in {seconds:.1} s"));
        }
        let slept = wait_for(tokio::time::sleep(pause), Duration::MAX, settings).await;
        slept.map_err(|trouble| self.subject.error(trouble, self.tries, self.started.elapsed()))
    }
}

/// A lock between processes and threads, held while it lives. `None` where the file system has no locks: then two may download the same, and the
/// digest tells whether they got in each other's way.
pub(super) async fn lock(path: &Path, subject: Subject<'_>) -> Result<Option<File>> {
    let settings = subject.settings;
    let file = in_new_folder(path, || {
        let options = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        options.map_err(Error::from)
    })?;
    let mut told = settings.quiet;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if settings.interrupt.raised() => {
                return Err(subject.error(Trouble::Interrupted, 1, Duration::ZERO));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !told {
            notice(&format!("{}: another process downloads it; waiting", subject.name()));
            told = true;
        }
        tokio::time::sleep(TICK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_never_vary() {
        let patience = Patience {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            ..Patience::default()
        };
        let pauses: Vec<f64> = (1..40).map(|n| patience.pause(n).as_secs_f64()).collect();
        for (n, &pause) in (1u32..).zip(&pauses) {
            let whole = f64::from(1 << (n - 1).min(20)).min(10.0);
            assert!(pause >= 0.5 * whole && pause < whole, "{n}: {pause}");
        }
        let factor = |n: f64| 0.5 + 0.5 * (n * 0.618_033_988_749_895).fract();
        assert!((pauses[0] - factor(1.0)).abs() < 1e-9);
        assert!((pauses[1] - 2.0 * factor(2.0)).abs() < 1e-9);
        assert_eq!(patience.pause(u32::MAX), patience.pause(u32::MAX));
    }
}
