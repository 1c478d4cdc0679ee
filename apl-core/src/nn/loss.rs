//! What a network is trained to make small.

use candle_core::Tensor;

use crate::{
    Error, Result,
    ops::cross_entropy::{sigmoid, softmax},
};

/// A loss, averaged over the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// [`softmax`] over scores `[N, K]` with labels `[N]`, `u32`.
    SoftmaxCrossEntropy,
    /// [`sigmoid`] of logits `[N]` or `[N, 1]` with targets of the same shape and type.
    SigmoidCrossEntropy,
}

impl Loss {
    /// The mean loss of a batch; its gradient by the scores goes into `gradient`, where there is one. With `weights`, of the targets' shape and type,
    /// each example's loss counts so many times; the sum is divided by the number of examples all the same.
    ///
    /// # Errors
    /// Wrong shapes or types, labels that are no class, weights with [`Loss::SoftmaxCrossEntropy`].
    pub fn evaluate(
        self,
        scores: &Tensor,
        labels: &Tensor,
        weights: Option<&Tensor>,
        gradient: Option<&Tensor>,
    ) -> Result<f64> {
        match (self, weights) {
            (Loss::SoftmaxCrossEntropy, None) => softmax::mean(scores, labels, gradient),
            (Loss::SigmoidCrossEntropy, _) => sigmoid::mean(scores, labels, weights, gradient),
            (Loss::SoftmaxCrossEntropy, Some(weights)) => Err(unweighted(weights)),
        }
    }

    /// Adds what [`evaluate`](Self::evaluate) returns to `total` `[1]`, `f64`. On a GPU nothing waits for it.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); on a GPU labels, targets and weights are not looked at.
    pub fn accumulate(
        self,
        scores: &Tensor,
        labels: &Tensor,
        weights: Option<&Tensor>,
        gradient: Option<&Tensor>,
        total: &Tensor,
    ) -> Result<()> {
        match (self, weights) {
            (Loss::SoftmaxCrossEntropy, None) => softmax::add_mean(scores, labels, gradient, total),
            (Loss::SigmoidCrossEntropy, _) => {
                sigmoid::add_mean(scores, labels, weights, gradient, total)
            }
            (Loss::SoftmaxCrossEntropy, Some(weights)) => Err(unweighted(weights)),
        }
    }
}

fn unweighted(weights: &Tensor) -> Error {
    Error::Setting {
        place: "softmax: weights".into(),
        found: format!("weights {:?}", weights.dims()),
        expected: "none: examples count alike in this loss".into(),
    }
}
