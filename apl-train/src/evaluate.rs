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
    task::{Batch, Examples, Split},
};

/// What a network made of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The mean loss.
    pub loss: f64,
    /// The task's score, where the examples have one.
    pub score: Option<f64>,
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
    let (mut predictions, mut loss) = (Predictions::default(), 0.0);
    let mut chunk: Vec<u32> = Vec::new();
    for first in (0..examples).step_by(batches.size()) {
        if interrupt.raised() {
            return Ok(None);
        }
        chunk.clear();
        chunk.extend(first as u32..examples.min(first + batches.size()) as u32);
        let filled = batches.part(0..chunk.len())?;
        let batch = Batch { split, examples: &chunk, augment: None };
        T::fill(data, batch, Streams::new(0), &filled)?;
        let shown = batches.shown(&filled)?;
        let mut context = Context {
            observer: observer.as_mut().map(|observer| &mut **observer as &mut dyn Observer),
            ..Context::evaluation()
        };
        let scores = network.forward(&shown.inputs, &mut context)?;
        let mean = T::LOSS.evaluate(&scores, &shown.targets, shown.weights.as_ref(), None)?;
        loss += mean * chunk.len() as f64;
        gather(&mut predictions, &scores, &filled)?;
    }
    let loss = loss / examples.max(1) as f64;
    Ok(Some(Outcome { loss, score: T::score(&predictions), predictions }))
}

/// Adds a batch's outputs, labels and weights.
///
/// # Errors
/// What Candle reports.
pub fn gather(predictions: &mut Predictions, scores: &Tensor, examples: &Examples) -> Result<()> {
    let rows = scores.dims().first().copied().unwrap_or(1).max(1);
    let scores = floats(scores)?;
    predictions.outputs = scores.len() / rows;
    predictions.scores.extend(scores);
    let labels = examples.targets.to_dtype(DType::U32)?.flatten_all()?;
    predictions.labels.extend(labels.to_vec1::<u32>()?);
    if let Some(weights) = &examples.weights {
        predictions.weights.extend(floats(weights)?);
    }
    Ok(())
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
