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
    /// Looked at when they were added.
    seen: Vec<Seen>,
}

/// A loss.
#[derive(Debug)]
pub enum Measured {
    /// As a number.
    Now(f64),
    /// Where the device has it: `[1]`, `f64`.
    Later(Tensor),
}

#[derive(Debug)]
struct Entry {
    step: u64,
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
    /// Computes the loss of a batch and its gradient, waiting for it only where it is wanted `now`.
    ///
    /// # Errors
    /// What the operation reports.
    pub fn loss(
        loss: Loss,
        scores: &Tensor,
        shown: &Examples,
        gradient: &Tensor,
        now: bool,
    ) -> Result<Measured> {
        let (targets, weights) = (&shown.targets, shown.weights.as_ref());
        if now {
            return Ok(Measured::Now(loss.evaluate(scores, targets, weights, Some(gradient))?));
        }
        let total = Tensor::zeros(1, DType::F64, scores.device())?;
        loss.accumulate(scores, targets, weights, Some(gradient), &total)?;
        Ok(Measured::Later(total))
    }

    /// Adds a step: its loss, its outputs and its examples. Where the loss comes later, outputs and labels are copied.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn add(
        &mut self,
        step: u64,
        loss: Measured,
        scores: &Tensor,
        examples: &Examples,
    ) -> Result<()> {
        let loss = match loss {
            Measured::Later(loss) => loss,
            Measured::Now(loss) => {
                let mut predictions = Predictions::default();
                gather(&mut predictions, scores, examples)?;
                self.seen.push(Seen { step, loss, predictions });
                return Ok(());
            }
        };
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
        self.waiting.len() + self.seen.len()
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
        let seen = self.seen.drain(..).map(Ok);
        seen.chain(self.waiting.drain(..).map(look)).collect()
    }
}
