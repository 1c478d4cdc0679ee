//! How far a study is, on standard error: every run and row as it completes, and how much is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use crate::{
    display::Display,
    progress::minutes,
    reproduce::PlannedRun,
    run::{Score, Summary},
};

/// Shows the progress of a study.
pub struct Progress<'a> {
    display: Display,
    started: Instant,
    total: usize,
    done: usize,
    failed: usize,
    /// Runs done in this sitting.
    here: usize,
    /// Scores of rows, seed by seed.
    scores: BTreeMap<&'a str, BTreeMap<u32, Score>>,
    /// Rows whose runs are all done, of so many.
    complete: usize,
    rows: usize,
    /// Runs that others have in hand, said once.
    told: BTreeSet<String>,
}

impl<'a> Progress<'a> {
    /// Says how much there is to do: of `total` runs in so many rows, `done` are done.
    pub fn start(quiet: bool, total: usize, rows: usize, done: usize) -> Self {
        let template = "{bar:30} {pos}/{len} runs, {elapsed} gone, {msg}";
        let progress = Self {
            display: Display::start(quiet, total as u64, template),
            started: Instant::now(),
            total,
            done: 0,
            failed: 0,
            here: 0,
            scores: BTreeMap::new(),
            complete: 0,
            rows,
            told: BTreeSet::new(),
        };
        let of = |n: usize, word| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        progress.say(&format!("{} in {}, {done} done", of(total, "run"), of(rows, "row")));
        progress
    }

    /// A run was done in this sitting; `said` are its warnings.
    pub fn done(&mut self, run: PlannedRun<'a>, summary: &Summary, said: &str) {
        self.here += 1;
        if !said.is_empty() {
            self.tell(&format!("{}: {said}", run.name()));
        }
        let time = minutes(summary.time.training + summary.time.evaluation);
        let score = summary.score.as_ref().map_or_else(String::new, Score::to_string);
        self.say(&format!("{}: {score} ({time})", run.name()));
        self.count(run, summary);
    }

    /// A run was done before or by another process.
    pub fn done_elsewhere(&mut self, run: PlannedRun<'a>, summary: &Summary) {
        self.count(run, summary);
    }

    /// A run failed.
    pub fn failed(&mut self, run: PlannedRun, why: &str) {
        self.failed += 1;
        self.tell(&format!("{}: failed: {why}", run.name()));
    }

    /// A run is in another process's hands.
    pub fn waits_for(&mut self, run: PlannedRun) {
        if self.told.insert(run.name()) {
            self.tell(&format!("{}: another process is training it", run.name()));
        }
    }

    /// Some time has passed.
    pub fn tick<'b>(&mut self, working: impl Iterator<Item = PlannedRun<'b>>) {
        let names: Vec<String> = working.map(|run| run.name()).collect();
        let (done, total, working) = (self.done, self.total, names.len());
        let left = self.left().map_or_else(String::new, |left| format!(", {left}"));
        let message = || format!("now {}{left}", names.join("; "));
        let line = || format!("{done} of {total} runs done, {working} under way{left}");
        self.display.at((done + self.failed) as u64, message, line);
    }

    /// A line for the reader.
    pub fn say(&self, line: &str) {
        self.display.say(line);
    }

    /// A line that the reader needs even where nothing else is shown.
    pub fn tell(&self, line: &str) {
        self.display.tell(line);
    }

    /// The study is over.
    pub fn finish(&self) {
        self.display.finish();
    }

    fn count(&mut self, run: PlannedRun<'a>, summary: &Summary) {
        self.done += 1;
        let Some(score) = &summary.score else { return };
        let row = self.scores.entry(&run.row.identity.id).or_default();
        row.insert(run.seed, score.clone());
        if row.len() == run.row.seeds as usize {
            let Score { measure, split, .. } = score;
            let digits = measure.digits();
            let values: Vec<String> =
                row.values().map(|score| format!("{:.digits$}", score.value)).collect();
            self.complete += 1;
            let (complete, rows, label) = (self.complete, self.rows, &run.row.label);
            let (name, unit, values) = (&measure.name, &measure.unit, values.join(", "));
            let line = format!(
                "row {complete} of {rows} complete: {label}: {split} {name} {values} {unit}"
            );
            self.say(line.trim_end());
        }
    }

    /// What is left, judged by the runs of this sitting: `about 12 min to go`.
    fn left(&self) -> Option<String> {
        if self.here == 0 {
            return None;
        }
        let left = self.total.saturating_sub(self.done + self.failed) as f64;
        let each = self.started.elapsed().as_secs_f64() / self.here as f64;
        Some(format!("about {} to go", minutes(left * each)))
    }
}
