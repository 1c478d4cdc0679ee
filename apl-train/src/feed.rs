//! Which training examples a step sees, and the tensors they come in.

use std::ops::Range;

use apl_core::random::Streams;
use candle_core::{DType, Device, Tensor};

use crate::{
    Result, Task,
    order::Order,
    task::{Batch, Examples, Split},
};

/// Tensors for one batch, used again for every batch. They are filled where the task can fill them and shown where the network is.
pub struct Batches {
    tensors: Examples,
    /// Where the network is, if the others are elsewhere.
    copies: Option<Examples>,
    size: usize,
}

/// Examples where the network sees them.
#[derive(Debug, Clone)]
pub struct Shown {
    /// They themselves.
    pub examples: Examples,
    /// In which of two places of memory, 0 or 1, they are.
    pub place: usize,
}

impl Batches {
    /// Room for `size` examples, to be shown to a network on a device.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn new<T: Task>(
        data: &T::Dataset,
        size: usize,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let room = |device: &Device| T::tensors(data, size, dtype, device);
        match device.is_cpu() || T::fills(device) {
            true => Ok(Self { tensors: room(device)?, copies: None, size }),
            false => Ok(Self { tensors: room(&Device::Cpu)?, copies: Some(room(device)?), size }),
        }
    }

    /// How many examples there is room for.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Views of the places `range`, to be filled.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn part(&self, range: Range<usize>) -> Result<Examples> {
        self.tensors.part(range)
    }

    /// Filled examples where the network is: themselves, or copies on its device that last until the next.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn shown(&self, examples: &Examples) -> Result<Examples> {
        let Some(copies) = &self.copies else { return Ok(examples.clone()) };
        let copies = copies.part(0..examples.targets.dim(0)?)?;
        let copy = |from: &Tensor, to: &Tensor| -> Result<()> {
            Ok(to.slice_set(&from.to_device(to.device())?, 0, 0)?)
        };
        copy(&examples.inputs, &copies.inputs)?;
        copy(&examples.targets, &copies.targets)?;
        if let (Some(from), Some(to)) = (&examples.weights, &copies.weights) {
            copy(from, to)?;
        }
        Ok(copies)
    }
}

/// The training examples in order: one pass after the other, cut into batches of equal size that may reach over the end of a pass, as in the
/// authors' solver, which reads its database in a circle. A batch can be made ready while the one before is still in use.
pub struct Feed {
    streams: Streams,
    batches: [Batches; 2],
    /// Which of the two is in use; the other is being made ready.
    place: usize,
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
        let batches = [batches()?, batches()?];
        Ok(Self { streams, batches, place: 0, ready: None, pass: None })
    }

    /// The examples of a step, as they were filled and where the network sees them: a function of the seed and the step. They stay as they are
    /// until the next call.
    ///
    /// # Errors
    /// What the task reports.
    pub fn batch<T: Task>(&mut self, data: &T::Dataset, step: u64) -> Result<(Examples, Shown)> {
        if self.ready != Some(step) {
            self.prepare::<T>(data, step)?;
        }
        self.ready = None;
        self.place = 1 - self.place;
        let batch = &self.batches[self.place];
        let filled = batch.part(0..batch.size())?;
        let examples = batch.shown(&filled)?;
        Ok((filled, Shown { examples, place: self.place }))
    }

    /// Makes the batch of a step ready, beside the one in use.
    ///
    /// # Errors
    /// What the task reports.
    pub fn prepare<T: Task>(&mut self, data: &T::Dataset, step: u64) -> Result<()> {
        let examples = T::examples(data, Split::Train) as u64;
        let next = &self.batches[1 - self.place];
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
