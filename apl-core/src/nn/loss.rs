//! What a network is trained to make small.

use candle_core::Tensor;

use crate::{
    Result,
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
    /// The mean loss of a batch; its gradient by the scores goes into `gradient`, where there is one.
    ///
    /// # Errors
    /// Wrong shapes or types, labels that are no class.
    pub fn evaluate(
        self,
        scores: &Tensor,
        labels: &Tensor,
        gradient: Option<&Tensor>,
    ) -> Result<f64> {
        match self {
            Loss::SoftmaxCrossEntropy => softmax::mean(scores, labels, gradient),
            Loss::SigmoidCrossEntropy => sigmoid::mean(scores, labels, gradient),
        }
    }
}
