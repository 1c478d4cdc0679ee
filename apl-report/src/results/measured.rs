//! What the runs of a row came to.

use std::path::Path;

use apl_train::{
    run::{DataSummary, Measure, Status, Summary},
    table::RecordRow,
};

use crate::statistics::Statistics;

/// The scores of a row's runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Seeds and scores of the runs that are done, by seed.
    pub scores: Vec<(u64, f64)>,
    /// How many seeds there are to be.
    pub planned: usize,
    /// What they are scored by, once one is done.
    pub measure: Option<Measure>,
    /// The data of its runs, once one is done.
    pub data: Vec<DataSummary>,
    /// Why a seed has no score here.
    pub problems: Vec<(u32, String)>,
}

impl Measured {
    /// Reads the runs of a row, which lie in `<folder>/<run>/seed-<n>`; `None` for a constant.
    pub(super) fn read(row: &RecordRow, folder: &Path) -> Option<Self> {
        let run = row.run.as_ref()?;
        let mut measured = Self {
            scores: Vec::new(),
            planned: row.seeds.len(),
            measure: None,
            data: Vec::new(),
            problems: Vec::new(),
        };
        for &seed in &row.seeds {
            let directory = folder.join(run).join(format!("seed-{seed}"));
            if let Err(problem) = measured.add(seed, &directory) {
                measured.problems.push((seed, problem));
            }
        }
        Some(measured)
    }

    fn add(&mut self, seed: u32, directory: &Path) -> Result<(), String> {
        if !directory.join("summary.json").exists() {
            return Err("not run".into());
        }
        let summary = Summary::read(directory).map_err(|error| error.to_string())?;
        let score = match (&summary.status, &summary.score) {
            (Status::Done, Some(score)) => score,
            (Status::Failed { why }, _) => return Err(format!("failed: {why}")),
            (status, _) => return Err(format!("{} at step {}", status.name(), summary.step)),
        };
        if self.data.is_empty() {
            self.data = summary.data.clone();
        } else if !summary.same_data(&self.data) {
            return Err("run on other data than the seeds before".into());
        }
        self.measure.get_or_insert_with(|| score.measure.clone());
        self.scores.push((seed.into(), score.value));
        Ok(())
    }

    /// Mean and deviation over seeds.
    pub fn statistics(&self) -> Option<Statistics> {
        Statistics::of(self.scores.iter().map(|&(_, score)| score))
    }

    /// The unit of the scores; empty where there is none.
    pub fn unit(&self) -> &str {
        self.measure.as_ref().map_or("", |measure| &measure.unit)
    }

    /// The digest of the test examples, once a run is done.
    pub fn test_digest(&self) -> Option<&str> {
        let test = self.data.iter().find(|split| split.split == "test");
        test.map(|split| split.digest.as_str())
    }
}
