//! Rows that differ in S alone, and what validation says of them.

use apl_train::run::{Measure, Status, Summary, metrics::Evaluation};

use crate::{
    baseline,
    row::{self, Comparison, Row},
    statistics::Statistics,
    title::{Settings, titles},
};

/// Rows of one network, data and training that differ in the number of hinges.
#[derive(Debug, Clone)]
pub struct Question {
    /// What they share, in words.
    pub title: String,
    /// What they are scored by.
    pub measure: Measure,
    /// From the fewest hinges to the most; at least two.
    pub candidates: Vec<Candidate>,
}

/// A number of hinges.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// S.
    pub hinges: usize,
    /// Its row.
    pub label: String,
    /// Mean and deviation over seeds of the score on the validation split at the end of training; `None` where there is no such split.
    pub validation: Option<Statistics>,
    /// How many runs are done.
    pub runs: usize,
}

/// The settings that may differ from one S to another: S itself, and the width of the initial slopes, which goes with it.
const FREE: [&str; 2] = ["activation.hinges", "activation.slopes"];

/// What rows can be compared by, and their settings but for those that are [`FREE`].
type Shared = (Comparison, Settings);

impl Question {
    /// The questions that some rows can answer, in the order of their first rows.
    pub fn of(rows: &[Row]) -> Vec<Self> {
        let mut groups = row::alike(rows, key);
        groups.retain(|(_, rows)| {
            let hinges = |row: &&Row| row.runs()[0].summary.activation.hinges;
            rows.windows(2).any(|pair| hinges(&pair[0]) != hinges(&pair[1]))
        });
        let titles = titles(groups.iter().map(|((comparison, shared), _)| (comparison, shared)));
        let questions = titles.into_iter().zip(&groups);
        questions.filter_map(|(title, (_, rows))| Self::about(title, rows)).collect()
    }

    fn about(title: String, rows: &[&Row]) -> Option<Self> {
        let measure = rows.iter().find_map(|row| row.measure())?.clone();
        let mut candidates: Vec<Candidate> = rows.iter().map(|row| Candidate::of(row)).collect();
        candidates.sort_by_key(|candidate| candidate.hinges);
        Some(Self { title, measure, candidates })
    }
}

/// What rows must share to differ in S alone; `None` for a row without learned hinges or without a configuration.
fn key(row: &Row) -> Option<Shared> {
    let activation = &row.runs()[0].summary.activation;
    let learned = activation.slopes.as_deref() == Some("learned");
    if activation.hinges == 0 || !learned || row.config().is_empty() {
        return None;
    }
    let mut settings = baseline::settings(row.config());
    settings.retain(|key, _| !FREE.iter().any(|free| key.starts_with(free)));
    Some((row.comparison(), settings))
}

impl Candidate {
    fn of(row: &Row) -> Self {
        let scores = row.done().filter_map(|run| validation(&run.metrics, &run.summary));
        Self {
            hinges: row.runs()[0].summary.activation.hinges,
            label: row.label.clone(),
            validation: Statistics::of(scores),
            runs: row.done().count(),
        }
    }
}

/// The score of a finished run on its validation split, after the last step.
pub fn validation(metrics: &[Evaluation], summary: &Summary) -> Option<f64> {
    let last = metrics.iter().rev().find(|line| line.split == "validation")?;
    let finished = summary.status == Status::Done && last.step == summary.steps;
    last.score.filter(|_| finished)
}
