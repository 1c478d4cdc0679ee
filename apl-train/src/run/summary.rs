//! `summary.json`: what a run is, how far it came and what it reached.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Error, Result, run::file};

/// The version of the run directory's format that this program writes.
pub const FORMAT: u32 = 1;

/// Refuses a file of another format than [`FORMAT`].
///
/// # Errors
/// [`Error::Run`] with the file.
pub fn check_format(path: &Path, format: u32) -> Result<()> {
    if format == FORMAT {
        return Ok(());
    }
    let problem = format!("found format {format}, expected {FORMAT}");
    Err(Error::run(path, problem).with_hint("use the version of apl that wrote it"))
}

/// The whole of `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// The version of the format, [`FORMAT`].
    pub format: u32,
    /// The run's name: its configuration's and its overrides.
    pub id: String,
    /// The task: `vision`, `higgs`.
    pub task: String,
    /// The seed of every random stream.
    pub seed: u32,
    /// How far it came.
    pub status: Status,
    /// SHA-256 over the configuration and the data digests: whatever changes numbers, in hexadecimal.
    pub hash: String,
    /// The score on the test split, once the run is done.
    pub score: Option<Score>,
    /// Further scores, which the task finds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// The activation.
    pub activation: ActivationSummary,
    /// How many numbers are trained.
    pub parameters: ParameterCounts,
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Examples of a step.
    pub batch: usize,
    /// Time spent.
    pub time: Time,
    /// The data, split by split.
    pub data: Vec<DataSummary>,
    /// The program.
    pub software: Software,
    /// The machine.
    pub host: Host,
    /// What layers with a choice of algorithms were computed with, by their names.
    #[serde(default)]
    pub algorithms: BTreeMap<String, String>,
    /// What a reader of the numbers should know, such as a change of machine on resume.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Under way, or killed.
    Running,
    /// Complete.
    Done,
    /// Stopped by a signal after a checkpoint; the same command goes on from there.
    Interrupted,
    /// Stopped by an error.
    Failed {
        /// The error's message.
        why: String,
    },
}

impl Status {
    /// `running`, `done`, `interrupted` or `failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Done => "done",
            Status::Interrupted => "interrupted",
            Status::Failed { .. } => "failed",
        }
    }
}

/// What a task is scored by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Such as `error`.
    pub name: String,
    /// Such as `%`; empty where there is none.
    pub unit: String,
    /// Whether lower or higher is better.
    pub better: Better,
}

impl Measure {
    /// Digits behind the point: two of a percentage, four of another number.
    pub fn digits(&self) -> usize {
        if self.unit == "%" { 2 } else { 4 }
    }

    /// `error 22.64 %`, `AUC 0.8034`.
    pub fn show(&self, value: f64) -> String {
        let (Self { name, unit, .. }, digits) = (self, self.digits());
        format!("{name} {value:.digits$} {unit}").trim_end().to_string()
    }

    /// The same, or `no AUC` where examples have none.
    pub fn found(&self, value: Option<f64>) -> String {
        value.map_or_else(|| format!("no {}", self.name), |value| self.show(value))
    }
}

/// Which direction is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Errors.
    Lower,
    /// Areas and significances.
    Higher,
}

impl Better {
    /// Whether `new` is strictly better than `old`.
    pub fn is_better(self, new: f64, old: f64) -> bool {
        match self {
            Better::Lower => new < old,
            Better::Higher => new > old,
        }
    }
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What it is.
    #[serde(flatten)]
    pub measure: Measure,
    /// Its value.
    pub value: f64,
    /// The split it was measured on.
    pub split: String,
    /// How sure it is with these examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// How far a score might lie elsewhere with other examples of the same kind, the network being the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Where 2.5 % lie below.
    pub low: f64,
    /// Where 2.5 % lie above.
    pub high: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// How many samples of the examples this is from.
    pub replicates: usize,
}

impl fmt::Display for Score {
    /// `test error 22.64 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.split, self.measure.show(self.value))
    }
}

/// The activation of a run in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivationSummary {
    /// `relu`, `leaky-relu` or `apl`.
    pub kind: String,
    /// S; 0 where the shape is fixed.
    pub hinges: usize,
    /// `unit`, `channel` or `layer`, where there are parameters.
    pub sharing: Option<String>,
    /// `learned` or `frozen`, where there are slopes.
    pub slopes: Option<String>,
    /// The same for offsets.
    pub offsets: Option<String>,
}

/// Numbers of a network, the activation's beside the rest (section 1.8 of the project's notes on the paper: `2 S M`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCounts {
    /// Weights and biases.
    pub weights: usize,
    /// Slopes and offsets, learned or not.
    pub activation: usize,
    /// How many of all these training may change.
    pub learned: usize,
}

/// Wall-clock time of a run over all its sittings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Time {
    /// Seconds in training steps.
    pub training: f64,
    /// Seconds in evaluations and records.
    pub evaluation: f64,
    /// Training examples a second in training steps.
    pub examples_per_second: f64,
}

/// One split of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSummary {
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Its size.
    pub examples: usize,
    /// SHA-256 of its content in canonical order, in hexadecimal.
    pub digest: String,
    /// The files of the Hugging Face hub that it was read from; none if it came from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<SourceFile>,
}

impl DataSummary {
    /// What makes two splits the same, wherever they came from.
    pub fn content(&self) -> Content<'_> {
        Content { split: &self.split, examples: self.examples, digest: &self.digest }
    }
}

/// A split without its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Content<'a> {
    split: &'a str,
    examples: usize,
    digest: &'a str,
}

/// A file of a data set on the Hugging Face hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// The repository, `owner/name`.
    pub repository: String,
    /// The full commit.
    pub commit: String,
    /// The path in the repository.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// The program that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Software {
    /// Version of `apl`.
    pub version: String,
    /// Its commit, where it was built from a checkout.
    pub git: Option<String>,
}

/// The machine that ran it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The processor's name.
    pub cpu: String,
    /// The widest SIMD it has and the kernels used, such as `avx512`.
    pub level: String,
    /// Threads that computed.
    pub threads: usize,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Operating system and architecture.
    pub system: String,
}

/// The file that makes a folder a run directory.
const NAME: &str = "summary.json";

impl Summary {
    /// Whether a folder has one: it is then a run directory.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(NAME).is_file()
    }

    /// Reads `summary.json` of a run directory.
    ///
    /// # Errors
    /// A missing or damaged file, or a format that this program does not know.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(NAME);
        let text = fs_err::read_to_string(&path)?;
        let summary: Self = serde_json::from_str(&text)
            .map_err(|error| Error::run(&path, format!("not a summary of a run: {error}")))?;
        check_format(&path, summary.format)?;
        Ok(summary)
    }

    /// Whether these splits are the run's, wherever they came from.
    pub fn same_data(&self, data: &[DataSummary]) -> bool {
        self.data.iter().map(DataSummary::content).eq(data.iter().map(DataSummary::content))
    }

    /// The score of this name, the main one or a further one; the main one where none is given.
    pub fn score(&self, name: Option<&str>) -> Option<&Score> {
        let of_name = |score: &&Score| name.is_none_or(|name| score.measure.name == name);
        self.score.iter().chain(&self.scores).find(of_name)
    }

    /// Adds a warning that is not there yet.
    pub fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Writes `summary.json`, replacing an earlier one at once.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, directory: &Path) -> Result<()> {
        file::write_json(&directory.join(NAME), self)
    }
}
