//! The convolution on a GPU: the pixels of some images as columns, one product for all of them, and back.

use candle_core::DType;

use super::lowering::Size;
use crate::{
    Result,
    ops::cuda::{
        Address, BLOCK, Kernel, Launch, Machine, Matrix, Product, Program, for_numbers, int,
    },
};

static KERNELS: Program = Program { name: "conv2d", source: include_str!("kernels.cu") };

/// Numbers of columns at a time: 256 MB of f32.
const COLUMNS: usize = 1 << 26;

fn kernel(function: &'static str, size: Size, real: DType) -> Kernel {
    let constants = vec![
        ("KERNEL_HEIGHT", size.kernel[0] as i64),
        ("KERNEL_WIDTH", size.kernel[1] as i64),
        ("STRIDE", size.stride as i64),
        ("PADDING", size.padding as i64),
        ("BLOCK", i64::from(BLOCK)),
    ];
    Kernel { program: &KERNELS, real, constants, function }
}

/// Some images that are computed together, and the memory that this takes.
struct Part {
    /// Numbers of the input and of the output before them.
    input: usize,
    output: usize,
    images: usize,
    columns: Address,
    wide: Address,
}

impl Part {
    /// All images, a part at a time.
    fn all(machine: &dyn Machine, size: Size, real: DType) -> Result<Vec<Self>> {
        let one = size.taps() * size.positions();
        let most = (COLUMNS / one).clamp(1, size.batch);
        let columns = machine.scratch(most * (one + size.outputs * size.positions()), real)?;
        let wide = columns.plus(most * one, real);
        let starts = (0..size.batch).step_by(most);
        Ok(starts
            .map(|first| Self {
                input: first * size.pixels(),
                output: first * size.outputs * size.positions(),
                images: most.min(size.batch - first),
                columns,
                wide,
            })
            .collect())
    }

    /// Row-major `[rows, images * positions]`.
    fn matrix(&self, at: Address, size: Size) -> Matrix {
        Matrix::new(at, self.images * size.positions())
    }

    fn fill_columns(
        &self,
        machine: &dyn Machine,
        x: Address,
        size: Size,
        real: DType,
    ) -> Result<()> {
        let count = size.taps() * self.images * size.positions();
        let [height, width] = size.image;
        let [rows, columns] = size.output;
        let sizes = [self.images, size.channels, height, width, rows, columns];
        let x = x.plus(self.input, real);
        let kernel = kernel("image_to_columns", size, real);
        for_numbers(machine, count, kernel, &[x, self.columns], &sizes)
    }

    fn fill_wide(&self, machine: &dyn Machine, g: Address, size: Size, real: DType) -> Result<()> {
        let count = self.images * size.outputs * size.positions();
        let sizes = [self.images, size.outputs, size.positions()];
        let g = g.plus(self.output, real);
        let kernel = kernel("images_to_wide", size, real);
        for_numbers(machine, count, kernel, &[g, self.wide], &sizes)
    }
}

/// Writes `y`.
pub(super) fn forward(
    machine: &dyn Machine,
    [x, weight, bias, y]: [Address; 4],
    size: Size,
    real: DType,
) -> Result<()> {
    let taps = size.taps();
    let weights = Matrix::new(weight, taps);
    for part in Part::all(machine, size, real)? {
        part.fill_columns(machine, x, size, real)?;
        machine.multiply(&Product {
            real,
            size: [size.outputs, part.images * size.positions(), taps],
            a: weights,
            b: part.matrix(part.columns, size),
            c: part.matrix(part.wide, size),
            accumulate: false,
        })?;
        let count = part.images * size.outputs * size.positions();
        let sizes = [part.images, size.outputs, size.positions()];
        let to = [part.wide, bias, y.plus(part.output, real)];
        for_numbers(machine, count, kernel("wide_to_images", size, real), &to, &sizes)?;
    }
    Ok(())
}

/// Writes the gradient by the input.
pub(super) fn input_gradient(
    machine: &dyn Machine,
    [weight, g, dx]: [Address; 3],
    size: Size,
    real: DType,
) -> Result<()> {
    let taps = size.taps();
    let weights = Matrix::transposed(weight, taps);
    for part in Part::all(machine, size, real)? {
        part.fill_wide(machine, g, size, real)?;
        machine.multiply(&Product {
            real,
            size: [taps, part.images * size.positions(), size.outputs],
            a: weights,
            b: part.matrix(part.wide, size),
            c: part.matrix(part.columns, size),
            accumulate: false,
        })?;
        let [height, width] = size.image;
        let [rows, columns] = size.output;
        let sizes = [part.images, size.channels, height, width, rows, columns];
        let to = [part.columns, dx.plus(part.input, real)];
        let count = part.images * size.pixels();
        for_numbers(machine, count, kernel("columns_to_image", size, real), &to, &sizes)?;
    }
    Ok(())
}

/// Writes the gradients by weights and bias.
pub(super) fn parameter_gradients(
    machine: &dyn Machine,
    [x, g, dw, db]: [Address; 4],
    size: Size,
    real: DType,
) -> Result<()> {
    let taps = size.taps();
    for (i, part) in Part::all(machine, size, real)?.into_iter().enumerate() {
        part.fill_columns(machine, x, size, real)?;
        part.fill_wide(machine, g, size, real)?;
        machine.multiply(&Product {
            real,
            size: [size.outputs, taps, part.images * size.positions()],
            a: part.matrix(part.wide, size),
            b: Matrix { transposed: true, ..part.matrix(part.columns, size) },
            c: Matrix::new(dw, taps),
            accumulate: i > 0,
        })?;
    }
    let arguments =
        vec![g.into(), db.into(), int(size.batch)?, int(size.outputs)?, int(size.positions())?];
    let kernel = kernel("sum_planes", size, real);
    machine.launch(&Launch { kernel, grid: [size.outputs as u32, 1], block: BLOCK, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{
        conv2d::{self, Config},
        cuda::emulator::Emulator,
        testing::{assert_close, normal},
    };

    #[test]
    fn kernels_agree_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        for (x, weight, stride, padding, dtype, tolerance) in [
            ([3, 2, 7, 6], [4, 2, 5, 5], 1, 2, DType::F64, 1e-12),
            ([2, 3, 8, 5], [2, 3, 3, 2], 2, 1, DType::F64, 1e-12),
            ([2, 5, 4, 4], [300, 5, 1, 1], 1, 0, DType::F32, 2e-5),
        ] {
            let window = Config { stride, padding };
            let size = conv2d::size(&x, &weight, window).unwrap();
            let (x, w) = (normal("x", &x, dtype), normal("w", &weight, dtype));
            let (b, g) =
                (normal("b", &weight[..1], dtype), normal("g", &size.output_shape(), dtype));
            let [y, ey] = [(); 2].map(|()| g.zeros_like().unwrap());
            machine.run([&x, &w, &b, &y].map(Some), |m, at| forward(m, at, size, dtype));
            conv2d::forward(&x, &w, &b, window, &ey).unwrap();
            assert_close("y", &y, &ey, tolerance);
            let [dx, dw, db] = [&x, &w, &b].map(|t| t.zeros_like().unwrap());
            let [edx, edw, edb] = [&x, &w, &b].map(|t| t.zeros_like().unwrap());
            machine.run([&w, &g, &dx].map(Some), |m, at| input_gradient(m, at, size, dtype));
            machine
                .run([&x, &g, &dw, &db].map(Some), |m, at| parameter_gradients(m, at, size, dtype));
            conv2d::backward(&x, &w, window, &g, Some(&edx), Some((&edw, &edb))).unwrap();
            assert_close("dx", &dx, &edx, tolerance);
            assert_close("dw", &dw, &edw, tolerance);
            assert_close("db", &db, &edb, tolerance);
        }
    }
}
