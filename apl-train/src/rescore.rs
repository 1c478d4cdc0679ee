//! Scoring a finished run's network again, on any split or other data.

use std::{fmt, path::Path};

use candle_core::{DType, Device};
use serde::Serialize;

use crate::{
    Error, Result, Task,
    config::Document,
    evaluate::evaluate,
    feed::Batches,
    interrupt::Interrupt,
    launch, model,
    plan::Plan,
    run::{Measure, Summary, preprocessing},
    task::Split,
    train::Settings,
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

/// Loads the network of a run directory and scores it; `document` is its `config.toml`, with the source of the data changed if asked for.
///
/// # Errors
/// A run that is not done, a damaged file, data that cannot be read, a split without examples.
pub fn rescore<T: Task>(run: &Path, document: &Document, split: Split) -> Result<Rescore> {
    let summary = Summary::read(run)?;
    let path = run.join("model.safetensors");
    if !path.exists() {
        let problem = format!("no network to score: the run is {}", summary.status.name());
        let hint = "finish it with `apl train` on its config.toml; compact runs keep no weights";
        return Err(Error::run(&path, problem).with_hint(hint));
    }
    let plan = Plan::<T>::from_document(document)?;
    if plan.config.hash(&summary.data)? != summary.hash {
        let problem = "is not the configuration that summary.json is about";
        let hint = "put the file back as training wrote it";
        return Err(Error::run(&run.join("config.toml"), problem).with_hint(hint));
    }
    let mut network = launch::build(&plan).map_err(|error| document.blame(error))?;
    model::read(&path, network.parameters())?;
    let mut data = launch::load(&plan, document, &Settings::default(), &mut |_| ())?;
    if let Some(preprocessing) = preprocessing::read(run)? {
        T::prepare_as(&mut data, preprocessing)
            .map_err(|problem| Error::run(&preprocessing::path(run), problem))?;
    }
    let examples = T::examples(&data, split);
    if examples == 0 {
        let problem = "has no examples in this run";
        let place = format!("--split {}", split.name());
        return Err(Error::usage(place, problem).with_hint("data.validation holds images out"));
    }
    let batches = Batches::new::<T>(&data, plan.config.optimizer.batch, DType::F32, &Device::Cpu)?;
    let (network, never) = (&mut network, Interrupt::default());
    let outcome = evaluate::<T>(network, &data, split, None, &batches, None, &never)?;
    let Some(outcome) = outcome else {
        return Err(Error::run(run, "the evaluation was interrupted"));
    };
    Ok(Rescore {
        same_data: summary.same_data(&T::describe(&data)),
        id: summary.id,
        seed: summary.seed,
        split: split.name().into(),
        examples,
        loss: outcome.loss,
        measure: T::measure(),
        score: outcome.score,
    })
}

impl fmt::Display for Rescore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = || format!("no {}", self.measure.name);
        let score = self.score.map_or_else(name, |score| self.measure.show(score));
        let (id, seed, examples, split) = (&self.id, self.seed, self.examples, &self.split);
        let line = format!("on {examples} examples of the {split} split, loss {:.6}", self.loss);
        writeln!(f, "{id}, seed {seed}: {score} {line}")?;
        if !self.same_data {
            writeln!(f, "note: the data differ from those the run was made with")?;
        }
        Ok(())
    }
}
