//! Convolution on the CPU, by the algorithm that was chosen. Lowered: every image made a matrix, images spread over the threads, products on one
//! thread each.

use super::{
    algorithm::Method,
    lowering::{Size, columns_to_image, image_to_columns, image_to_patches},
    pointwise,
    sums::{add_in_order, sum},
    winograd::{Convolution, Weights, convolve, weight_gradient},
};
use crate::ops::{
    matmul::{Matrix, matmul},
    parallel::{Shared, for_chunks, for_each},
    real::Real,
    scratch::with_scratch,
    simd::{Vectors, vectorise},
};

/// Partial sums of the weights' gradient: as many tasks at most.
const GROUPS: usize = 16;
/// Output positions that one product for the weights' gradient should cover, so that its result is not rewritten for every small image.
const DEPTH: usize = 512;

/// The output.
pub(super) fn forward<T: Vectors>(
    x: &[T],
    w: &[T],
    b: &[T],
    y: &mut [T],
    size: Size,
    method: Method,
) {
    let weights = Weights { data: w, turned: false };
    let convolution = Convolution::forward(size);
    match method {
        Method::Winograd5 => convolve::<T, 2, 5>(x, weights, Some(b), y, convolution),
        Method::Winograd3 => convolve::<T, 4, 3>(x, weights, Some(b), y, convolution),
        Method::Lowered | Method::Pointwise => forward_lowered(x, w, b, y, size),
    }
}

/// `y = W columns(x) + b`, image by image.
fn forward_lowered<T: Real>(x: &[T], w: &[T], b: &[T], y: &mut [T], size: Size) {
    let (taps, positions) = (size.taps(), size.positions());
    let w = Matrix::row_major(w, size.outputs, taps);
    for_chunks(y, size.outputs * positions, |start, y| {
        let image = start / (size.outputs * positions);
        let x = &x[image * size.pixels()..][..size.pixels()];
        for (y, &b) in y.chunks_exact_mut(positions).zip(b) {
            y.fill(b);
        }
        if size.is_pointwise() {
            matmul(y, w, Matrix::row_major(x, taps, positions), true);
            return;
        }
        with_scratch([taps * positions], |[columns]| {
            vectorise(
                #[inline(always)]
                || image_to_columns(x, columns, positions, size),
            );
            matmul(y, w, Matrix::row_major(columns, taps, positions), true);
        });
    });
}

/// The gradient by the input.
pub(super) fn input_gradient<T: Vectors>(
    w: &[T],
    g: &[T],
    dx: &mut [T],
    size: Size,
    method: Method,
) {
    let weights = Weights { data: w, turned: true };
    match method {
        Method::Winograd5 => {
            convolve::<T, 2, 5>(g, weights, None, dx, Convolution::input_gradient(size));
        }
        Method::Winograd3 => {
            convolve::<T, 4, 3>(g, weights, None, dx, Convolution::input_gradient(size));
        }
        Method::Lowered | Method::Pointwise => input_gradient_lowered(w, g, dx, size),
    }
}

/// `dx = image(W^T g)`, image by image.
fn input_gradient_lowered<T: Real>(w: &[T], g: &[T], dx: &mut [T], size: Size) {
    let (taps, positions) = (size.taps(), size.positions());
    let w = Matrix::row_major(w, size.outputs, taps).transposed();
    for_chunks(dx, size.pixels(), |start, dx| {
        let image = start / size.pixels();
        let g = &g[image * size.outputs * positions..][..size.outputs * positions];
        let g = Matrix::row_major(g, size.outputs, positions);
        if size.is_pointwise() {
            matmul(dx, w, g, false);
            return;
        }
        with_scratch([taps * positions], |[columns]| {
            matmul(columns, w, g, false);
            vectorise(
                #[inline(always)]
                || columns_to_image(columns, dx, size),
            );
        });
    });
}

/// The gradients by weights and biases.
pub(super) fn parameter_gradients<T: Vectors>(
    x: &[T],
    g: &[T],
    dw: &mut [T],
    db: &mut [T],
    size: Size,
    method: Method,
) {
    let convolution = Convolution::forward(size);
    match method {
        Method::Winograd5 => weight_gradient::<T, 2, 5>(x, g, dw, convolution),
        Method::Winograd3 => weight_gradient::<T, 4, 3>(x, g, dw, convolution),
        Method::Pointwise => {
            let per_group = size.batch.div_ceil(GROUPS);
            let groups = size.batch.div_ceil(per_group);
            pointwise::parameter_gradients(x, g, dw, db, size, groups, per_group);
            return;
        }
        Method::Lowered => {
            parameter_gradients_lowered(x, g, dw, db, size);
            return;
        }
    }
    bias_gradient(g, db, size);
}

/// `db = sum_n sum_(i, j) g`.
fn bias_gradient<T: Real>(g: &[T], db: &mut [T], size: Size) {
    let (outputs, positions) = (size.outputs, size.positions());
    for_chunks(db, 8, |first, db| {
        vectorise(
            #[inline(always)]
            || {
                db.fill(T::ZERO);
                for g in g.chunks_exact(outputs * positions) {
                    for (db, g) in db.iter_mut().zip(g.chunks_exact(positions).skip(first)) {
                        *db += sum(g);
                    }
                }
            },
        );
    });
}

/// `dW = sum_n g columns(x)^T` and `db = sum_n sum_(i, j) g`: groups of images, each with its own sums, added in order.
fn parameter_gradients_lowered<T: Real>(x: &[T], g: &[T], dw: &mut [T], db: &mut [T], size: Size) {
    let per_group = size.batch.div_ceil(GROUPS);
    let groups = size.batch.div_ceil(per_group);
    let (weights, outputs) = (dw.len(), size.outputs);
    with_scratch(
        [groups * weights, groups * outputs],
        |[weight_sums, bias_sums]: [&mut [T]; 2]| {
            let (shared_weights, shared_biases) =
                (Shared::new(weight_sums), Shared::new(bias_sums));
            for_each(groups, |group| {
                let images = group * per_group..size.batch.min((group + 1) * per_group);
                // SAFETY: every group has its own sums.
                #[allow(unsafe_code)]
                let (dw, db) = unsafe {
                    (
                        shared_weights.part(group * weights, weights),
                        shared_biases.part(group * outputs, outputs),
                    )
                };
                group_gradients(x, g, dw, db, images, size);
            });
            add_in_order(weight_sums, dw);
            add_in_order(bias_sums, db);
        },
    );
}

/// The sums over some images. Small images are put side by side, so that a product covers about [`DEPTH`] output positions.
fn group_gradients<T: Real>(
    x: &[T],
    g: &[T],
    dw: &mut [T],
    db: &mut [T],
    images: std::ops::Range<usize>,
    size: Size,
) {
    let (taps, positions, outputs) = (size.taps(), size.positions(), size.outputs);
    let together = DEPTH.div_ceil(positions).min(images.len());
    let depth = together * positions;
    db.fill(T::ZERO);
    let lengths = [taps * depth, outputs * depth, size.padded_pixels()];
    with_scratch(lengths, |[lowered, gathered, padded]: [&mut [T]; 3]| {
        for first in images.clone().step_by(together) {
            let count = together.min(images.end - first);
            for i in 0..count {
                let image = first + i;
                let x = &x[image * size.pixels()..][..size.pixels()];
                let g = &g[image * outputs * positions..][..outputs * positions];
                vectorise(
                    #[inline(always)]
                    || {
                        let patches = &mut lowered[i * positions * taps..][..positions * taps];
                        image_to_patches(x, padded, patches, size);
                        for (o, g) in g.chunks_exact(positions).enumerate() {
                            gathered[o * depth + i * positions..][..positions].copy_from_slice(g);
                            db[o] += sum(g);
                        }
                    },
                );
            }
            let columns = count * positions;
            let gathered =
                Matrix { data: &*gathered, rows: outputs, columns, row: depth, column: 1 };
            let lowered = Matrix::row_major(lowered, columns, taps);
            matmul(dw, gathered, lowered, first != images.start);
        }
    });
}
