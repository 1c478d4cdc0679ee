//! The fully connected layer on the CPU: a pass is one parallel sweep over blocks of its products, each one matrix product on one thread.
//!
//! The networks' small layers live on how little stands between the products: a layer of 274 units at batch 100 takes a tenth of a millisecond.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::ops::{
    check::all_finite,
    matmul::{Matrix, Target, matmul_into},
    parallel::{Shared, for_each},
    real::Real,
    scratch::with_scratch,
    simd::{Vectors, vectorise},
    transpose::{LANES, transpose},
};

#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// Multiplications that are worth a task of their own.
const TASK: usize = 1 << 22;
/// The most tasks of a product.
const TASKS: usize = 16;
/// Blocks are whole vectors of `gemm`'s: so many f32 in AVX-512; those of other types and levels divide it.
const VECTOR: usize = 16;

/// A product's rows or columns in blocks, by its shape only.
#[derive(Debug, Clone, Copy)]
struct Blocks {
    length: usize,
    width: usize,
}

impl Blocks {
    fn new(length: usize, size: Size) -> Self {
        let tasks = (size.batch * size.inputs * size.outputs).div_ceil(TASK).min(TASKS);
        Self { length, width: length.div_ceil(tasks.max(1)).next_multiple_of(VECTOR) }
    }

    fn count(self) -> usize {
        self.length.div_ceil(self.width)
    }

    fn range(self, block: usize) -> Range<usize> {
        let first = block * self.width;
        first..self.length.min(first + self.width)
    }
}

/// Weights from which on turning them around pays.
const LARGE: usize = 1 << 20;
/// Inputs whose weights are turned around at once: with a block of outputs, what the second-level cache holds.
const DEPTH: usize = 512;

/// `y = x W^T + b`; false where a weight is not finite, and `y` is then not to be used.
///
/// A product wants the outputs side by side, where W has the inputs, and turns W around number by number. A large W is turned around beforehand, in
/// pieces and by whole cache lines.
#[must_use]
pub(super) fn forward<T: Vectors>(x: &[T], w: &[T], b: &[T], y: &mut [T], size: Size) -> bool {
    let Size { batch, inputs, outputs } = size;
    let blocks = Blocks::new(outputs, size);
    let x = Matrix::row_major(x, batch, inputs);
    let weight = Matrix::row_major(w, outputs, inputs);
    let y = Shared::new(y);
    let clean = AtomicBool::new(true);
    for_each(blocks.count(), |block| {
        let columns = blocks.range(block);
        // Looked at here, where the weights are about to be read anyway.
        if !all_finite(&w[columns.start * inputs..columns.end * inputs]) {
            clean.store(false, Ordering::Relaxed);
            return;
        }
        for row in 0..batch {
            // SAFETY: tasks write disjoint columns.
            #[allow(unsafe_code)]
            let y = unsafe { y.part(row * outputs + columns.start, columns.len()) };
            y.copy_from_slice(&b[columns.clone()]);
        }
        // SAFETY: tasks write disjoint columns.
        #[allow(unsafe_code)]
        let add = |x: Matrix<'_, T>, rhs: Matrix<'_, T>| unsafe {
            matmul_into(Target { data: &y, first: columns.start, row: outputs }, x, rhs, true);
        };
        if w.len() < LARGE {
            add(x, weight.rows(columns.start, columns.len()).transposed());
            return;
        }
        let width = columns.len().next_multiple_of(LANES);
        with_scratch([DEPTH * width], |[turned]: [&mut [T]; 1]| {
            for first in (0..inputs).step_by(DEPTH) {
                let depth = DEPTH.min(inputs - first);
                let turned = &mut turned[..depth * width];
                let line = |o| &w[(columns.start + o) * inputs + first..][..depth];
                vectorise(
                    #[inline(always)]
                    || transpose(line, columns.len(), turned, width),
                );
                let rhs = Matrix::row_major(turned, depth, width);
                add(x.columns(first, depth), Matrix { columns: columns.len(), ..rhs });
            }
        });
    });
    clean.into_inner()
}

/// `dx = g W` and `dW = g^T x`, `db = sum_n g`, each where there is room for it, in one sweep.
pub(super) fn backward<T: Real>(
    x: &[T],
    w: &[T],
    g: &[T],
    dx: Option<&mut [T]>,
    parameters: Option<(&mut [T], &mut [T])>,
    size: Size,
) {
    let Size { batch, inputs, outputs } = size;
    let x = Matrix::row_major(x, batch, inputs);
    let weight = Matrix::row_major(w, outputs, inputs);
    let gradient = Matrix::row_major(g, batch, outputs);
    // The blocks of dW come first, as a block of rows of [O, I]; those of dx, of columns of [N, I], follow.
    let rows = Blocks::new(outputs, size);
    let columns = Blocks::new(inputs, size);
    let first = if parameters.is_some() { rows.count() } else { 0 };
    let last = if dx.is_some() { columns.count() } else { 0 };
    let dx = dx.map(Shared::new);
    let parameters = parameters.map(|(dw, db)| (Shared::new(dw), Shared::new(db)));
    for_each(first + last, |task| match (&parameters, &dx) {
        (Some((dw, db)), _) if task < first => {
            let range = rows.range(task);
            let lhs = gradient.columns(range.start, range.len()).transposed();
            let target = Target { data: dw, first: range.start * inputs, row: inputs };
            // SAFETY: tasks write disjoint rows of dW and the elements of db that belong to them.
            #[allow(unsafe_code)]
            let db = unsafe {
                matmul_into(target, lhs, x, false);
                db.part(range.start, range.len())
            };
            sum_rows(g, outputs, range, db);
        }
        (_, Some(dx)) => {
            let range = columns.range(task - first);
            let rhs = weight.columns(range.start, range.len());
            let target = Target { data: dx, first: range.start, row: inputs };
            // SAFETY: tasks write disjoint columns.
            #[allow(unsafe_code)]
            unsafe {
                matmul_into(target, gradient, rhs, false);
            }
        }
        _ => {}
    });
}

/// The sums of some columns over the rows, in the order of the rows.
fn sum_rows<T: Real>(g: &[T], outputs: usize, columns: Range<usize>, sums: &mut [T]) {
    vectorise(
        #[inline(always)]
        || {
            sums.fill(T::ZERO);
            for row in g.chunks_exact(outputs) {
                for (sum, &value) in sums.iter_mut().zip(&row[columns.clone()]) {
                    *sum += value;
                }
            }
        },
    );
}
