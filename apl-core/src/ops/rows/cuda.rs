//! Rows on a GPU.

use candle_core::DType;

use crate::{
    Result,
    ops::cuda::{Address, Kernel, Machine, Program, for_numbers},
};

static KERNELS: Program = Program { name: "rows", source: include_str!("kernels.cu") };

/// Writes so many rows of `width` numbers.
pub(super) fn gather(
    machine: &dyn Machine,
    addresses: [Address; 3],
    [count, width]: [usize; 2],
    real: DType,
) -> Result<()> {
    let constants = vec![("ROW", width as i64)];
    let kernel = Kernel { program: &KERNELS, real, constants, function: "gather" };
    for_numbers(machine, count * width, kernel, &addresses)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::ops::{
        cuda::emulator::{self, Emulator},
        rows::{self, Rows},
        testing::{assert_close, normal},
    };

    /// More numbers than a block has threads, of one column and of several.
    #[test]
    fn kernels_agree_with_the_cpu_to_the_bit() {
        let Some(machine) = Emulator::new() else { return };
        let machine: std::rc::Rc<dyn Machine> = std::rc::Rc::new(machine);
        let numbers: Vec<u32> = (0..300).map(|i| i * 7 % 11).collect();
        let rows = Rows::new(&numbers, &Device::Cpu).unwrap();
        for dtype in [DType::F32, DType::F64] {
            for width in [1, 5] {
                let from = normal("from", &[11, width], dtype);
                let gathered = || {
                    // A part of a larger batch: nothing beside it is touched.
                    let all = Tensor::ones((304, width), dtype, &Device::Cpu).unwrap();
                    rows::gather(&from, &rows, &all.narrow(0, 2, 300).unwrap()).unwrap();
                    all
                };
                let (found, expected) = (emulator::with(machine.clone(), gathered), gathered());
                assert_close(&format!("{dtype:?} {width}"), &found, &expected, 0.0);
            }
        }
    }
}
