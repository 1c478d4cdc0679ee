//! Scoring a finished run's network again, on any split or other data.

use std::{fmt, path::Path};

use serde::Serialize;

use crate::{
    Result, Task, config::Document, device::Compute, evaluate::Outcome, run::Measure, task::Split,
    trained::Trained,
};

/// A network's score on a split.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rescore {
    /// The run's name.
    pub id: String,
    /// Its seed.
    pub seed: u32,
    /// The split.
    pub split: String,
    /// Its size.
    pub examples: usize,
    /// Whether it is the very data the run was made with.
    pub same_data: bool,
    /// The mean loss.
    pub loss: f64,
    /// What the score is.
    pub measure: Measure,
    /// The score, where these examples have one.
    pub score: Option<f64>,
}

/// Loads the network of a run directory onto a device and scores it there; `document` is its `config.toml`, with the source of the data changed if asked for.
///
/// # Errors
/// A run that is not done, a damaged file, data that cannot be read, a split without examples, a device that cannot be used.
pub fn rescore<T: Task>(
    run: &Path,
    document: &Document,
    split: Split,
    compute: Compute,
) -> Result<Rescore> {
    let mut trained = Trained::<T>::open(run, document, compute)?;
    let examples = trained.examples(split)?;
    let outcome = trained.score(split, None)?;
    Ok(Rescore::of(&trained, split, examples, &outcome))
}

impl Rescore {
    /// What a network made of so many examples of a split.
    pub(crate) fn of<T: Task>(
        trained: &Trained<T>,
        split: Split,
        examples: usize,
        outcome: &Outcome,
    ) -> Self {
        Self {
            id: trained.summary.id.clone(),
            seed: trained.summary.seed,
            split: split.name().into(),
            examples,
            same_data: trained.same_data(),
            loss: outcome.loss,
            measure: T::measure(),
            score: outcome.score,
        }
    }
}

impl fmt::Display for Rescore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let score = self.measure.found(self.score);
        let (id, seed, examples, split) = (&self.id, self.seed, self.examples, &self.split);
        let line = format!("on {examples} examples of the {split} split, loss {:.6}", self.loss);
        writeln!(f, "{id}, seed {seed}: {score} {line}")?;
        if !self.same_data {
            writeln!(f, "note: the data differ from those the run was made with")?;
        }
        Ok(())
    }
}
