//! Scoring a network on a whole split.

use apl_core::{
    nn::{Chain, Context, Observer},
    random::Streams,
};
use candle_core::{DType, Tensor};

use crate::{
    Result, Task,
    feed::Batches,
    interrupt::Interrupt,
    run::Predictions,
    task::{Batch, Split},
};

/// What a network made of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The mean loss.
    pub loss: f64,
    /// The task's score.
    pub score: f64,
    /// The network's outputs and the labels.
    pub predictions: Predictions,
}

/// Runs the network over the first `limit` examples of a split, batch by batch, without dropout or augmentation; `observer` sees every layer. `None`
/// where the interrupt came first.
///
/// # Errors
/// What the task or a layer reports.
pub fn evaluate<T: Task>(
    network: &mut Chain,
    data: &T::Dataset,
    split: Split,
    limit: Option<usize>,
    batches: &Batches,
    mut observer: Option<&mut dyn Observer>,
    interrupt: &Interrupt,
) -> Result<Option<Outcome>> {
    let examples = T::examples(data, split).min(limit.unwrap_or(usize::MAX));
    let all: Vec<u32> = (0..examples as u32).collect();
    let (mut predictions, mut loss) = (Predictions::default(), 0.0);
    for chunk in all.chunks(batches.size()) {
        if interrupt.raised() {
            return Ok(None);
        }
        let (inputs, targets) = batches.part(0..chunk.len())?;
        let batch = Batch { split, examples: chunk, augment: None };
        T::fill(data, batch, Streams::new(0), &inputs, &targets)?;
        let mut context = Context {
            observer: observer.as_mut().map(|observer| &mut **observer as &mut dyn Observer),
            ..Context::evaluation()
        };
        let scores = network.forward(&inputs, &mut context)?;
        loss += T::LOSS.evaluate(&scores, &targets, None)? * chunk.len() as f64;
        gather(&mut predictions, &scores, &targets)?;
    }
    let (loss, score) = (loss / examples.max(1) as f64, T::score(&predictions));
    Ok(Some(Outcome { loss, score, predictions }))
}

/// Adds a batch's outputs and labels.
///
/// # Errors
/// What Candle reports.
pub fn gather(predictions: &mut Predictions, scores: &Tensor, targets: &Tensor) -> Result<()> {
    let scores = scores.to_dtype(DType::F32)?;
    let examples = scores.dims().first().copied().unwrap_or(1).max(1);
    predictions.outputs = scores.elem_count() / examples;
    predictions.scores.extend(scores.flatten_all()?.to_vec1::<f32>()?);
    predictions.labels.extend(targets.to_dtype(DType::U32)?.flatten_all()?.to_vec1::<u32>()?);
    Ok(())
}
