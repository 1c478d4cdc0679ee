//! Pooling on a GPU: a thread a window on the way forward, a thread some neighbouring pixels on the way back.

use candle_core::DType;

use super::Size;
use crate::{
    Result,
    ops::cuda::{Address, Kernel, Machine, Program, for_numbers, long, packs},
};

static KERNELS: Program = Program { name: "pool", source: include_str!("kernels.cu") };

/// Launches a kernel with a thread for `width` of `count` numbers.
fn launch(
    machine: &dyn Machine,
    function: &'static str,
    addresses: &[Address],
    [count, width]: [usize; 2],
    size: Size,
    real: DType,
) -> Result<()> {
    let config = size.config;
    let constants = vec![
        ("HEIGHT", size.image[0] as i64),
        ("ACROSS", size.image[1] as i64),
        ("ROWS", size.output[0] as i64),
        ("COLUMNS", size.output[1] as i64),
        ("SIDE", config.kernel as i64),
        ("STRIDE", config.stride as i64),
        ("PADDING", config.padding as i64),
        ("WIDTH", width as i64),
        long(size.pixels().max(size.windows())),
    ];
    let kernel = Kernel { program: &KERNELS, real, constants, function };
    for_numbers(machine, count / width, kernel, addresses)
}

impl Size {
    fn pixels(&self) -> usize {
        self.planes * self.image[0] * self.image[1]
    }

    fn windows(&self) -> usize {
        self.planes * self.output[0] * self.output[1]
    }
}

/// Writes maxima and where they stand.
pub(super) fn max_forward(
    machine: &dyn Machine,
    [x, y, choice]: [Address; 3],
    size: Size,
    real: DType,
) -> Result<()> {
    launch(machine, "max_forward", &[x, y, choice], [size.windows(), 1], size, real)
}

/// Writes the gradient by the input, given where the maxima stood.
pub(super) fn max_backward(
    machine: &dyn Machine,
    [g, choice, dx]: [Address; 3],
    size: Size,
    real: DType,
) -> Result<()> {
    let (width, _) = packs(size.image[1], &[dx], real);
    launch(machine, "max_backward", &[g, choice, dx], [size.pixels(), width], size, real)
}

/// Writes averages.
pub(super) fn average_forward(
    machine: &dyn Machine,
    [x, y]: [Address; 2],
    size: Size,
    real: DType,
) -> Result<()> {
    launch(machine, "average_forward", &[x, y], [size.windows(), 1], size, real)
}

/// Writes the gradient by the input.
pub(super) fn average_backward(
    machine: &dyn Machine,
    [g, dx]: [Address; 2],
    size: Size,
    real: DType,
) -> Result<()> {
    let (width, _) = packs(size.image[1], &[dx], real);
    launch(machine, "average_backward", &[g, dx], [size.pixels(), width], size, real)
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        pool::{self, Config},
        testing::{assert_close, normal},
    };

    #[test]
    fn kernels_agree_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        let config = |kernel, stride, padding| Config { kernel, stride, padding };
        for (dims, config, dtype) in [
            ([2, 3, 8, 8], config(3, 2, 0), DType::F32),
            ([1, 2, 7, 5], config(3, 2, 1), DType::F64),
            ([2, 1, 9, 6], config(2, 3, 0), DType::F64),
            ([1, 1, 8, 8], config(8, 1, 0), DType::F32),
        ] {
            // Coarse values, so that there are ties.
            let x = (normal("x", &dims, dtype) * 2.0).unwrap().round().unwrap();
            let size = Size::new(&dims, config).unwrap();
            let g = normal("g", &size.output_shape(&dims), dtype);
            let [y, ey] = [(); 2].map(|()| g.zeros_like().unwrap());
            let [dx, edx] = [(); 2].map(|()| x.zeros_like().unwrap());
            let [choice, expected] =
                [(); 2].map(|()| Tensor::zeros(g.dims(), DType::U8, x.device()).unwrap());
            let tolerance = if dtype == DType::F64 { 1e-14 } else { 1e-6 };

            machine.run([&x, &y, &choice].map(Some), |m, at| max_forward(m, at, size, dtype));
            pool::max_forward(&x, config, &ey, &expected).unwrap();
            assert_close("maxima", &y, &ey, 0.0);
            assert_close("choices", &choice, &expected, 0.0);
            machine.run([&g, &choice, &dx].map(Some), |m, at| max_backward(m, at, size, dtype));
            pool::max_backward(&g, &expected, config, &edx).unwrap();
            assert_close("gradient of maxima", &dx, &edx, tolerance);

            machine.run([&x, &y].map(Some), |m, at| average_forward(m, at, size, dtype));
            pool::average_forward(&x, config, &ey).unwrap();
            assert_close("averages", &y, &ey, tolerance);
            machine.run([&g, &dx].map(Some), |m, at| average_backward(m, at, size, dtype));
            pool::average_backward(&g, config, &edx).unwrap();
            assert_close("gradient of averages", &dx, &edx, tolerance);
        }
    }
}
