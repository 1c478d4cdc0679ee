//! What a study would do, without doing it.

use std::{collections::BTreeMap, fmt, path::Path};

use comfy_table::{CellAlignment, Table, presets};

use crate::{
    Result,
    config::Document,
    device::{self, Compute, Place},
    need::gibibytes,
    progress::minutes,
    reproduce::{Estimate, PlannedRow, State, Study, look},
};

/// The rows of a study, how far each is and what is left of it.
#[derive(Debug, Clone)]
pub struct Overview {
    lines: Vec<Line>,
    jobs: usize,
    gpus: Option<Gpus>,
}

/// The GPUs that a study's processes take turns on.
#[derive(Debug, Clone)]
struct Gpus {
    /// The first one's name.
    name: String,
    /// Bytes of its memory that are free, where the driver tells.
    free: Option<u64>,
    /// How many there are.
    count: usize,
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
    /// Looks at every run; `estimate` times the steps of a configuration with the threads that each of `jobs` processes will have, or on `place`,
    /// the first of so many devices that they take turns on.
    ///
    /// # Errors
    /// What `estimate` reports.
    pub fn of(
        study: &Study,
        runs: &Path,
        jobs: usize,
        (place, devices): (&Place, usize),
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
        let gpus = (place.compute != Compute::Cpu).then(|| Gpus {
            name: device::name(&place.device),
            free: place.free,
            count: devices,
        });
        Ok(Self { lines, jobs: jobs.min(left as usize).max(1), gpus })
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
        )?;
        match &self.gpus {
            Some(gpus) => self.on_gpus(gpus, f),
            None => Ok(()),
        }
    }
}

impl Overview {
    /// What is needed of GPUs, and what they have.
    fn on_gpus(&self, gpus: &Gpus, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gpus { name, free, count } = gpus;
        let estimates = self.lines.iter().filter_map(|line| Some(line.estimate?.gpu));
        let one = estimates.max().unwrap_or(0);
        let each = self.jobs.div_ceil((*count).max(1));
        let all = one.saturating_mul(each as u64);
        let many =
            if *count > 1 { format!("{count} GPUs, the first {name}") } else { name.clone() };
        let there = free.map_or_else(String::new, |free| format!(", {} free", gibibytes(free)));
        writeln!(f, "on {many}{there}; times are those of a run that has a GPU to itself")?;
        write!(f, "a run needs up to {} there", gibibytes(one))?;
        if each > 1 {
            write!(f, ", {each} at a time {}", gibibytes(all))?;
        }
        if free.is_some_and(|free| all > free) {
            write!(f, ", more than is free: choose fewer --jobs")?;
        }
        writeln!(f)
    }
}

/// `12 MB`, `3.4 GB`.
fn megabytes(bytes: u64) -> String {
    let mega = bytes as f64 / 1e6;
    if mega < 1000.0 { format!("{mega:.0} MB") } else { format!("{:.1} GB", mega / 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(jobs: usize, count: usize, free: Option<u64>) -> String {
        let estimate =
            Estimate { seconds: 60.0, kept: 1_000_000, checkpoint: 2_000_000, gpu: 3 << 30 };
        let line = |gpu| Line {
            label: "S = 1".into(),
            shown_by: vec!["table3: s1".into()],
            run: "net".into(),
            seeds: 5,
            states: "5 missing".into(),
            seconds: 300.0,
            estimate: Some(Estimate { gpu, ..estimate }),
            left: 5,
        };
        let gpus = Some(Gpus { name: "cuda, NVIDIA H100".into(), free, count });
        let overview = Overview { lines: vec![line(3 << 30), line(1 << 30)], jobs, gpus };
        let text = overview.to_string();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len() - 2..].join("\n")
    }

    #[test]
    fn what_gpus_need_is_told_beside_what_they_have() {
        assert_eq!(
            on(1, 1, Some(79 << 30)),
            "on cuda, NVIDIA H100, 79.0 GiB free; times are those of a run that has a GPU to itself\n\
             a run needs up to 3.0 GiB there"
        );
        assert_eq!(
            on(5, 2, Some(8 << 30)),
            "on 2 GPUs, the first cuda, NVIDIA H100, 8.0 GiB free; times are those of a run that has a GPU to itself\n\
             a run needs up to 3.0 GiB there, 3 at a time 9.0 GiB, more than is free: choose fewer --jobs"
        );
        assert!(on(8, 1, None).ends_with("a run needs up to 3.0 GiB there, 8 at a time 24.0 GiB"));
    }
}
