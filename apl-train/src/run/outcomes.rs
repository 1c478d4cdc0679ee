//! `outcomes.safetensors` of a compact run: of every test example whether the network was wrong, a bit each. What is left of predictions of classes
//! where these are left out, so that differences between networks can still be told example by example.

use std::path::Path;

use crate::{
    Error, Result,
    run::{
        Predictions,
        tensors::{self, Array, Arrays},
    },
    task::Split,
};

/// Which test examples a network was wrong about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// In the order of the test split.
    pub wrong: Vec<bool>,
}

const FILE: &str = "outcomes.safetensors";
const NAME: &str = "wrong";

impl Outcomes {
    /// Those of predictions of one class among several: wrong is an example whose largest score is not its label's, the first of equal scores counting.
    /// `None` for predictions of another kind, and where examples count differently.
    pub fn of(predictions: &Predictions) -> Option<Self> {
        let classes = predictions.outputs >= 2 && predictions.weights.is_empty();
        classes.then(|| Self { wrong: predictions.wrong().collect() })
    }

    /// What a run directory tells, by its own file or by its predictions; `None` where neither is there or is of classes.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        if !path.exists() {
            let predictions = Predictions::read(directory, Split::Test)?;
            return Ok(predictions.as_ref().and_then(Self::of));
        }
        let (arrays, examples): (Arrays, usize) = tensors::read(&path)?;
        let bits = arrays.get(NAME).and_then(Array::to_u8).unwrap_or_default();
        if bits.len() != examples.div_ceil(8) {
            let problem = format!("damaged: {} bytes for {examples} examples", bits.len());
            return Err(Error::run(&path, problem));
        }
        let wrong = (0..examples).map(|i| bits[i / 8] >> (i % 8) & 1 == 1);
        Ok(Some(Self { wrong: wrong.collect() }))
    }

    /// Writes the file into a run directory: the bits of an array of bytes, the least significant first.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let byte =
            |bits: &[bool]| (0..).zip(bits).fold(0, |byte, (i, &bit)| byte | (u8::from(bit) << i));
        let bits: Vec<u8> = self.wrong.chunks(8).map(byte).collect();
        let array = Array::from_u8(&[bits.len()], &bits);
        tensors::write(
            &directory.join(FILE),
            &Arrays::from([(NAME.into(), array)]),
            &self.wrong.len(),
        )
    }

    /// The share of wrong examples in percent; `None` without examples.
    pub fn error_percent(&self) -> Option<f64> {
        let wrong = self.wrong.iter().filter(|wrong| **wrong).count();
        (!self.wrong.is_empty()).then(|| 100.0 * wrong as f64 / self.wrong.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(n: usize) -> Predictions {
        let scores = (0..n).flat_map(|i| [0.5, if i % 3 == 0 { 1.0 } else { 0.0 }]).collect();
        Predictions { outputs: 2, scores, labels: vec![1; n], weights: Vec::new() }
    }

    #[test]
    fn they_come_back_bit_by_bit_and_count_the_same_errors() {
        for n in [0, 1, 7, 8, 9, 1000] {
            let directory = tempfile::tempdir().unwrap();
            assert_eq!(Outcomes::read(directory.path()).unwrap(), None);
            let predictions = predictions(n);
            let outcomes = Outcomes::of(&predictions).unwrap();
            assert_eq!(outcomes.error_percent(), predictions.error_percent());
            Predictions::write(directory.path(), None, &predictions).unwrap();
            assert_eq!(Outcomes::read(directory.path()).unwrap().as_ref(), Some(&outcomes));
            std::fs::remove_file(directory.path().join("predictions.safetensors")).unwrap();
            outcomes.write(directory.path()).unwrap();
            assert_eq!(Outcomes::read(directory.path()).unwrap(), Some(outcomes));
        }
    }

    #[test]
    fn other_predictions_have_none() {
        let one = Predictions { outputs: 1, scores: vec![0.5], labels: vec![1], weights: vec![] };
        assert_eq!(Outcomes::of(&one), None);
        let weighted = Predictions { weights: vec![1.0; 4], ..predictions(4) };
        assert_eq!(Outcomes::of(&weighted), None);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let arrays = Arrays::from([(NAME.into(), Array::from_u8(&[2], &[1, 2]))]);
        tensors::write(&path, &arrays, &100).unwrap();
        let error = Outcomes::read(directory.path()).unwrap_err().to_string();
        assert!(error.contains("damaged: 2 bytes for 100 examples"), "{error}");
    }
}
