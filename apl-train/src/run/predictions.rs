//! `predictions.safetensors`: scores `[N, K]` (f32), labels and, where there are any, weights of the test split, in its order; those of the validation
//! split beside them, under names that begin with `validation.`.

use std::path::Path;

use crate::{
    Error, Result,
    run::tensors::{self, Array, Arrays},
    task::Split,
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
    /// How much every example counts; empty where all count the same.
    pub weights: Vec<f32>,
}

const FILE: &str = "predictions.safetensors";

impl Predictions {
    /// What a run directory holds of a split; `None` where it holds nothing.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(directory: &Path, split: Split) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let (arrays, outputs): (Arrays, usize) = tensors::read(&path)?;
        let damaged = || Error::run(&path, "damaged: no scores and labels of one size");
        let Some(names) = names(split).filter(|[scores, ..]| arrays.contains_key(scores)) else {
            return Ok(None);
        };
        let [scores, labels, weights] = names.map(|name| arrays.get(&name));
        let scores = scores.and_then(Array::to_f32).ok_or_else(damaged)?;
        let labels = labels.and_then(Array::to_u32).ok_or_else(damaged)?;
        let weights = weights.map_or(Some(Vec::new()), Array::to_f32).ok_or_else(damaged)?;
        let weighted = weights.is_empty() || weights.len() == labels.len();
        if scores.len() != labels.len() * outputs || !weighted {
            return Err(damaged());
        }
        Ok(Some(Self { outputs, scores, labels, weights }))
    }

    /// Writes those of the test split, and of the validation split where there is one, into a run directory.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(directory: &Path, validation: Option<&Self>, test: &Self) -> Result<()> {
        let mut arrays = Arrays::new();
        for (split, predictions) in [(Split::Validation, validation), (Split::Test, Some(test))] {
            let Some((predictions, names)) = predictions.zip(names(split)) else { continue };
            let n = predictions.labels.len();
            let [scores, labels, weights] = names;
            let dims = [n, predictions.outputs];
            arrays.insert(scores, Array::from_f32(&dims, &predictions.scores));
            arrays.insert(labels, Array::from_u32(&[n], &predictions.labels));
            if !predictions.weights.is_empty() {
                arrays.insert(weights, Array::from_f32(&[n], &predictions.weights));
            }
        }
        tensors::write(&directory.join(FILE), &arrays, &test.outputs)
    }

    /// Forgets every example; the memory stays.
    pub fn clear(&mut self) {
        self.scores.clear();
        self.labels.clear();
        self.weights.clear();
    }

    /// Of every example whether its largest score is not its label's; the first of equal scores counts.
    pub fn wrong(&self) -> impl Iterator<Item = bool> {
        let examples = self.scores.chunks_exact(self.outputs.max(1)).zip(&self.labels);
        examples.map(|(scores, label)| largest(scores) != *label as usize)
    }

    /// The share of examples whose largest score is not their label's, in percent; the first of equal scores counts. `None` without examples.
    pub fn error_percent(&self) -> Option<f64> {
        let wrong = self.wrong().filter(|wrong| *wrong).count();
        (!self.labels.is_empty()).then(|| 100.0 * wrong as f64 / self.labels.len() as f64)
    }
}

/// The names of a split's scores, labels and weights; those of the training split are not kept.
fn names(split: Split) -> Option<[String; 3]> {
    let prefix = match split {
        Split::Train => return None,
        Split::Validation => "validation.",
        Split::Test => "",
    };
    Some(["scores", "labels", "weights"].map(|name| format!("{prefix}{name}")))
}

/// The index of the largest number, the first of equal ones.
pub fn largest(scores: &[f32]) -> usize {
    let better = |best: usize, i: usize| if scores[i] > scores[best] { i } else { best };
    (1..scores.len()).fold(0, better)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_splits_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let read = |split| Predictions::read(directory.path(), split).unwrap();
        assert_eq!(read(Split::Test), None);
        let test = Predictions {
            outputs: 2,
            scores: vec![0.5, 1.5, -2.0, 3.0],
            labels: vec![1, 0],
            weights: Vec::new(),
        };
        let validation = Predictions {
            scores: vec![1.0, 2.0],
            labels: vec![1],
            weights: vec![0.25],
            ..test.clone()
        };
        Predictions::write(directory.path(), Some(&validation), &test).unwrap();
        assert_eq!(read(Split::Test), Some(test.clone()));
        assert_eq!(read(Split::Validation), Some(validation));
        assert_eq!(read(Split::Train), None);
        Predictions::write(directory.path(), None, &test).unwrap();
        assert_eq!((read(Split::Test), read(Split::Validation)), (Some(test), None));
    }
}
