//! The copy on a GPU.

use candle_core::DType;

use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Machine, Program, for_each, packs},
};

static KERNELS: Program = Program { name: "copy", source: include_str!("kernels.cu") };

/// Copies so many numbers.
pub(super) fn values(
    machine: &dyn Machine,
    [from, to]: [Address; 2],
    count: usize,
    real: DType,
) -> Result<()> {
    let (width, packs) = packs(count, &[from, to], real);
    let constants = vec![("WIDTH", width as i64)];
    let kernel = Kernel { program: &KERNELS, real, constants, function: "copy" };
    let arguments = vec![from.into(), to.into(), Argument::Long(packs as i64)];
    for_each(machine, packs, kernel, arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        testing::{assert_close, normal},
    };

    #[test]
    fn numbers_are_copied() {
        let Some(machine) = Emulator::new() else { return };
        for (count, dtype) in [(1024, DType::F32), (3, DType::F64)] {
            let x = normal("x", &[count], dtype);
            let y = x.zeros_like().unwrap();
            machine.run([&x, &y].map(Some), |m, at| values(m, at, count, dtype));
            assert_close("copy", &y, &x, 0.0);
        }
    }
}
