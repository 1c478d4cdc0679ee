//! The step on a GPU, in one pass; that of all parameters in one launch, which finds them by a table in the GPU's memory.

use candle_core::DType;

use super::Step;
use crate::{
    Result,
    ops::cuda::{Address, Argument, BLOCK, Kernel, Launch, Machine, Program, grid, int},
};

static KERNELS: Program = Program { name: "sgd", source: include_str!("kernels.cu") };

/// Numbers that a block moves.
const SPAN: usize = 4096;
/// 64-bit words of a slot.
const SLOT: usize = 7;

fn launch(
    machine: &dyn Machine,
    function: &'static str,
    blocks: usize,
    arguments: Vec<Argument>,
    real: DType,
) -> Result<()> {
    if blocks == 0 {
        return Ok(());
    }
    let constants = vec![("SPAN", SPAN as i64), ("BLOCK", i64::from(BLOCK))];
    let kernel = Kernel { program: &KERNELS, real, constants, function };
    machine.launch(&Launch { kernel, grid: [grid(blocks)?, 1], block: BLOCK, arguments })
}

/// Changes value and velocity.
pub(super) fn step_one(
    machine: &dyn Machine,
    [value, gradient, velocity]: [Address; 3],
    step: Step,
    count: usize,
    real: DType,
) -> Result<()> {
    let arguments = vec![
        value.into(),
        gradient.into(),
        velocity.into(),
        Argument::Real(step.rate),
        Argument::Real(step.momentum),
        Argument::Real(step.decay),
        Argument::Long(count as i64),
    ];
    launch(machine, "step_one", count.div_ceil(SPAN), arguments, real)
}

/// Where a parameter is, and the multipliers of its group.
pub(super) struct Slot {
    pub value: Address,
    pub gradient: Address,
    pub velocity: Address,
    pub count: usize,
    pub rate: f64,
    pub decay: f64,
}

/// The table as the kernel reads it, by 32-bit words, the lower first; and the number of blocks.
pub(super) fn table(slots: &[Slot]) -> (Vec<u32>, usize) {
    let (mut words, mut blocks) = (Vec::with_capacity(2 * SLOT * slots.len()), 0);
    for slot in slots {
        let numbers: [u64; SLOT] = [
            slot.value.0,
            slot.gradient.0,
            slot.velocity.0,
            slot.count as u64,
            blocks as u64,
            slot.rate.to_bits(),
            slot.decay.to_bits(),
        ];
        words.extend(numbers.iter().flat_map(|&number| [number as u32, (number >> 32) as u32]));
        blocks += slot.count.div_ceil(SPAN);
    }
    (words, blocks)
}

/// Moves every parameter of a table of so many slots and blocks.
pub(super) fn step_all(
    machine: &dyn Machine,
    [table, dials]: [Address; 2],
    [slots, blocks]: [usize; 2],
    [rate, momentum]: [f64; 2],
    real: DType,
) -> Result<()> {
    let arguments = vec![
        table.into(),
        int(slots)?,
        dials.into(),
        Argument::Double(rate),
        Argument::Double(momentum),
    ];
    launch(machine, "step_all", blocks, arguments, real)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use candle_core::Tensor;

    use super::*;
    use crate::ops::{
        cuda::emulator::{self, Emulator},
        dials::Dials,
        sgd::{self, Moved, Together},
        testing::{assert_close, normal},
    };

    #[test]
    fn kernels_agree_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        let numbers = Step { rate: 0.1, momentum: 0.9, decay: 0.01 };
        for (count, dtype) in [(2048, DType::F32), (9999, DType::F32), (5, DType::F64)] {
            let [w, g, v] = ["w", "g", "v"].map(|name| normal(name, &[count], dtype));
            let [ew, ev] = [&w, &v].map(|tensor| tensor.copy().unwrap());
            machine.run([&w, &g, &v].map(Some), |m, at| step_one(m, at, numbers, count, dtype));
            sgd::step(&ew, &g, &ev, numbers).unwrap();
            assert_close("value", &w, &ew, 1e-6);
            assert_close("velocity", &v, &ev, 1e-6);
        }
    }

    /// Parameters of all sizes, by numbers that are given and by dials.
    #[test]
    fn one_launch_moves_them_all() {
        let Some(machine) = Emulator::new() else { return };
        let machine: Rc<dyn Machine> = Rc::new(machine);
        for dtype in [DType::F32, DType::F64] {
            let sizes = [1, 4096, 4097, 10_000, 7, 64, 3 * 4096];
            let parameter = |(i, &size): (usize, &usize)| Moved {
                value: normal(&format!("w{i}"), &[size], dtype),
                gradient: normal(&format!("g{i}"), &[size], dtype),
                velocity: normal(&format!("v{i}"), &[size], dtype),
                rate: 1.0 + i as f64,
                decay: 0.01 * i as f64,
            };
            let moved: Vec<Moved> = sizes.iter().enumerate().map(parameter).collect();
            let copy = |tensor: &Tensor| tensor.copy().unwrap();
            let expected: Vec<[Tensor; 2]> =
                moved.iter().map(|p| [copy(&p.value), copy(&p.velocity)]).collect();
            let dials = Dials::new(&candle_core::Device::Cpu).unwrap();
            dials.set(3, 0.02, 0.8).unwrap();
            emulator::with(machine.clone(), || {
                let together = Together::new(&moved).unwrap().unwrap();
                together.step(0.1, 0.9).unwrap();
                together.step_by(&dials).unwrap();
            });
            for (parameter, [value, velocity]) in moved.iter().zip(&expected) {
                for (rate, momentum) in [(0.1, 0.9), (0.02, 0.8)] {
                    let Moved { gradient, rate: multiplier, decay, .. } = parameter;
                    let step = Step { rate: rate * multiplier, momentum, decay: *decay };
                    sgd::step(value, gradient, velocity, step).unwrap();
                }
                assert_close("value", &parameter.value, value, 1e-6);
                assert_close("velocity", &parameter.velocity, velocity, 1e-6);
            }
        }
    }
}
