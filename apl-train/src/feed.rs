//! Which training examples a step sees, and the tensors they come in.

use std::ops::Range;

use apl_core::random::Streams;
use candle_core::{DType, Device, Tensor};

use crate::{
    Result, Task,
    task::{Batch, Split},
};

/// Tensors for one batch, used again for every batch.
pub struct Batches {
    inputs: Tensor,
    targets: Tensor,
    size: usize,
}

impl Batches {
    /// Room for `size` examples.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn new<T: Task>(
        data: &T::Dataset,
        size: usize,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let (inputs, targets) = T::tensors(data, size, dtype, device)?;
        Ok(Self { inputs, targets, size })
    }

    /// How many examples there is room for.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Views of the places `range`.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn part(&self, range: Range<usize>) -> Result<(Tensor, Tensor)> {
        let part = |tensor: &Tensor| tensor.narrow(0, range.start, range.len());
        Ok((part(&self.inputs)?, part(&self.targets)?))
    }
}

/// The training examples in order: one pass after the other, cut into batches of equal size that may reach over the end of a pass, as in the
/// authors' solver, which reads its database in a circle.
pub struct Feed {
    streams: Streams,
    batch: usize,
    /// The pass whose order is at hand.
    pass: Option<(u64, Vec<u32>)>,
}

impl Feed {
    /// The feed of a run.
    pub fn new(streams: Streams, batch: usize) -> Self {
        Self { streams, batch, pass: None }
    }

    /// Fills the tensors with the examples of a step: a function of the seed and the step.
    ///
    /// # Errors
    /// What the task reports.
    pub fn fill<T: Task>(
        &mut self,
        data: &T::Dataset,
        step: u64,
        batches: &Batches,
    ) -> Result<(Tensor, Tensor)> {
        let examples = T::examples(data, Split::Train) as u64;
        let mut filled = 0;
        while filled < self.batch {
            let position = step * self.batch as u64 + filled as u64;
            let (epoch, first) = (position / examples, (position % examples) as usize);
            if self.pass.as_ref().is_none_or(|(pass, _)| *pass != epoch) {
                self.pass = Some((epoch, T::order(data, epoch, self.streams)));
            }
            let Some((_, order)) = &self.pass else { break };
            let count = (self.batch - filled).min(order.len() - first);
            let (inputs, targets) = batches.part(filled..filled + count)?;
            let examples = &order[first..first + count];
            let batch = Batch { split: Split::Train, examples, augment: Some(epoch) };
            T::fill(data, batch, self.streams, &inputs, &targets)?;
            filled += count;
        }
        batches.part(0..self.batch)
    }
}
