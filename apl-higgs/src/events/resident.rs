//! The events of a split on a device of their own, as the network sees them: batches are gathered where the network is, and nothing but numbers of events
//! travels.

use apl_core::ops::rows::{Rows, gather};
use apl_train::task::{Batch, Examples, Split};
use candle_core::{DType, Device, Tensor};

use crate::{Result, events::Dataset};

/// Events that are made ready and copied at a time.
pub(super) const CHUNK: usize = 1 << 16;

/// A split in a device's memory.
#[derive(Debug)]
pub(super) struct Resident {
    pub(super) events: Examples,
}

impl Resident {
    /// Brings the events of a split to scale on the processor, in their order, and copies them: in `f32`
    /// [`event_bytes`](crate::events::DataConfig::event_bytes) each.
    ///
    /// # Errors
    /// A file that cannot be read any more; memory that the device does not have.
    pub(super) fn of(
        dataset: &Dataset,
        split: Split,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let count = dataset.len(split);
        let events = dataset.tensors(count, dtype, device)?;
        let mut numbers = Vec::new();
        for first in (0..count).step_by(CHUNK) {
            numbers.clear();
            numbers.extend(first as u32..count.min(first + CHUNK) as u32);
            let part = dataset.tensors(numbers.len(), dtype, &Device::Cpu)?;
            dataset.fill(Batch { split, examples: &numbers, augment: None }, &part)?;
            each(&part, &events, |from, to| {
                let copied = from.to_device(device).and_then(|from| to.slice_set(&from, 0, first));
                Ok(copied.map_err(apl_core::Error::from)?)
            })?;
        }
        Ok(Self { events })
    }

    /// Writes the events of these numbers, as [`Dataset::fill`] does on the processor, to the bit.
    ///
    /// # Errors
    /// A number that is no event; tensors of another shape, type or device.
    pub(super) fn fill(&self, numbers: &[u32], to: &Examples) -> Result<()> {
        let rows = Rows::new(numbers, self.events.inputs.device())?;
        each(&self.events, to, |from, to| Ok(gather(from, &rows, to)?))
    }
}

/// Inputs, targets and, where there are some, weights of some events beside those of others.
fn each(
    from: &Examples,
    to: &Examples,
    mut with: impl FnMut(&Tensor, &Tensor) -> Result<()>,
) -> Result<()> {
    with(&from.inputs, &to.inputs)?;
    with(&from.targets, &to.targets)?;
    match (&from.weights, &to.weights) {
        (Some(from), Some(to)) => with(from, to),
        _ => Ok(()),
    }
}
