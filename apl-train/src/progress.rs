//! How far a run is, on standard error.

use std::time::Instant;

use crate::{
    display::Display,
    run::{Measure, metrics::Evaluation},
};

/// Shows the progress of runs.
#[derive(Debug)]
pub struct Progress {
    display: Display,
    started: Instant,
    /// Seconds in steps since the start.
    training: f64,
    first: u64,
    step: u64,
    steps: u64,
    batch: usize,
    measure: Measure,
}

impl Progress {
    /// Progress of a run that stands at `step` of `steps`; `quiet` shows nothing.
    pub fn start(quiet: bool, step: u64, steps: u64, batch: usize, measure: Measure) -> Self {
        let template = "{bar:30} {pos}/{len} steps, {elapsed} gone, {eta} to go, {msg}";
        let mut display = Display::start(quiet, steps, template);
        display.at(step, String::new, String::new);
        let started = Instant::now();
        Self { display, started, training: 0.0, first: step, step, steps, batch, measure }
    }

    /// A step was done in so many seconds; `means` are the training loss and score since the last evaluation.
    pub fn step(&mut self, step: u64, seconds: f64, means: Option<(f64, Option<f64>)>) {
        self.step = step;
        self.training += seconds;
        let (started, first, steps) = (self.started, self.first, self.steps);
        let message = self.message(means);
        let line = || {
            let done = (step - first).max(1) as f64;
            let left = started.elapsed().as_secs_f64() / done * (steps - step) as f64;
            format!("step {step}/{steps}, {} to go, {message}", minutes(left))
        };
        self.display.at(step, || message.clone(), line);
    }

    /// Splits were evaluated.
    pub fn evaluated(&self, lines: &[Evaluation]) {
        let Some(first) = lines.first() else { return };
        let parts: Vec<String> = lines
            .iter()
            .map(|line| format!("{} loss {:.4}{}", line.split, line.loss, self.score(line.score)))
            .collect();
        self.say(&format!("epoch {:.1}: {}", first.epoch, parts.join("; ")));
    }

    /// A line for the reader.
    pub fn say(&self, line: &str) {
        self.display.say(line);
    }

    /// The run is over.
    pub fn finish(&self) {
        self.display.finish();
    }

    fn message(&self, means: Option<(f64, Option<f64>)>) -> String {
        let examples = (self.step - self.first) as f64 * self.batch as f64;
        let speed = examples / self.training.max(1e-9);
        means.map_or_else(String::new, |(loss, score)| {
            format!("{speed:.0} examples/s, loss {loss:.4}{}", self.score(score))
        })
    }

    /// `, error 22.64 %`, where there is a score.
    fn score(&self, score: Option<f64>) -> String {
        score.map_or_else(String::new, |score| format!(", {}", self.measure.show(score)))
    }
}

/// `75 s`, `12 min`, `3.4 h`.
pub fn minutes(seconds: f64) -> String {
    if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else if seconds < 6000.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}
