//! What a study would do, without doing it.

use std::{collections::BTreeMap, fmt, path::Path};

use comfy_table::{CellAlignment, Table, presets};

use crate::{
    Result,
    config::Document,
    progress::minutes,
    reproduce::{Estimate, PlannedRow, State, Study, look},
};

/// The rows of a study, how far each is and what is left of it.
#[derive(Debug, Clone)]
pub struct Overview {
    lines: Vec<Line>,
    jobs: usize,
}

#[derive(Debug, Clone)]
struct Line {
    label: String,
    shown_by: Vec<String>,
    run: String,
    seeds: u32,
    states: String,
    /// Seconds that are left.
    seconds: f64,
    /// Of one run; none where nothing is left.
    estimate: Option<Estimate>,
    left: u32,
}

impl Overview {
    /// Looks at every run; `estimate` times the steps of a configuration with the threads that each of `jobs` processes will have.
    ///
    /// # Errors
    /// What `estimate` reports.
    pub fn of(
        study: &Study,
        runs: &Path,
        jobs: usize,
        estimate: &dyn Fn(&Document) -> Result<Estimate>,
    ) -> Result<Self> {
        let line = |row: &PlannedRow| {
            let (mut counts, mut left, mut shares) = (BTreeMap::<&str, u32>::new(), 0, 0.0);
            for run in row.runs() {
                let (word, share) = match look(run, runs) {
                    State::Done(_) => ("done", None),
                    State::Missing => ("missing", Some(1.0)),
                    State::Begun { step, steps } => {
                        ("begun", Some(1.0 - step as f64 / steps.max(1) as f64))
                    }
                    State::Busy => ("in other hands", None),
                    State::Failed(_) => ("failed", Some(1.0)),
                    State::Refused(_) => ("refused", None),
                };
                *counts.entry(word).or_default() += 1;
                left += u32::from(share.is_some());
                shares += share.unwrap_or(0.0);
            }
            let states: Vec<String> =
                counts.iter().map(|(word, n)| format!("{n} {word}")).collect();
            let estimate = if left > 0 { Some(estimate(&row.document)?) } else { None };
            Ok(Line {
                label: row.label.clone(),
                shown_by: row.shown_by.clone(),
                run: row.identity.id.clone(),
                seeds: row.seeds,
                states: states.join(", "),
                seconds: shares * estimate.map_or(0.0, |estimate| estimate.seconds),
                estimate,
                left,
            })
        };
        let lines: Vec<Line> = study.rows.iter().map(line).collect::<Result<_>>()?;
        let left: u32 = lines.iter().map(|line| line.left).sum();
        Ok(Self { lines, jobs: jobs.min(left as usize).max(1) })
    }
}

impl Line {
    /// Bytes that its runs will leave on the disk.
    fn kept(&self) -> u64 {
        self.estimate.map_or(0, |estimate| estimate.kept * u64::from(self.left))
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["row", "shown by", "run", "seeds", "", "a run", "left", "disk"]);
        for line in &self.lines {
            table.add_row([
                line.label.clone(),
                line.shown_by.join(", "),
                line.run.clone(),
                line.seeds.to_string(),
                line.states.clone(),
                line.estimate.map_or_else(|| "–".into(), |estimate| minutes(estimate.seconds)),
                minutes(line.seconds),
                megabytes(line.kept()),
            ]);
        }
        for column in [3, 5, 6, 7] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(f, "{}", table.trim_fmt())?;
        let runs: u32 = self.lines.iter().map(|line| line.seeds).sum();
        let left: u32 = self.lines.iter().map(|line| line.left).sum();
        let shared = self.lines.iter().filter(|line| line.shown_by.len() > 1).count();
        writeln!(f)?;
        write!(f, "{runs} runs in {} rows, {left} to do", self.lines.len())?;
        match shared {
            0 => {}
            1 => write!(f, "; 1 row is shared and run once")?,
            shared => write!(f, "; {shared} rows are shared and run once")?,
        }
        writeln!(f)?;
        let seconds: f64 = self.lines.iter().map(|line| line.seconds).sum();
        let kept: u64 = self.lines.iter().map(Line::kept).sum();
        let checkpoints = self.lines.iter().filter_map(|line| Some(line.estimate?.checkpoint));
        let largest = checkpoints.max().unwrap_or(0);
        if left == 0 {
            return Ok(());
        }
        writeln!(
            f,
            "about {} with {} processes at a time, by steps timed just now; {} on the disk, and up to {} a process for checkpoints",
            minutes(seconds / self.jobs as f64),
            self.jobs,
            megabytes(kept),
            megabytes(largest)
        )
    }
}

/// `12 MB`, `3.4 GB`.
fn megabytes(bytes: u64) -> String {
    let mega = bytes as f64 / 1e6;
    if mega < 1000.0 { format!("{mega:.0} MB") } else { format!("{:.1} GB", mega / 1000.0) }
}
