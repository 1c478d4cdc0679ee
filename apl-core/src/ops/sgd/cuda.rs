//! The step on a GPU, in one pass.

use candle_core::DType;

use super::Step;
use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Machine, Program, for_each, packs},
};

static KERNELS: Program = Program { name: "sgd", source: include_str!("kernels.cu") };

/// Changes value and velocity.
pub(super) fn step(
    machine: &dyn Machine,
    [value, gradient, velocity]: [Address; 3],
    step: Step,
    count: usize,
    real: DType,
) -> Result<()> {
    let (width, packs) = packs(count, &[value, gradient, velocity], real);
    let constants = vec![("WIDTH", width as i64)];
    let kernel = Kernel { program: &KERNELS, real, constants, function: "step" };
    let arguments = vec![
        value.into(),
        gradient.into(),
        velocity.into(),
        Argument::Real(step.rate),
        Argument::Real(step.momentum),
        Argument::Real(step.decay),
        Argument::Long(packs as i64),
    ];
    for_each(machine, packs, kernel, arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        sgd,
        testing::{assert_close, normal},
    };

    #[test]
    fn kernels_agree_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        let numbers = Step { rate: 0.1, momentum: 0.9, decay: 0.01 };
        for (count, dtype) in [(2048, DType::F32), (999, DType::F32), (5, DType::F64)] {
            let [w, g, v] = ["w", "g", "v"].map(|name| normal(name, &[count], dtype));
            let [ew, ev] = [&w, &v].map(|tensor| tensor.copy().unwrap());
            machine.run([&w, &g, &v].map(Some), |m, at| step(m, at, numbers, count, dtype));
            sgd::step(&ew, &g, &ev, numbers).unwrap();
            assert_close("value", &w, &ew, 1e-6);
            assert_close("velocity", &v, &ev, 1e-6);
        }
    }
}
