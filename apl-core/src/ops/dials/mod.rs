//! The numbers of a training step that change from one to the next, where a device reads them: a step that was recorded once
//! ([`cuda::record`](crate::ops::cuda::record)) is repeated with other numbers by turning the dials in between.

mod cuda;

use candle_core::{DType, Device, Tensor};

use crate::{Result, ops::cuda as gpu};

/// Step, learning rate and momentum in a device's memory.
#[derive(Debug)]
pub struct Dials {
    /// Step, bits of the rate, bits of the momentum; of each the lower word first.
    words: Tensor,
}

const WORDS: usize = 6;

impl Dials {
    /// Dials of a device, all at 0.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Self { words: Tensor::zeros(WORDS, DType::U32, device)? })
    }

    /// What is computed from now on is computed with these numbers.
    ///
    /// # Errors
    /// What the device reports.
    pub fn set(&self, step: u64, rate: f64, momentum: f64) -> Result<()> {
        let words = [step, rate.to_bits(), momentum.to_bits()];
        let words: [u32; WORDS] =
            std::array::from_fn(|i| (words[i / 2] >> (32 * (i as u32 % 2))) as u32);
        let on_gpu =
            gpu::run([Some(("dials", &self.words))], |machine, [at]| cuda::set(machine, at, words));
        on_gpu.unwrap_or_else(|| {
            let words = Tensor::new(&words, self.words.device())?;
            Ok(self.words.slice_set(&words, 0, 0)?)
        })
    }

    /// Where they stand.
    pub(crate) fn words(&self) -> &Tensor {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::ops::cuda::{Machine, emulator};

    fn words(dials: &Dials) -> Vec<u32> {
        dials.words.to_vec1().unwrap()
    }

    #[test]
    fn words_are_the_bits() {
        let dials = Dials::new(&Device::Cpu).unwrap();
        assert_eq!(words(&dials), [0; 6]);
        dials.set(0x0000_0002_0000_0001, 0.1, -2.0).unwrap();
        let [rate, momentum] = [0.1f64, -2.0].map(f64::to_bits);
        let low = |bits: u64| bits as u32;
        let high = |bits: u64| (bits >> 32) as u32;
        assert_eq!(words(&dials), [1, 2, low(rate), high(rate), low(momentum), high(momentum)]);
        let Some(machine) = emulator::Emulator::new() else { return };
        let machine: Rc<dyn Machine> = Rc::new(machine);
        let set = Dials::new(&Device::Cpu).unwrap();
        emulator::with(machine, || set.set(0x0000_0002_0000_0001, 0.1, -2.0)).unwrap();
        assert_eq!(words(&set), words(&dials));
    }
}
