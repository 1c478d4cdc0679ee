//! Losses and outputs of the last steps that nobody has looked at yet.
//!
//! Looking means waiting for the device. On the processor that costs nothing and is done after every step; a GPU is kept busy by looking only when some
//! steps have gathered, and before anything depends on them: an evaluation, a checkpoint, the end. What is looked at is the same.

use apl_core::nn::Loss;
use candle_core::{DType, Tensor};

use crate::{Result, evaluate::gather, run::Predictions, task::Examples};

/// Steps that gather on a GPU.
pub const GATHERED: usize = 32;

/// The steps that wait.
#[derive(Debug, Default)]
pub struct Ledger {
    waiting: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    step: u64,
    /// `[1]`, `f64`.
    loss: Tensor,
    scores: Tensor,
    /// As they were filled.
    examples: Examples,
}

/// A step as it was.
#[derive(Debug)]
pub struct Seen {
    /// Which.
    pub step: u64,
    /// The mean loss of its batch.
    pub loss: f64,
    /// The outputs and the labels.
    pub predictions: Predictions,
}

impl Ledger {
    /// Computes the loss of a batch and its gradient, without waiting for it.
    ///
    /// # Errors
    /// What the operation reports.
    pub fn loss(
        loss: Loss,
        scores: &Tensor,
        shown: &Examples,
        gradient: &Tensor,
    ) -> Result<Tensor> {
        let total = Tensor::zeros(1, DType::F64, scores.device())?;
        let weights = shown.weights.as_ref();
        loss.accumulate(scores, &shown.targets, weights, Some(gradient), &total)?;
        Ok(total)
    }

    /// Adds a step: its loss, its outputs, which are copied, and its examples, whose labels are.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn add(
        &mut self,
        step: u64,
        loss: Tensor,
        scores: &Tensor,
        examples: &Examples,
    ) -> Result<()> {
        let Examples { targets, weights, .. } = examples;
        let weights = weights.as_ref().map(Tensor::copy).transpose()?;
        // The inputs are not looked at again: a view of nothing.
        let inputs = targets.narrow(0, 0, 0)?;
        let examples = Examples { inputs, targets: targets.copy()?, weights };
        self.waiting.push(Entry { step, loss, scores: scores.copy()?, examples });
        Ok(())
    }

    /// How many steps wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Looks at all that wait, in order.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn settle(&mut self) -> Result<Vec<Seen>> {
        let look = |entry: Entry| {
            let mut predictions = Predictions::default();
            gather(&mut predictions, &entry.scores, &entry.examples)?;
            Ok(Seen { step: entry.step, loss: entry.loss.to_vec1::<f64>()?[0], predictions })
        };
        self.waiting.drain(..).map(look).collect()
    }
}
