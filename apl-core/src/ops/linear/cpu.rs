//! The fully connected layer on the CPU: blocks of the result's columns, one matrix product each.

use crate::ops::{
    matmul::{Matrix, Target, matmul, matmul_into},
    parallel::{Shared, for_chunks, for_each},
    real::Real,
};

#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// Columns of a task: about sixteen tasks a product, none too narrow for an efficient product.
fn block(columns: usize) -> usize {
    columns.div_ceil(16).next_multiple_of(32).max(64)
}

/// `y = x W^T + b`.
pub(super) fn forward<T: Real>(x: &[T], w: &[T], b: &[T], y: &mut [T], size: Size) {
    let Size { batch, inputs, outputs } = size;
    for row in y.chunks_exact_mut(outputs) {
        row.copy_from_slice(b);
    }
    let x = Matrix::row_major(x, batch, inputs);
    let w = Matrix::row_major(w, outputs, inputs).transposed();
    blocks(y, outputs, |columns| (x, w.columns(columns.start, columns.len())), true);
}

/// `dx = g W`.
pub(super) fn input_gradient<T: Real>(w: &[T], g: &[T], dx: &mut [T], size: Size) {
    let Size { batch, inputs, outputs } = size;
    let g = Matrix::row_major(g, batch, outputs);
    let w = Matrix::row_major(w, outputs, inputs);
    blocks(dx, inputs, |columns| (g, w.columns(columns.start, columns.len())), false);
}

/// A product `[N, columns]` in blocks of columns; `factors` gives the two matrices of a block.
fn blocks<'a, T: Real>(
    result: &mut [T],
    columns: usize,
    factors: impl Fn(std::ops::Range<usize>) -> (Matrix<'a, T>, Matrix<'a, T>) + Sync + Send,
    accumulate: bool,
) {
    let width = block(columns);
    let result = Shared::new(result);
    for_each(columns.div_ceil(width), |task| {
        let first = task * width;
        let (lhs, rhs) = factors(first..columns.min(first + width));
        let target = Target { data: &result, first, row: columns };
        // SAFETY: tasks write disjoint columns.
        #[allow(unsafe_code)]
        unsafe {
            matmul_into(target, lhs, rhs, accumulate);
        }
    });
}

/// `dW = g^T x`, in blocks of rows, and `db = sum_n g`.
pub(super) fn parameter_gradients<T: Real>(
    x: &[T],
    g: &[T],
    dw: &mut [T],
    db: &mut [T],
    size: Size,
) {
    let Size { batch, inputs, outputs } = size;
    let x = Matrix::row_major(x, batch, inputs);
    let transposed = Matrix::row_major(g, batch, outputs).transposed();
    for_chunks(dw, block(outputs) * inputs, |start, dw| {
        let rows = transposed.rows(start / inputs, dw.len() / inputs);
        matmul(dw, rows, x, false);
    });
    db.fill(T::ZERO);
    for row in g.chunks_exact(outputs) {
        for (sum, &value) in db.iter_mut().zip(row) {
            *sum += value;
        }
    }
}
