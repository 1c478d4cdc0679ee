//! The fully connected layer on a GPU: small products by a kernel that adds the bias, or what its gradient sums, at once; large ones by cuBLAS, to
//! which these come by kernels of their own.

use candle_core::DType;

use super::cpu::Size;
use crate::{
    Result,
    ops::cuda::{
        Address, Argument, BLOCK, Kernel, Launch, Machine, Matrix, Product, Program, Times,
        for_each, int,
    },
};

static KERNELS: Program = Program { name: "linear", source: include_str!("kernels.cu") };

/// Rows and columns that a block of the small product computes.
const TILE: usize = 16;
/// The most numbers of a small product.
const SMALL: usize = 1 << 18;
/// Bytes that a block may share.
const SHARED: usize = 48 << 10;

/// A product small enough for blocks that have all their factors in shared memory: `to[m, n] = sum_k left(m, k) right(n, k) + bias[n]`.
struct Small {
    left: Address,
    right: Address,
    /// Whether the factors lie as `[rows, depth]`, else as `[depth, rows]`.
    by_rows: [bool; 2],
    bias: Address,
    to: Address,
    /// The sums of `left` over the depth.
    sums: Address,
    /// m, n, k.
    size: [usize; 3],
}

impl Small {
    /// Whether so large a product is small; a matter of sizes alone, so that results do not depend on the GPU.
    fn suits([m, n, depth]: [usize; 3], real: DType) -> bool {
        let row = 4 * (depth.div_ceil(4) | 1);
        let shared = (2 * TILE * row + 4 * TILE * (TILE + 1)) * real.size_in_bytes();
        m * n <= SMALL && shared <= SHARED
    }

    fn launch(self, machine: &dyn Machine, real: DType) -> Result<()> {
        let [m, n, depth] = self.size;
        let constants = vec![
            ("DEPTH", depth as i64),
            ("LEFT_BY_ROWS", self.by_rows[0].into()),
            ("RIGHT_BY_ROWS", self.by_rows[1].into()),
            ("BLOCK", i64::from(BLOCK)),
        ];
        let kernel = Kernel { program: &KERNELS, real, constants, function: "product" };
        let places = [self.left, self.right, self.bias, self.to, self.sums];
        let mut arguments: Vec<Argument> = places.map(Argument::from).to_vec();
        arguments.extend([int(m)?, int(n)?]);
        let grid = [n.div_ceil(TILE) as u32, m.div_ceil(TILE) as u32];
        machine.launch(&Launch { kernel, grid, block: BLOCK, arguments })
    }
}

fn kernel(function: &'static str, real: DType) -> Kernel {
    Kernel { program: &KERNELS, real, constants: Vec::new(), function }
}

/// Writes `x W^T + b` into `y`.
pub(super) fn forward(
    machine: &dyn Machine,
    [x, weight, bias, y]: [Address; 4],
    size: Size,
    real: DType,
) -> Result<()> {
    let Size { batch, inputs, outputs } = size;
    let numbers = [batch, outputs, inputs];
    if Small::suits(numbers, real) {
        let (left, right, to, sums) = (x, weight, y, Address::NONE);
        let by_rows = [true, true];
        return Small { left, right, by_rows, bias, to, sums, size: numbers }.launch(machine, real);
    }
    let count = batch * outputs;
    let arguments = vec![bias.into(), y.into(), int(outputs)?, Argument::Long(count as i64)];
    let kernel = kernel("fill_rows", real);
    for_each(machine, count, kernel, arguments)?;
    machine.multiply(&Product {
        real,
        size: numbers,
        a: Matrix::new(x, inputs),
        b: Matrix::transposed(weight, inputs),
        c: Matrix::new(y, outputs),
        accumulate: true,
        times: Times::ONE,
    })
}

/// Writes the gradients that are asked for; those by weight and bias come together.
pub(super) fn backward(
    machine: &dyn Machine,
    [x, weight, g, dx, dw, db]: [Address; 6],
    size: Size,
    real: DType,
) -> Result<()> {
    if dx != Address::NONE {
        input_gradient(machine, [weight, g, dx], size, real)?;
    }
    if dw != Address::NONE {
        parameter_gradients(machine, [x, g, dw, db], size, real)?;
    }
    Ok(())
}

fn input_gradient(
    machine: &dyn Machine,
    [weight, g, dx]: [Address; 3],
    Size { batch, inputs, outputs }: Size,
    real: DType,
) -> Result<()> {
    let size = [batch, inputs, outputs];
    if Small::suits(size, real) {
        let (left, right, to, none) = (g, weight, dx, Address::NONE);
        let by_rows = [true, false];
        let small = Small { left, right, by_rows, bias: none, to, sums: none, size };
        return small.launch(machine, real);
    }
    machine.multiply(&Product {
        real,
        size,
        a: Matrix::new(g, outputs),
        b: Matrix::new(weight, inputs),
        c: Matrix::new(dx, inputs),
        accumulate: false,
        times: Times::ONE,
    })
}

fn parameter_gradients(
    machine: &dyn Machine,
    [x, g, dw, db]: [Address; 4],
    Size { batch, inputs, outputs }: Size,
    real: DType,
) -> Result<()> {
    let size = [outputs, inputs, batch];
    if Small::suits(size, real) {
        let (left, right, bias, to, sums) = (g, x, Address::NONE, dw, db);
        let by_rows = [false, false];
        return Small { left, right, by_rows, bias, to, sums, size }.launch(machine, real);
    }
    machine.multiply(&Product {
        real,
        size,
        a: Matrix::transposed(g, outputs),
        b: Matrix::new(x, inputs),
        c: Matrix::new(dw, inputs),
        accumulate: false,
        times: Times::ONE,
    })?;
    let arguments = vec![g.into(), db.into(), int(batch)?, int(outputs)?];
    for_each(machine, outputs, kernel("sum_rows", real), arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        linear,
        testing::{assert_close, normal},
    };

    #[test]
    fn kernels_agree_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        // Small in every way, in some, and in none.
        for (batch, inputs, outputs, dtype, tolerance) in [
            (7, 33, 10, DType::F64, 1e-12),
            (1, 1, 1, DType::F64, 1e-12),
            (34, 100, 17, DType::F64, 1e-12),
            (5, 20, 300, DType::F32, 2e-5),
            (40, 1100, 21, DType::F32, 1e-4),
            (500, 3, 600, DType::F64, 1e-12),
        ] {
            let x = normal("x", &[batch, inputs], dtype);
            let (w, b) = (normal("w", &[outputs, inputs], dtype), normal("b", &[outputs], dtype));
            let g = normal("g", &[batch, outputs], dtype);
            let size = linear::size(&x, &w, &b).unwrap();
            let [y, ey] = [(); 2].map(|()| g.zeros_like().unwrap());
            machine.run([&x, &w, &b, &y].map(Some), |m, at| forward(m, at, size, dtype));
            linear::forward(&x, &w, &b, &ey).unwrap();
            assert_close("y", &y, &ey, tolerance);
            let [dx, dw, db] = [&x, &w, &b].map(|t| t.zeros_like().unwrap());
            let [edx, edw, edb] = [&x, &w, &b].map(|t| t.zeros_like().unwrap());
            machine
                .run([&x, &w, &g, &dx, &dw, &db].map(Some), |m, at| backward(m, at, size, dtype));
            linear::backward(&x, &w, &g, Some(&edx), Some((&edw, &edb))).unwrap();
            assert_close("dx", &dx, &edx, tolerance);
            assert_close("dw", &dw, &edw, tolerance);
            assert_close("db", &db, &edb, tolerance);
        }
    }
}
