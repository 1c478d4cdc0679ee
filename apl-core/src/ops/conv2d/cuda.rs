//! The convolution on a GPU: one of a single pixel is a product for every image; others are cuDNN's where it has what suits, else the
//! pixels of some images as columns, one product for all of them, and back.

use candle_core::DType;

use super::lowering::Size;
use crate::{
    Result,
    ops::cuda::{
        Address, Argument, BLOCK, Convolution, Convolved, Kernel, Launch, Machine, Matrix, Pass,
        Product, Program, Times, blocks, for_each, int, long, packs,
    },
};

static KERNELS: Program = Program { name: "conv2d", source: include_str!("kernels.cu") };

/// Numbers of columns at a time: 256 MB of f32.
const COLUMNS: usize = 1 << 26;
/// Blocks that keep a large GPU busy with a sum; a matter of shapes alone, so that results do not depend on the GPU.
const BUSY: usize = 512;
/// Images whose products by the weight are kept before they are added up.
const TOGETHER: usize = 128;
/// The most blocks along y.
const TALL: usize = 65_535;

/// A kernel that takes packs of so many numbers, out of tensors with up to `count` of them.
fn kernel(function: &'static str, width: usize, size: Size, count: usize, real: DType) -> Kernel {
    let constants = vec![
        ("CHANNELS", size.channels as i64),
        ("IMAGE_HEIGHT", size.image[0] as i64),
        ("IMAGE_WIDTH", size.image[1] as i64),
        ("OUTPUTS", size.outputs as i64),
        ("ROWS", size.output[0] as i64),
        ("COLUMNS", size.output[1] as i64),
        ("KERNEL_HEIGHT", size.kernel[0] as i64),
        ("KERNEL_WIDTH", size.kernel[1] as i64),
        ("STRIDE", size.stride as i64),
        ("PADDING", size.padding as i64),
        ("WIDTH", width as i64),
        ("BLOCK", i64::from(BLOCK)),
        long(count),
    ];
    Kernel { program: &KERNELS, real, constants, function }
}

fn convolution(pass: Pass, size: Size, real: DType) -> Convolution {
    let Size { batch, channels, image: [height, width], outputs, .. } = size;
    Convolution {
        real,
        pass,
        input: [batch, channels, height, width],
        weight: [outputs, channels, size.kernel[0], size.kernel[1]],
        output: size.output_shape(),
        stride: size.stride,
        padding: size.padding,
    }
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

    fn places(&self, size: Size) -> usize {
        self.images * size.positions()
    }

    /// Row-major `[rows, images * positions]`.
    fn matrix(&self, at: Address, size: Size) -> Matrix {
        Matrix::new(at, self.places(size))
    }

    /// A kernel over the places, and as many blocks along y.
    fn over_places(
        &self,
        machine: &dyn Machine,
        kernel: Kernel,
        size: Size,
        [from, to]: [Address; 2],
        tall: usize,
    ) -> Result<()> {
        let places = self.places(size);
        let arguments = vec![from.into(), to.into(), Argument::Long(places as i64)];
        let grid = [blocks(places)?, tall.min(TALL) as u32];
        machine.launch(&Launch { kernel, grid, block: BLOCK, arguments })
    }

    fn fill_columns(
        &self,
        machine: &dyn Machine,
        x: Address,
        size: Size,
        real: DType,
    ) -> Result<()> {
        let count = size.taps() * self.places(size);
        let kernel = kernel("image_to_columns", 1, size, count, real);
        let x = x.plus(self.input, real);
        self.over_places(machine, kernel, size, [x, self.columns], size.taps())
    }

    fn fill_wide(&self, machine: &dyn Machine, g: Address, size: Size, real: DType) -> Result<()> {
        let kernel = kernel("images_to_wide", 1, size, size.outputs * self.places(size), real);
        let g = g.plus(self.output, real);
        self.over_places(machine, kernel, size, [g, self.wide], size.outputs)
    }
}

/// Writes `y`.
pub(super) fn forward(
    machine: &dyn Machine,
    [x, weight, bias, y]: [Address; 4],
    size: Size,
    real: DType,
) -> Result<()> {
    let convolved = match size.is_pointwise() {
        true => {
            pointwise(machine, Pass::Output, [x, weight, y], size, real)?;
            Convolved::Unbiased
        }
        false => {
            let convolution = convolution(Pass::Output, size, real);
            machine.convolve(&convolution, [x, weight, y], Some(bias))?
        }
    };
    match convolved {
        Convolved::Whole => return Ok(()),
        Convolved::Unbiased => return add_bias(machine, [bias, y], size, real),
        Convolved::Not => {}
    }
    let taps = size.taps();
    let weights = Matrix::new(weight, taps);
    for part in Part::all(machine, size, real)? {
        part.fill_columns(machine, x, size, real)?;
        machine.multiply(&Product {
            real,
            size: [size.outputs, part.places(size), taps],
            a: weights,
            b: part.matrix(part.columns, size),
            c: part.matrix(part.wide, size),
            accumulate: false,
            times: Times::ONE,
        })?;
        let count = size.outputs * part.places(size);
        let arguments = vec![
            part.wide.into(),
            bias.into(),
            y.plus(part.output, real).into(),
            Argument::Long(count as i64),
            int(part.images)?,
        ];
        for_each(machine, count, kernel("wide_to_images", 1, size, count, real), arguments)?;
    }
    Ok(())
}

/// A pass of a convolution of single pixels, where `x[image]` is `[channels, positions]` and `y[image]` `[outputs, positions]`: a product for every
/// image, values or gradients.
fn pointwise(
    machine: &dyn Machine,
    pass: Pass,
    [x, weight, y]: [Address; 3],
    size: Size,
    real: DType,
) -> Result<()> {
    let Size { batch, channels, outputs, .. } = size;
    let (pixels, values, positions) = (size.pixels(), outputs * size.positions(), size.positions());
    let (inside, outside) = (Matrix::new(x, positions), Matrix::new(y, positions));
    let product = Product {
        real,
        size: [outputs, positions, channels],
        a: Matrix::new(weight, channels),
        b: inside,
        c: outside,
        accumulate: false,
        times: Times { count: batch, a: 0, b: pixels, c: values },
    };
    match pass {
        Pass::Output => machine.multiply(&product),
        Pass::Input => machine.multiply(&Product {
            size: [channels, positions, outputs],
            a: Matrix::transposed(weight, channels),
            b: outside,
            c: inside,
            times: Times { count: batch, a: 0, b: values, c: pixels },
            ..product
        }),
        Pass::Weight => {
            let (count, together) = (outputs * channels, batch.min(TOGETHER));
            let parts = machine.scratch(together * count, real)?;
            for first in (0..batch).step_by(together) {
                let further = |from: Address, numbers: usize| from.plus(first * numbers, real);
                machine.multiply(&Product {
                    size: [outputs, channels, positions],
                    a: Matrix::new(further(y, values), positions),
                    b: Matrix::transposed(further(x, pixels), positions),
                    c: Matrix::new(parts, channels),
                    accumulate: first > 0,
                    times: Times {
                        count: together.min(batch - first),
                        a: values,
                        b: pixels,
                        c: count,
                    },
                    ..product
                })?;
            }
            add_parts(machine, [parts, weight], together, count, size, real)
        }
    }
}

/// Writes the sum of `chunks` times `count` parts.
fn add_parts(
    machine: &dyn Machine,
    [parts, sum]: [Address; 2],
    chunks: usize,
    count: usize,
    size: Size,
    real: DType,
) -> Result<()> {
    let arguments = vec![parts.into(), sum.into(), Argument::Long(count as i64), int(chunks)?];
    for_each(machine, count, kernel("add_parts", 1, size, chunks * count, real), arguments)
}

fn add_bias(machine: &dyn Machine, [bias, y]: [Address; 2], size: Size, real: DType) -> Result<()> {
    let count = size.batch * size.outputs * size.positions();
    let (width, _) = packs(size.positions(), &[y], real);
    let kernel = kernel("add_bias", width, size, count, real);
    let arguments = vec![bias.into(), y.into(), Argument::Long((count / width) as i64)];
    for_each(machine, count / width, kernel, arguments)
}

/// Writes the gradient by the input.
pub(super) fn input_gradient(
    machine: &dyn Machine,
    [weight, g, dx]: [Address; 3],
    size: Size,
    real: DType,
) -> Result<()> {
    if size.is_pointwise() {
        return pointwise(machine, Pass::Input, [dx, weight, g], size, real);
    }
    let convolution = convolution(Pass::Input, size, real);
    if machine.convolve(&convolution, [dx, weight, g], None)? != Convolved::Not {
        return Ok(());
    }
    let taps = size.taps();
    let weights = Matrix::transposed(weight, taps);
    for part in Part::all(machine, size, real)? {
        part.fill_wide(machine, g, size, real)?;
        machine.multiply(&Product {
            real,
            size: [taps, part.places(size), size.outputs],
            a: weights,
            b: part.matrix(part.wide, size),
            c: part.matrix(part.columns, size),
            accumulate: false,
            times: Times::ONE,
        })?;
        let count = part.images * size.pixels();
        let arguments = vec![
            part.columns.into(),
            dx.plus(part.input, real).into(),
            Argument::Long(count as i64),
            Argument::Long(part.places(size) as i64),
        ];
        let kernel = kernel("columns_to_image", 1, size, taps * part.places(size), real);
        for_each(machine, count, kernel, arguments)?;
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
    bias_gradient(machine, [g, db], size, real)?;
    if size.is_pointwise() {
        return pointwise(machine, Pass::Weight, [x, dw, g], size, real);
    }
    let convolution = convolution(Pass::Weight, size, real);
    if machine.convolve(&convolution, [x, dw, g], None)? != Convolved::Not {
        return Ok(());
    }
    let taps = size.taps();
    for (i, part) in Part::all(machine, size, real)?.into_iter().enumerate() {
        part.fill_columns(machine, x, size, real)?;
        part.fill_wide(machine, g, size, real)?;
        machine.multiply(&Product {
            real,
            size: [size.outputs, taps, part.places(size)],
            a: part.matrix(part.wide, size),
            b: Matrix { transposed: true, ..part.matrix(part.columns, size) },
            c: Matrix::new(dw, taps),
            accumulate: i > 0,
            times: Times::ONE,
        })?;
    }
    Ok(())
}

fn bias_gradient(
    machine: &dyn Machine,
    [g, db]: [Address; 2],
    size: Size,
    real: DType,
) -> Result<()> {
    let Size { batch, outputs, .. } = size;
    let count = batch * outputs * size.positions();
    let span = batch.div_ceil((BUSY / outputs).clamp(1, TALL.min(batch)));
    let chunks = batch.div_ceil(span);
    let parts = if chunks > 1 { machine.scratch(chunks * outputs, real)? } else { db };
    let (width, _) = packs(size.positions(), &[g], real);
    let kernel = kernel("sum_planes", width, size, count, real);
    let arguments = vec![g.into(), parts.into(), int(batch)?, int(span)?];
    let grid = [outputs as u32, chunks as u32];
    machine.launch(&Launch { kernel, grid, block: BLOCK, arguments })?;
    if chunks == 1 {
        return Ok(());
    }
    add_parts(machine, [parts, db], chunks, outputs, size, real)
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
