//! What the runs of a row came to.

use std::path::{Path, PathBuf};

use apl_train::{
    ensemble::Ensemble,
    run::{DataSummary, Interval, Measure, Status, Summary, seed_folder},
    table::RecordRow,
};

use crate::statistics::Statistics;

/// The scores of a row's runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Seeds and scores of the runs that are done, by seed; of an ensemble, the number of its members and its score.
    pub scores: Vec<(u64, f64)>,
    /// How many seeds there are to be.
    pub planned: usize,
    /// How many networks speak together as one, where they do.
    pub ensemble: Option<usize>,
    /// Where an ensemble's score may lie with other examples.
    pub interval: Option<Interval>,
    /// What they are scored by, once one is done.
    pub measure: Option<Measure>,
    /// The data of its runs, once one is done.
    pub data: Vec<DataSummary>,
    /// The directories of the runs that are done, in the order of their scores; none of an ensemble.
    pub runs: Vec<PathBuf>,
    /// Whether the score is the runs' main one, of their test split.
    pub main: bool,
    /// Why a seed has no score here.
    pub problems: Vec<(u32, String)>,
}

impl Measured {
    /// Reads the runs of a row, which lie in `<folder>/<run>/seed-<n>`; `None` for a constant.
    pub(super) fn read(row: &RecordRow, folder: &Path) -> Option<Self> {
        let folder = folder.join(row.run.as_ref()?);
        let mut measured = Self { planned: row.seeds.len(), ..Self::default() };
        if row.ensemble {
            measured.ensemble = Some(row.seeds.len());
            if let Err(problem) = measured.add_ensemble(row, &folder) {
                measured.problems.extend(row.seeds.iter().map(|&seed| (seed, problem.clone())));
            }
            return Some(measured);
        }
        for &seed in &row.seeds {
            let directory = seed_folder(&folder, seed);
            if let Err(problem) = measured.add(row, seed, &directory) {
                measured.problems.push((seed, problem));
            }
        }
        Some(measured)
    }

    fn add(&mut self, row: &RecordRow, seed: u32, directory: &Path) -> Result<(), String> {
        if !Summary::is_in(directory) {
            return Err("not run".into());
        }
        let summary = Summary::read(directory).map_err(|error| error.to_string())?;
        match &summary.status {
            Status::Done => {}
            Status::Failed { why } => return Err(format!("failed: {why}")),
            status => return Err(format!("{} at step {}", status.name(), summary.step)),
        }
        let name = row.score.as_deref();
        let score = summary.score(name).ok_or_else(|| without(name))?;
        if self.data.is_empty() {
            self.data = summary.data.clone();
        } else if !summary.same_data(&self.data) {
            return Err("run on other data than the seeds before".into());
        }
        self.measure.get_or_insert_with(|| score.measure.clone());
        self.scores.push((seed.into(), score.value));
        self.runs.push(directory.to_path_buf());
        self.main = name.is_none();
        Ok(())
    }

    fn add_ensemble(&mut self, row: &RecordRow, folder: &Path) -> Result<(), String> {
        let members = row.seeds.len() as u32;
        let ensemble =
            Ensemble::read_current(folder, members).map_err(|error| error.to_string())?;
        let name = row.score.as_deref();
        let score = ensemble.score(name).ok_or_else(|| without(name))?;
        self.measure = Some(score.measure.clone());
        self.interval = score.interval;
        self.scores.push((members.into(), score.value));
        self.data = ensemble.data;
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

fn without(name: Option<&str>) -> String {
    name.map_or_else(|| "without a score".into(), |name| format!("without the score `{name}`"))
}
