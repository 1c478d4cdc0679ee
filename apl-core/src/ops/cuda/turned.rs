//! Tensors `[images, channels, positions]` of f32 turned into `[images, positions, channels]`, the layout in which tensor cores convolve, and back.

use candle_core::DType;

use super::{Address, BLOCK, Kernel, Launch, Machine, Program, long};
use crate::Result;

static KERNELS: Program = Program { name: "turned", source: include_str!("turned.cu") };

/// Channels and positions that a block turns at most.
const TILE: [usize; 2] = [64, 32];

/// What turned tensors hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    F32,
    /// Rounded to the nearest, ties to even.
    Bf16,
}

/// A turned tensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    pub images: usize,
    pub channels: usize,
    /// Channels that it has, an even number: those that are not there are zeros.
    pub padded: usize,
    pub positions: usize,
    pub numbers: Numbers,
}

impl Turned {
    pub fn bytes(&self) -> usize {
        let size = match self.numbers {
            Numbers::F32 => 4,
            Numbers::Bf16 => 2,
        };
        self.images * self.positions * self.padded * size
    }

    /// Turns the f32 numbers.
    pub fn turn(&self, machine: &dyn Machine, from: Address, to: Address) -> Result<()> {
        self.launch(machine, "turn", &[from, to], false)
    }

    /// Writes f32 numbers, with a bias for every channel; channels that were filled up are left out.
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
        let Self { images, channels, padded, positions, numbers } = *self;
        let [most, wide] = TILE;
        let tall = most.min(padded.next_power_of_two());
        let tiles = positions.div_ceil(wide);
        let constants = vec![
            ("CHANNELS", channels as i64),
            ("PADDED", padded as i64),
            ("POSITIONS", positions as i64),
            ("TALL", tall as i64),
            ("WIDE", wide as i64),
            ("BLOCK", i64::from(BLOCK)),
            ("BIASED", i64::from(biased)),
            ("ROUNDED", i64::from(numbers == Numbers::Bf16)),
            long(images * positions * padded),
        ];
        let kernel = Kernel { program: &KERNELS, real: DType::F32, constants, function };
        let grid = [super::grid(images * tiles)?, padded.div_ceil(tall) as u32];
        machine.launch(&Launch {
            kernel,
            grid,
            block: BLOCK,
            arguments: addresses.iter().map(|&at| at.into()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        testing::{normal, values},
    };

    /// Nearest, ties to even, by arithmetic of the definition: the last place of a number with 8 bits.
    fn rounded(value: f64) -> f64 {
        if value == 0.0 {
            return value;
        }
        let place = 2f64.powi(value.abs().log2().floor() as i32 - 7);
        (value / place).round_ties_even() * place
    }

    #[test]
    fn what_is_turned_and_turned_back_is_what_it_was_but_for_rounding() {
        let Some(machine) = Emulator::new() else { return };
        for [images, channels, padded, positions] in
            [[2, 3, 8, 35], [1, 70, 72, 64], [3, 96, 96, 9]]
        {
            let there = normal("there", &[images, channels, positions], DType::F32);
            let back = there.zeros_like().unwrap();
            for numbers in [Numbers::F32, Numbers::Bf16] {
                let turned = Turned { images, channels, padded, positions, numbers };
                let memory = Tensor::zeros(turned.bytes(), DType::U8, there.device()).unwrap();
                machine.run(
                    [&there, &memory, &back].map(Some),
                    |machine, [there, memory, back]| {
                        turned.turn(machine, there, memory)?;
                        turned.turn_back(machine, memory, back, None)
                    },
                );
                let expected = values(&there).into_iter().map(|value| match numbers {
                    Numbers::F32 => value,
                    Numbers::Bf16 => rounded(value),
                });
                assert_eq!(values(&back), expected.collect::<Vec<_>>(), "{turned:?}");
            }
        }
    }

    #[test]
    fn a_bias_is_added_to_every_channel() {
        let Some(machine) = Emulator::new() else { return };
        let (images, channels, positions) = (2, 6, 35);
        let numbers = Numbers::F32;
        let turned = Turned { images, channels, padded: 8, positions, numbers };
        let there = normal("there", &[images, channels, positions], DType::F32);
        let bias = normal("bias", &[channels], DType::F32);
        let back = there.zeros_like().unwrap();
        let memory = Tensor::zeros(turned.bytes(), DType::U8, there.device()).unwrap();
        machine.run(
            [&there, &memory, &bias, &back].map(Some),
            |machine, [there, memory, bias, back]| {
                turned.turn(machine, there, memory)?;
                turned.turn_back(machine, memory, back, Some(bias))
            },
        );
        let expected = there.broadcast_add(&bias.reshape((channels, 1)).unwrap()).unwrap();
        assert_eq!(values(&back), values(&expected));
    }

    #[test]
    fn channels_come_last_and_those_that_are_not_there_are_zeros() {
        let Some(machine) = Emulator::new() else { return };
        let (images, channels, padded, positions) = (2, 3, 8, 5);
        let there = normal("there", &[images, channels, positions], DType::F32);
        let turned = Turned { images, channels, padded, positions, numbers: Numbers::F32 };
        let memory = Tensor::full(-1f32, turned.bytes() / 4, there.device()).unwrap();
        machine.run([&there, &memory].map(Some), |machine, [there, memory]| {
            turned.turn(machine, there, memory)
        });
        let (there, found) = (values(&there), values(&memory));
        for (i, found) in found.into_iter().enumerate() {
            let (image, position, channel) =
                (i / padded / positions, i / padded % positions, i % padded);
            let expected = match channel < channels {
                true => there[(image * channels + channel) * positions + position],
                false => 0.0,
            };
            assert_eq!(found, expected, "{image} {position} {channel}");
        }
    }

    #[test]
    fn what_is_no_number_or_has_no_end_stays_so() {
        let Some(machine) = Emulator::new() else { return };
        let most = f64::from(f32::MAX);
        for (value, expected) in
            [(f64::INFINITY, f64::INFINITY), (most, f64::INFINITY), (f64::NAN, f64::NAN)]
        {
            let there = Tensor::full(value as f32, (1, 2, 1), &candle_core::Device::Cpu).unwrap();
            let back = there.zeros_like().unwrap();
            let turned =
                Turned { images: 1, channels: 2, padded: 2, positions: 1, numbers: Numbers::Bf16 };
            let memory = Tensor::zeros(turned.bytes(), DType::U8, there.device()).unwrap();
            machine.run([&there, &memory, &back].map(Some), |machine, [there, memory, back]| {
                turned.turn(machine, there, memory)?;
                turned.turn_back(machine, memory, back, None)
            });
            for found in values(&back) {
                assert!(
                    found == expected || found.is_nan() && expected.is_nan(),
                    "{value}: {found}"
                );
            }
        }
    }
}
