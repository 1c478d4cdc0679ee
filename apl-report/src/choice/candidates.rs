//! Rows that differ in S alone, and what validation says of them.

use std::collections::BTreeMap;

use apl_train::run::{Measure, Status};

use crate::{
    baseline,
    load::Run,
    row::{self, Comparison, Row},
    statistics::Statistics,
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
type Shared = (Comparison, BTreeMap<String, String>);

impl Question {
    /// The questions that some rows can answer, in the order of their first rows.
    pub fn of(rows: &[Row]) -> Vec<Self> {
        let groups = row::alike(rows, key);
        groups
            .into_iter()
            .filter_map(|((comparison, shared), rows)| Self::about(&comparison, &shared, &rows))
            .collect()
    }

    fn about(
        comparison: &Comparison,
        shared: &BTreeMap<String, String>,
        rows: &[&Row],
    ) -> Option<Self> {
        let measure = rows.iter().find_map(|row| row.measure())?.clone();
        let mut candidates: Vec<Candidate> = rows.iter().map(|row| Candidate::of(row)).collect();
        candidates.sort_by_key(|candidate| candidate.hinges);
        let several = candidates.windows(2).any(|pair| pair[0].hinges != pair[1].hinges);
        let network = shared.get("network.kind").map(|kind| kind.trim_matches('"').to_uppercase());
        let augmented = shared.get("data.augment").is_some_and(|kind| kind != "\"none\"");
        let mut title: Vec<String> = network.into_iter().chain([comparison.title()]).collect();
        title.extend(augmented.then(|| "augmented".into()));
        several.then(|| Self { title: title.join(", "), measure, candidates })
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
        let scores: Vec<f64> = row.done().filter_map(validation).collect();
        Self {
            hinges: row.runs()[0].summary.activation.hinges,
            label: row.label.clone(),
            validation: Statistics::of(scores),
            runs: row.done().count(),
        }
    }
}

/// The score of a finished run on its validation split, after the last step.
fn validation(run: &Run) -> Option<f64> {
    let last = run.metrics.iter().rev().find(|line| line.split == "validation")?;
    let finished = run.summary.status == Status::Done && last.step == run.summary.steps;
    last.score.filter(|_| finished)
}
