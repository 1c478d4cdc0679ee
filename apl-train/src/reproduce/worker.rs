//! A run in a process of its own.

use std::{
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
};

use crate::{Result, device::Compute, interrupt::Interrupt, reproduce::PlannedRun};

/// A process that trains one run.
pub struct Worker {
    child: Child,
    /// Reads what it says, so that it never waits for a reader.
    said: Option<JoinHandle<String>>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The run is done; warnings on the way.
    Done(String),
    /// A signal stopped it; it can go on.
    Interrupted,
    /// A signal ended it at once; in words.
    Killed(String),
    /// It failed, and what it said.
    Failed(String),
}

impl Worker {
    /// Starts `apl train` on a run: `program` is this command.
    ///
    /// # Errors
    /// A program that cannot be started.
    pub fn start(
        program: &Path,
        run: PlannedRun,
        runs: &Path,
        threads: usize,
        device: Compute,
    ) -> Result<Self> {
        let document = run.document();
        let mut command = Command::new(program);
        command.arg("train").arg(document.path());
        for change in document.overrides() {
            command.arg("--set").arg(format!("{}={}", change.key, change.value));
        }
        command.arg("--runs").arg(runs).arg("--threads").arg(threads.to_string());
        command.arg("--device").arg(device.to_string()).arg("--no-progress");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let said = child.stderr.take().map(|mut stream| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                // What could be read until it broke off is all there is to tell.
                let _ = stream.read_to_end(&mut said);
                String::from_utf8_lossy(&said).trim().to_string()
            })
        });
        Ok(Self { child, said })
    }

    /// How it ended, once it has.
    ///
    /// # Errors
    /// What the system reports.
    pub fn ended(&mut self) -> Result<Option<Ended>> {
        let Some(status) = self.child.try_wait()? else { return Ok(None) };
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        Ok(Some(match status.code() {
            Some(0) => Ended::Done(said),
            Some(code) if code == i32::from(Interrupt::EXIT_CODE) => Ended::Interrupted,
            None => Ended::Killed(in_words(status)),
            _ if said.is_empty() => Ended::Failed(in_words(status)),
            // Warnings may come before the error.
            _ => Ended::Failed(said.rsplit("error: ").next().unwrap_or(&said).to_string()),
        }))
    }

    /// Asks it to write a checkpoint and end.
    pub fn ask_to_stop(&mut self) {
        #[cfg(unix)]
        {
            // A process that has ended needs no asking.
            let pid = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        #[cfg(not(unix))]
        {
            let _ = self.child.kill();
        }
    }
}

impl Drop for Worker {
    /// A study that ends early leaves nothing behind that computes.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.ask_to_stop();
        }
    }
}

/// Why a process ended that said nothing.
fn in_words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let hint = "perhaps there was not enough memory; try fewer --jobs";
        return format!("ended by signal {signal}\nhint: {hint}");
    }
    status.to_string()
}
