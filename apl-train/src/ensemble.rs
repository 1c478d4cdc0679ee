//! `ensemble-of-<n>.json`, beside the runs of a row: what the networks of its first n seeds say together.
//!
//! An ensemble is one network more, of n = 1: its scores have an interval over examples and none over seeds. The file keeps the scores when the members
//! are compacted and their predictions are gone.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result, Task,
    config::Config,
    run::{
        DataSummary, FORMAT, Predictions, Score, Status, Summary, check_format, file, seed_folder,
    },
    task::{Findings, Split},
};

/// The scores of an ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// The version of the run directory's format.
    pub format: u32,
    /// Its networks.
    pub members: Vec<Member>,
    /// The data of all of them, split by split.
    pub data: Vec<DataSummary>,
    /// The score on the test split, then further scores.
    pub scores: Vec<Score>,
}

/// A network of an ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its seed.
    pub seed: u32,
    /// The hash of its run.
    pub hash: String,
    /// Its own score: a run that was made anew, by another version or on another machine, is another member.
    pub score: Option<f64>,
}

impl Ensemble {
    /// That of the first `members` seeds of the runs in `folder`, `runs/<scale>/<run>`: as it was computed before for these very runs, or computed
    /// from their predictions and written.
    ///
    /// # Errors
    /// A member that is not done, has other data or no predictions; what the file system reports.
    pub fn of<T: Task>(config: &Config<T>, folder: &Path, members: u32) -> Result<Self> {
        let (present, data) = look(folder, members)?;
        if let Some(known) = Self::read_of(folder, &present)? {
            return Ok(known);
        }
        let read = |split| {
            let predictions = |seed| {
                let run = seed_folder(folder, seed);
                let found = Predictions::read(&run, split)?;
                found.ok_or_else(|| {
                    Error::run(&run, format!("has no predictions of the {} split", split.name()))
                        .with_hint("compact runs keep none; an ensemble needs the whole runs")
                })
            };
            (1..=members).map(predictions).collect::<Result<Vec<_>>>()
        };
        let with_validation = data.iter().any(|split| split.split == Split::Validation.name());
        let validation = match with_validation {
            true => Some(T::ensemble(&read(Split::Validation)?)),
            false => None,
        };
        let test = T::ensemble(&read(Split::Test)?);
        let findings = T::findings(config, validation.as_ref(), &test)?;
        let (main, further) = scores::<T>(folder, T::score(&test), findings)?;
        let scores = std::iter::once(main).chain(further.scores).collect();
        let ensemble = Self { format: FORMAT, members: present, data, scores };
        ensemble.write(folder)?;
        Ok(ensemble)
    }

    /// Writes the file into the folder of its members' runs.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, folder: &Path) -> Result<()> {
        file::write_json(&path(folder, self.members.len() as u32), self)
    }

    /// What was computed before; `None` where nothing was.
    ///
    /// # Errors
    /// A damaged file, or another format.
    pub fn read(folder: &Path, members: u32) -> Result<Option<Self>> {
        let path = path(folder, members);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs_err::read_to_string(&path)?;
        let ensemble: Self = serde_json::from_str(&text)
            .map_err(|error| Error::run(&path, format!("not an ensemble: {error}")))?;
        check_format(&path, ensemble.format)?;
        Ok(Some(ensemble))
    }

    /// What was computed before for the runs that are there now.
    ///
    /// # Errors
    /// As [`Ensemble::read`]; members that are not done or are not those of the file; no file.
    pub fn read_current(folder: &Path, members: u32) -> Result<Self> {
        let (present, _) = look(folder, members)?;
        Self::read_of(folder, &present)?
            .ok_or_else(|| Error::run(&path(folder, members), "not computed for these runs"))
    }

    /// What was computed before for these very members.
    fn read_of(folder: &Path, members: &[Member]) -> Result<Option<Self>> {
        let known = Self::read(folder, members.len() as u32)?;
        Ok(known.filter(|known| known.members == members))
    }

    /// The score of this name; the main one where none is given.
    pub fn score(&self, name: Option<&str>) -> Option<&Score> {
        self.scores.iter().find(|score| name.is_none_or(|name| score.measure.name == name))
    }
}

/// A network's score by its task's measure, and what else was found. An interval that the task found for the measure itself goes with the score.
///
/// # Errors
/// No score.
pub fn scores<T: Task>(
    run: &Path,
    value: Option<f64>,
    mut findings: Findings,
) -> Result<(Score, Findings)> {
    let (measure, split) = (T::measure(), Split::Test.name().to_string());
    let value = value.ok_or_else(|| {
        Error::run(run, format!("the test split's examples have no {}", measure.name))
    })?;
    let same = findings.scores.iter().position(|score| score.measure == measure);
    let interval = same.and_then(|place| findings.scores.remove(place).interval);
    Ok((Score { measure, value, split, interval }, findings))
}

/// What the file's name begins with.
const NAME: &str = "ensemble-of-";

/// The file in the folder of a row's runs.
pub fn path(folder: &Path, members: u32) -> PathBuf {
    folder.join(format!("{NAME}{members}.json"))
}

/// Whether a file of such a folder is an ensemble's.
pub fn is_ensemble(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(NAME) && name.ends_with(".json"))
}

/// The members as they are on the disk, all done, and their data.
fn look(folder: &Path, members: u32) -> Result<(Vec<Member>, Vec<DataSummary>)> {
    let (mut present, mut data) = (Vec::new(), Vec::new());
    for seed in 1..=members {
        let run = seed_folder(folder, seed);
        let summary = Summary::read(&run)?;
        if summary.status != Status::Done {
            let problem = format!("the run is {}, expected done", summary.status.name());
            return Err(Error::run(&run, problem));
        }
        if data.is_empty() {
            data = summary.data.clone();
        } else if !summary.same_data(&data) {
            return Err(Error::run(&run, "run on other data than the seeds before"));
        }
        let score = summary.score.map(|score| score.value);
        present.push(Member { seed, hash: summary.hash, score });
    }
    Ok((present, data))
}
