//! The fully connected layer on a GPU: cuBLAS's products, to which bias and its gradient come by kernels.

use candle_core::DType;

use super::cpu::Size;
use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Machine, Matrix, Product, Program, for_each, int},
};

static KERNELS: Program = Program { name: "linear", source: include_str!("kernels.cu") };

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
    let count = batch * outputs;
    let arguments = vec![bias.into(), y.into(), int(outputs)?, Argument::Long(count as i64)];
    let kernel = kernel("fill_rows", real);
    for_each(machine, count, kernel, arguments)?;
    machine.multiply(&Product {
        real,
        size: [batch, outputs, inputs],
        a: Matrix::new(x, inputs),
        b: Matrix::transposed(weight, inputs),
        c: Matrix::new(y, outputs),
        accumulate: true,
    })
}

/// Writes the gradients that are asked for; those by weight and bias come together.
pub(super) fn backward(
    machine: &dyn Machine,
    [x, weight, g, dx, dw, db]: [Address; 6],
    size: Size,
    real: DType,
) -> Result<()> {
    let Size { batch, inputs, outputs } = size;
    let product = Product {
        real,
        size: [batch, inputs, outputs],
        a: Matrix::new(g, outputs),
        b: Matrix::new(weight, inputs),
        c: Matrix::new(dx, inputs),
        accumulate: false,
    };
    if dx != Address::NONE {
        machine.multiply(&product)?;
    }
    if dw == Address::NONE {
        return Ok(());
    }
    machine.multiply(&Product {
        size: [outputs, inputs, batch],
        a: Matrix::transposed(g, outputs),
        b: Matrix::new(x, inputs),
        c: Matrix::new(dw, inputs),
        ..product
    })?;
    let arguments = vec![g.into(), db.into(), int(batch)?, int(outputs)?];
    let kernel = kernel("sum_rows", real);
    for_each(machine, outputs, kernel, arguments)
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
        for (batch, inputs, outputs, dtype, tolerance) in
            [(7, 33, 10, DType::F64, 1e-12), (5, 20, 300, DType::F32, 2e-5)]
        {
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
