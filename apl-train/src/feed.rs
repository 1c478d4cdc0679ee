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
    size: usize,
    device: Device,
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
        let filled = if T::fills(device) { device } else { &Device::Cpu };
        let tensors = T::tensors(data, size, dtype, filled)?;
        Ok(Self { tensors, size, device: device.clone() })
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

    /// Filled examples where the network is: themselves, or copies on its device.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn shown(&self, examples: &Examples) -> Result<Examples> {
        if examples.inputs.device().same_device(&self.device) {
            return Ok(examples.clone());
        }
        let copy = |tensor: &Tensor| tensor.to_device(&self.device);
        Ok(Examples {
            inputs: copy(&examples.inputs)?,
            targets: copy(&examples.targets)?,
            weights: examples.weights.as_ref().map(copy).transpose()?,
        })
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

    /// The examples of a step, as they were filled and where the network sees them: a function of the seed and the step. They stay as they are
    /// until the next call.
    ///
    /// # Errors
    /// What the task reports.
    pub fn batch<T: Task>(&mut self, data: &T::Dataset, step: u64) -> Result<[Examples; 2]> {
        if self.ready != Some(step) {
            self.prepare::<T>(data, step)?;
        }
        self.ready = None;
        self.batches.swap(0, 1);
        let examples = self.batches[0].part(0..self.batches[0].size())?;
        let shown = self.batches[0].shown(&examples)?;
        Ok([examples, shown])
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
