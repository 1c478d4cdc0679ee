//! Tensors `[images, channels, positions]` of f32 turned into `[images, positions, channels]` of bf16, in which tensor cores convolve, and back.

use candle_core::DType;

use super::{Address, BLOCK, Kernel, Launch, Machine, Program, grid, long};
use crate::Result;

static KERNELS: Program = Program { name: "turned", source: include_str!("turned.cu") };

/// Channels and positions that a block turns at most.
const TILE: [usize; 2] = [64, 32];

/// A turned tensor, of an even number of channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    pub images: usize,
    pub channels: usize,
    pub positions: usize,
}

impl Turned {
    pub fn bytes(&self) -> usize {
        2 * self.images * self.positions * self.channels
    }

    /// Turns f32 numbers, rounded to the nearest bf16, ties to even.
    pub fn turn(&self, machine: &dyn Machine, from: Address, to: Address) -> Result<()> {
        self.launch(machine, "turn", &[from, to], false)
    }

    /// Writes f32 numbers, with a bias for every channel.
    pub fn turn_back(
        &self,
        machine: &dyn Machine,
        from: Address,
        to: Address,
        bias: Option<Address>,
    ) -> Result<()> {
        let addresses = [from, bias.unwrap_or(Address::NONE), to];
        self.launch(machine, "turn_back", &addresses, bias.is_some())
    }

    fn launch(
        &self,
        machine: &dyn Machine,
        function: &'static str,
        addresses: &[Address],
        biased: bool,
    ) -> Result<()> {
        let Self { images, channels, positions } = *self;
        debug_assert!(channels.is_multiple_of(2), "channels go by twos");
        let [most, wide] = TILE;
        let tall = most.min(channels.next_power_of_two());
        let constants = vec![
            ("CHANNELS", channels as i64),
            ("POSITIONS", positions as i64),
            ("TALL", tall as i64),
            ("WIDE", wide as i64),
            ("BLOCK", i64::from(BLOCK)),
            ("BIASED", i64::from(biased)),
            long(images * positions * channels),
        ];
        let kernel = Kernel { program: &KERNELS, real: DType::F32, constants, function };
        let grid = [grid(images * positions.div_ceil(wide))?, channels.div_ceil(tall) as u32];
        let arguments = addresses.iter().map(|&at| at.into()).collect();
        machine.launch(&Launch { kernel, grid, block: BLOCK, arguments })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        testing::{normal, values},
    };

    /// Numbers turned, and turned back with a bias.
    fn there_and_back(
        machine: &Emulator,
        turned: Turned,
        there: &Tensor,
        bias: Option<&Tensor>,
    ) -> (Vec<u8>, Tensor) {
        let memory = Tensor::full(255u8, turned.bytes(), &Device::Cpu).unwrap();
        let back = there.zeros_like().unwrap();
        let tensors = [Some(there), Some(&memory), bias, Some(&back)];
        machine.run(tensors, |machine, [there, memory, at, back]| {
            turned.turn(machine, there, memory)?;
            turned.turn_back(machine, memory, back, bias.map(|_| at))
        });
        (memory.to_vec1().unwrap(), back)
    }

    /// Candle's rounding.
    fn rounded(tensor: &Tensor) -> Vec<f64> {
        values(&tensor.to_dtype(DType::BF16).unwrap().to_dtype(DType::F32).unwrap())
    }

    #[test]
    fn channels_come_last_and_first_again() {
        let Some(machine) = Emulator::new() else { return };
        for [images, channels, positions] in [[2, 8, 35], [1, 72, 64], [3, 96, 9]] {
            let turned = Turned { images, channels, positions };
            let there = normal("there", &[images, channels, positions], DType::F32);
            let bias = normal("bias", &[channels], DType::F32);
            let (memory, back) = there_and_back(&machine, turned, &there, Some(&bias));
            let (there, bias) = (rounded(&there), values(&bias));
            for (i, bytes) in memory.chunks(2).enumerate() {
                let (image, rest) = (i / channels / positions, i % (channels * positions));
                let (position, channel) = (rest / channels, rest % channels);
                let expected = there[(image * channels + channel) * positions + position];
                let found = f32::from_ne_bytes([0, 0, bytes[0], bytes[1]]);
                assert_eq!(f64::from(found), expected, "{image} {position} {channel}");
            }
            for (i, found) in values(&back).into_iter().enumerate() {
                let expected = there[i] as f32 + bias[i / positions % channels] as f32;
                assert_eq!(found, f64::from(expected), "{i}");
            }
        }
    }

    #[test]
    fn rounding_keeps_what_has_no_end_or_is_no_number() {
        let Some(machine) = Emulator::new() else { return };
        let turned = Turned { images: 1, channels: 2, positions: 1 };
        for value in [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE / 3.0, -0.0] {
            let there = Tensor::full(value, (1, 2, 1), &Device::Cpu).unwrap();
            let (_, back) = there_and_back(&machine, turned, &there, None);
            let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            assert_eq!(bits(values(&back)), bits(rounded(&there)), "{value}");
        }
        // A number that is none by its last bits alone.
        for bits in [0x7f80_0001u32, 0xffff_ffff] {
            let there = Tensor::full(f32::from_bits(bits), (1, 2, 1), &Device::Cpu).unwrap();
            let (_, back) = there_and_back(&machine, turned, &there, None);
            assert!(values(&back).into_iter().all(f64::is_nan), "{bits:x}");
        }
    }
}
