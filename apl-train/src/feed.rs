//! Which training examples a step sees, and the tensors they come in.

use std::ops::Range;

use apl_core::random::Streams;
use candle_core::{DType, Device};

use crate::{
    Result, Task,
    order::Order,
    task::{Batch, Examples, Split},
};

/// Tensors for one batch, used again for every batch.
pub struct Batches {
    tensors: Examples,
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
        Ok(Self { tensors: T::tensors(data, size, dtype, device)?, size })
    }

    /// How many examples there is room for.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Views of the places `range`.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn part(&self, range: Range<usize>) -> Result<Examples> {
        self.tensors.part(range)
    }
}

/// The training examples in order: one pass after the other, cut into batches of equal size that may reach over the end of a pass, as in the
/// authors' solver, which reads its database in a circle. A batch can be made ready while the one before is still in use.
pub struct Feed {
    streams: Streams,
    /// The batch in use and the one being made ready.
    batches: [Batches; 2],
    /// The step whose batch is ready.
    ready: Option<u64>,
    /// The pass whose order is at hand.
    pass: Option<(u64, Order)>,
}

impl Feed {
    /// The feed of a run: batches of `size` examples.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn new<T: Task>(
        data: &T::Dataset,
        streams: Streams,
        size: usize,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let batches = || Batches::new::<T>(data, size, dtype, device);
        Ok(Self { streams, batches: [batches()?, batches()?], ready: None, pass: None })
    }

    /// The examples of a step: a function of the seed and the step. They stay as they are until the next call.
    ///
    /// # Errors
    /// What the task reports.
    pub fn batch<T: Task>(&mut self, data: &T::Dataset, step: u64) -> Result<Examples> {
        if self.ready != Some(step) {
            self.prepare::<T>(data, step)?;
        }
        self.ready = None;
        self.batches.swap(0, 1);
        self.batches[0].part(0..self.batches[0].size())
    }

    /// Makes the batch of a step ready, beside the one in use.
    ///
    /// # Errors
    /// What the task reports.
    pub fn prepare<T: Task>(&mut self, data: &T::Dataset, step: u64) -> Result<()> {
        let examples = T::examples(data, Split::Train) as u64;
        let next = &self.batches[1];
        let mut filled = 0;
        while filled < next.size() {
            let position = step * next.size() as u64 + filled as u64;
            let (epoch, first) = (position / examples, (position % examples) as usize);
            if self.pass.as_ref().is_none_or(|(pass, _)| *pass != epoch) {
                self.pass = Some((epoch, T::order(data, epoch, self.streams)));
            }
            let Some((_, order)) = &mut self.pass else { break };
            let examples = order.examples(first, next.size() - filled);
            let to = next.part(filled..filled + examples.len())?;
            filled += examples.len();
            let batch = Batch { split: Split::Train, examples, augment: Some(epoch) };
            T::fill(data, batch, self.streams, &to)?;
        }
        self.ready = Some(step);
        Ok(())
    }
}
