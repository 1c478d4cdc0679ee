//! `metrics.jsonl`: a line per evaluation.

use std::{io::Write, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Error, Result, run::file};

/// One line: a split's mean loss and score after a number of steps.
///
/// A line of the training split covers the steps since the line before, dropout and augmentation included; those of the other splits cover the
/// whole split, without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Steps done.
    pub step: u64,
    /// Passes over the training split.
    pub epoch: f64,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Mean loss.
    pub loss: f64,
    /// The task's measure, where it can be taken.
    pub score: Option<f64>,
    /// The learning rate of the last step.
    pub lr: f64,
    /// The momentum of the last step.
    pub momentum: f64,
    /// Seconds of the run so far, over all its sittings.
    pub seconds: f64,
}

const FILE: &str = "metrics.jsonl";

/// Every line of a run directory; none where the file is absent. A last line that a kill tore is left out.
///
/// # Errors
/// A line, other than the last, that is no evaluation.
pub fn read(directory: &Path) -> Result<Vec<Evaluation>> {
    let path = directory.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs_err::read_to_string(&path)?;
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            Error::run(&path, format!("line {}: not an evaluation: {error}", number + 1))
        })
    };
    complete.lines().enumerate().map(parse).collect()
}

/// Adds lines, synced, so that a kill loses nothing older.
///
/// # Errors
/// What the file system reports.
pub fn append(directory: &Path, lines: &[Evaluation]) -> Result<()> {
    let path = directory.join(FILE);
    let mut text = String::new();
    for line in lines {
        text.push_str(&json(&path, line)?);
        text.push('\n');
    }
    let write = || {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    write().map_err(|error| file::failure(&path, &error))
}

/// Cuts the file back to the lines of fewer than `step` steps, and drops a torn last line.
///
/// # Errors
/// As [`read`]; what the file system reports.
pub fn cut_back(directory: &Path, step: u64) -> Result<Vec<Evaluation>> {
    let path = directory.join(FILE);
    let kept: Vec<Evaluation> =
        read(directory)?.into_iter().filter(|line| line.step < step).collect();
    let mut text = String::new();
    for line in &kept {
        text.push_str(&json(&path, line)?);
        text.push('\n');
    }
    if path.exists() || !kept.is_empty() {
        file::write_text(&path, &text)?;
    }
    Ok(kept)
}

fn json(path: &Path, line: &Evaluation) -> Result<String> {
    serde_json::to_string(line).map_err(|error| Error::run(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64) -> Evaluation {
        Evaluation {
            step,
            epoch: step as f64 / 500.0,
            split: "test".into(),
            loss: 0.1 + step as f64,
            score: Some(1.0 / 3.0),
            lr: 0.01,
            momentum: 0.9,
            seconds: 1.5,
        }
    }

    #[test]
    fn a_torn_line_and_later_steps_are_dropped() {
        let directory = tempfile::tempdir().unwrap();
        append(directory.path(), &[line(1), line(2)]).unwrap();
        append(directory.path(), &[line(3)]).unwrap();
        let path = directory.path().join(FILE);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"step\":4,\"ep");
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(directory.path()).unwrap(), [line(1), line(2), line(3)]);
        assert_eq!(cut_back(directory.path(), 3).unwrap(), [line(1), line(2)]);
        append(directory.path(), &[line(3)]).unwrap();
        assert_eq!(read(directory.path()).unwrap(), [line(1), line(2), line(3)]);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE), "{}\n{}\n").unwrap();
        let error = read(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("metrics.jsonl: line 1: not an evaluation: missing field"),
            "{error}"
        );
    }

    #[test]
    fn an_absent_file_has_no_lines() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read(directory.path()).unwrap().is_empty());
        assert!(cut_back(directory.path(), 9).unwrap().is_empty());
    }
}
