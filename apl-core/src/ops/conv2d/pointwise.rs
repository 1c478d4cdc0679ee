//! The gradients by weights and biases of a convolution with a single pixel: `dW = sum_n g x^T`, a product along the positions.
//!
//! Both operands have the positions innermost, where a product would want the channels of `x` side by side. So the positions are worked on in pieces
//! that are turned around while they are in the cache.

use super::{
    lowering::Size,
    product::{Left, Lengths, PANEL, padded, panels, product},
    sums::{add_in_order, sum},
};
use crate::ops::{
    parallel::{Shared, for_each},
    scratch::with_scratch,
    simd::{Vectors, vectorise},
    transpose::transpose,
};

/// Positions in a piece: with a panel of channels 256 kB.
const PIECE: usize = 1024;

/// Adds up the images of each of `groups` groups of `per_group` images, then the groups in order.
pub(super) fn parameter_gradients<T: Vectors>(
    x: &[T],
    g: &[T],
    dw: &mut [T],
    db: &mut [T],
    size: Size,
    groups: usize,
    per_group: usize,
) {
    let (channels, outputs) = (size.channels, size.outputs);
    let len = outputs * padded(channels);
    with_scratch([groups * len, groups * outputs], |[totals, bias_totals]| {
        let (shared, shared_biases) = (Shared::new(totals), Shared::new(bias_totals));
        for_each(groups, |group| {
            // SAFETY: every group has its own sum.
            #[allow(unsafe_code)]
            let (total, biases) = unsafe {
                (shared.part(group * len, len), shared_biases.part(group * outputs, outputs))
            };
            total.fill(T::ZERO);
            biases.fill(T::ZERO);
            for image in group * per_group..size.batch.min((group + 1) * per_group) {
                let x = &x[image * size.pixels()..][..size.pixels()];
                let g = &g[image * outputs * size.positions()..][..outputs * size.positions()];
                // First, as it brings the gradients into the cache in their order.
                vectorise(
                    #[inline(always)]
                    || {
                        for (db, g) in biases.iter_mut().zip(g.chunks_exact(size.positions())) {
                            *db += sum(g);
                        }
                    },
                );
                add_image(x, g, total, size);
            }
        });
        add_in_order(bias_totals, db);
        // From `[panel][outputs, panel's width]` to `[outputs, channels]`.
        let totals = &*totals;
        let rows = Shared::new(dw);
        for_each(outputs, |output| {
            // SAFETY: every task has its own row.
            #[allow(unsafe_code)]
            let row = unsafe { rows.part(output * channels, channels) };
            vectorise(
                #[inline(always)]
                || {
                    row.fill(T::ZERO);
                    for total in totals.chunks_exact(len) {
                        for (first, width) in panels(channels) {
                            let part = &total[first * outputs + output * width..][..width];
                            for (sum, &value) in row[first..].iter_mut().zip(part) {
                                *sum += value;
                            }
                        }
                    }
                },
            );
        });
    });
}

fn add_image<T: Vectors>(x: &[T], g: &[T], total: &mut [T], size: Size) {
    let (channels, outputs, positions) = (size.channels, size.outputs, size.positions());
    with_scratch([PIECE.min(positions) * PANEL], |[turned]| {
        for start in (0..positions).step_by(PIECE) {
            let depth = PIECE.min(positions - start);
            for (first, width) in panels(channels) {
                let turned = &mut turned[..width * depth];
                let line = |channel| &x[(first + channel) * positions + start..][..depth];
                vectorise(
                    #[inline(always)]
                    || transpose(line, width.min(channels - first), turned, width),
                );
                let left = Left { data: &g[start..], row: positions, depth: 1 };
                let lengths = Lengths { rows: outputs, depth, width };
                let total = &mut total[first * outputs..][..outputs * width];
                product(left, turned, total, lengths, true);
            }
        }
    });
}
