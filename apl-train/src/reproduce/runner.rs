//! Does what is missing of a study.

use std::{
    collections::VecDeque,
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    Result,
    device::Compute,
    interrupt::Interrupt,
    reproduce::{
        PlannedRun, State, Study, look,
        progress::Progress,
        threads,
        worker::{Ended, Worker},
    },
    run::OWNED,
};

/// Who does the runs.
#[derive(Debug, Clone)]
pub struct Crew {
    /// This command, which trains one run in a process of its own.
    pub program: PathBuf,
    /// How many processes there are at a time.
    pub jobs: usize,
    /// Threads of each; a fair share of the cores where absent.
    pub threads: Option<usize>,
    /// What they compute on; those of several devices take turns.
    pub device: Compute,
    /// Asks all of them to stop.
    pub interrupt: Interrupt,
    /// Shows no progress.
    pub quiet: bool,
}

/// What became of a study.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Runs that are done, with those done before.
    pub done: usize,
    /// Runs that failed, and why.
    pub failed: Vec<(String, String)>,
    /// Whether it was stopped before everything was tried.
    pub interrupted: bool,
}

impl Outcome {
    /// How the command ends: 75 where it was stopped, 1 where a run failed, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.interrupted { Interrupt::EXIT_CODE } else { u8::from(!self.failed.is_empty()) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs done", self.done)?;
        if !self.failed.is_empty() {
            write!(f, ", {} failed", self.failed.len())?;
        }
        if self.interrupted {
            write!(f, "; stopped: the same command goes on from there")?;
        }
        for (name, why) in &self.failed {
            write!(f, "\n{name}: {why}")?;
        }
        Ok(())
    }
}

/// How often processes are looked after.
const TICK: Duration = Duration::from_millis(50);
/// How often a run that another process has is looked at.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does every run that is not done, some at a time, and goes on past those that fail. Runs that another study has in hand are left to it and looked at
/// again, until they are done or their owner is gone.
///
/// # Errors
/// What the system reports of processes.
pub fn run(study: &Study, runs: &Path, crew: &Crew) -> Result<Outcome> {
    let all = study.runs();
    let (mut before, mut waiting) = (Vec::new(), VecDeque::new());
    for run in &all {
        match look(*run, runs) {
            State::Done(summary) => before.push((*run, summary)),
            _ => waiting.push_back(*run),
        }
    }
    let mut progress = Progress::start(crew.quiet, all.len(), study.rows.len(), before.len());
    before.iter().for_each(|(run, summary)| progress.done_elsewhere(*run, summary));
    let mut crowd = Crowd {
        runs,
        crew,
        devices: crew.device.shared(),
        // More places than runs would only make the shares of the cores smaller.
        slots: (0..crew.jobs.min(waiting.len()).max(1)).map(|_| None).collect(),
        waiting,
        busy: VecDeque::new(),
        progress,
        outcome: Outcome { done: before.len(), ..Outcome::default() },
    };
    let done = crowd.work();
    crowd.progress.finish();
    done.map(|()| crowd.outcome)
}

/// A study under way.
struct Crowd<'a> {
    runs: &'a Path,
    crew: &'a Crew,
    /// What the processes take turns on.
    devices: Vec<Compute>,
    /// A place for each process.
    slots: Vec<Option<(PlannedRun<'a>, Worker)>>,
    waiting: VecDeque<PlannedRun<'a>>,
    /// Runs that were in another process's hands when they were looked at.
    busy: VecDeque<(PlannedRun<'a>, Instant)>,
    progress: Progress<'a>,
    outcome: Outcome,
}

impl<'a> Crowd<'a> {
    fn work(&mut self) -> Result<()> {
        let mut stopping = false;
        loop {
            if self.crew.interrupt.raised() && !stopping {
                stopping = true;
                self.outcome.interrupted = true;
                self.progress.tell("stopping: every run writes a checkpoint");
                self.slots.iter_mut().flatten().for_each(|(_, worker)| worker.ask_to_stop());
            }
            for slot in 0..self.slots.len() {
                self.look_after(slot)?;
                if self.slots[slot].is_none() && !self.crew.interrupt.raised() {
                    self.fill(slot);
                }
            }
            let working = self.slots.iter().any(Option::is_some);
            if !working && (stopping || (self.waiting.is_empty() && self.busy.is_empty())) {
                return Ok(());
            }
            self.progress.tick(self.slots.iter().flatten().map(|(run, _)| *run));
            std::thread::sleep(TICK);
        }
    }

    /// Sees whether the process in a slot has ended.
    fn look_after(&mut self, slot: usize) -> Result<()> {
        let Some((run, worker)) = &mut self.slots[slot] else { return Ok(()) };
        let (run, ended) = (*run, worker.ended()?);
        let Some(ended) = ended else { return Ok(()) };
        self.slots[slot] = None;
        match (ended, look(run, self.runs)) {
            (Ended::Done(said), State::Done(summary)) => {
                self.outcome.done += 1;
                self.progress.done(run, &summary, &said);
            }
            (Ended::Done(_), State::Refused(why)) => self.fail(run, why),
            (Ended::Done(_), _) => {
                self.fail(run, "it ended without a result in its folder".into());
            }
            // A process that is stopped before it listens to signals is killed by one.
            (Ended::Interrupted | Ended::Killed(_), _) if self.crew.interrupt.raised() => {}
            (Ended::Interrupted, _) => {
                self.progress.tell(&format!("{}: was stopped, goes on later", run.name()));
                self.waiting.push_back(run);
            }
            // Another process took it between our look and our start.
            (Ended::Failed(why), _) if why.contains(OWNED) => {
                self.busy.push_back((run, Instant::now()));
            }
            (Ended::Failed(why) | Ended::Killed(why), _) => self.fail(run, why),
        }
        Ok(())
    }

    /// Starts the next run that needs doing.
    fn fill(&mut self, slot: usize) {
        while let Some(run) = self.next() {
            match look(run, self.runs) {
                State::Done(summary) => {
                    self.outcome.done += 1;
                    self.progress.done_elsewhere(run, &summary);
                }
                State::Busy => {
                    self.progress.waits_for(run);
                    self.busy.push_back((run, Instant::now()));
                }
                State::Refused(why) => self.fail(run, why),
                state @ (State::Missing | State::Begun { .. } | State::Failed(_)) => {
                    if let State::Failed(why) = state {
                        self.progress.tell(&format!(
                            "{}: failed before and is tried again ({why})",
                            run.name()
                        ));
                    }
                    let shared = || threads(self.slots.len(), slot);
                    let threads = self.crew.threads.unwrap_or_else(shared);
                    let device = self.devices[slot % self.devices.len()];
                    let program = &self.crew.program;
                    match Worker::start(program, run, self.runs, threads, device) {
                        Ok(worker) => {
                            self.slots[slot] = Some((run, worker));
                            return;
                        }
                        Err(error) => {
                            let program = self.crew.program.display();
                            self.fail(run, format!("{program} cannot be started: {error}"));
                        }
                    }
                }
            }
        }
    }

    /// The next run to look at: one not looked at yet, or one that was busy a while ago.
    fn next(&mut self) -> Option<PlannedRun<'a>> {
        let waiting = self.waiting.pop_front();
        waiting.or_else(|| {
            let patient = self.busy.front().is_some_and(|(_, at)| at.elapsed() >= PATIENCE);
            if patient { self.busy.pop_front().map(|(run, _)| run) } else { None }
        })
    }

    fn fail(&mut self, run: PlannedRun, why: String) {
        self.progress.failed(run, &why);
        self.outcome.failed.push((run.name(), why));
    }
}
