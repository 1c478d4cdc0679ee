//! `predictions.safetensors`: scores `[N, K]` (f32) and labels of the test split, in its order.

use std::path::Path;

use crate::{
    Error, Result,
    run::tensors::{self, Array, Arrays},
};

/// What a network said of every example of a split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// Numbers an example, K.
    pub outputs: usize,
    /// The network's outputs, `[N, K]` flattened.
    pub scores: Vec<f32>,
    /// The class of every example.
    pub labels: Vec<u32>,
}

const FILE: &str = "predictions.safetensors";

impl Predictions {
    /// What a run directory holds; `None` where it holds none.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let (arrays, outputs): (Arrays, usize) = tensors::read(&path)?;
        let damaged = || Error::run(&path, "damaged: no scores and labels of one size");
        let scores = arrays.get("scores").and_then(Array::to_f32).ok_or_else(damaged)?;
        let labels = arrays.get("labels").and_then(Array::to_u32).ok_or_else(damaged)?;
        if scores.len() != labels.len() * outputs {
            return Err(damaged());
        }
        Ok(Some(Self { outputs, scores, labels }))
    }

    /// Writes them into a run directory.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let n = self.labels.len();
        let arrays = Arrays::from([
            ("scores".into(), Array::from_f32(&[n, self.outputs], &self.scores)),
            ("labels".into(), Array::from_u32(&[n], &self.labels)),
        ]);
        tensors::write(&directory.join(FILE), &arrays, &self.outputs)
    }

    /// Forgets every example; the memory stays.
    pub fn clear(&mut self) {
        self.scores.clear();
        self.labels.clear();
    }

    /// The share of examples whose largest score is not their label's, in percent; the first of equal scores counts.
    pub fn error_percent(&self) -> f64 {
        let wrong = self.scores.chunks_exact(self.outputs.max(1)).zip(&self.labels);
        let wrong = wrong.filter(|(scores, label)| largest(scores) != **label as usize).count();
        100.0 * wrong as f64 / self.labels.len().max(1) as f64
    }
}

/// The index of the largest number, the first of equal ones.
pub fn largest(scores: &[f32]) -> usize {
    let better = |best: usize, i: usize| if scores[i] > scores[best] { i } else { best };
    (1..scores.len()).fold(0, better)
}
