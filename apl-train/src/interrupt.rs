//! Signals that ask a run to stop: it finishes the step, writes a checkpoint and ends with exit code 75.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::Result;

/// Whether a signal has come.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
    /// How often it may still be asked before it raises itself.
    patience: Option<Arc<AtomicUsize>>,
}

impl Interrupt {
    /// How a command ends whose run was stopped: the same command goes on.
    pub const EXIT_CODE: u8 = 75;

    /// Listens to SIGINT, SIGTERM and, on Unix, USR1. A second SIGINT ends the process at once, as a kill would: the run goes on from its last
    /// checkpoint.
    ///
    /// # Errors
    /// What the system reports.
    pub fn install() -> Result<Self> {
        let interrupt = Self::default();
        let impatient = Arc::new(AtomicBool::new(false));
        let code = i32::from(Self::EXIT_CODE);
        signal_hook::flag::register_conditional_shutdown(SIGINT, code, Arc::clone(&impatient))?;
        signal_hook::flag::register(SIGINT, impatient)?;
        let mut signals = vec![SIGINT, SIGTERM];
        #[cfg(unix)]
        signals.push(signal_hook::consts::SIGUSR1);
        for signal in signals {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.raised))?;
        }
        Ok(interrupt)
    }

    /// One that comes when a run asks for it the `number`-th time, from 1: so a test reaches every place where a run can be stopped.
    pub fn at_question(number: usize) -> Self {
        let patience = Some(Arc::new(AtomicUsize::new(number.saturating_sub(1))));
        Self { patience, ..Self::default() }
    }

    /// Asks the run to stop.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Whether the run is to stop.
    pub fn raised(&self) -> bool {
        if let Some(patience) = &self.patience {
            let asked = |left: usize| left.checked_sub(1);
            if patience.fetch_update(Ordering::Relaxed, Ordering::Relaxed, asked).is_err() {
                self.raise();
            }
        }
        self.raised.load(Ordering::Relaxed)
    }
}
