//! The gradient by the weights.

use pulp::{Simd, WithSimd};

use super::{
    Convolution, LANES,
    input::{Gradients, Pixels, place_stride, places},
    padded, panels,
    tiles::{Planes, Tiling},
    transform::{POINTS, adjoint, both_axes, scaled},
};
use crate::ops::{
    conv2d::product::{Left, Lengths, product},
    parallel::{Shared, for_each},
    scratch::with_scratch,
    simd::{Vectors, dispatch, vectorise},
};

/// Tiles in a block.
const TILES: usize = 112;
/// Sums over successive blocks, added in order at the end: as many tasks. Each is as large as the transformed weights, so a sum should cover some
/// hundred tiles.
const SUMS: std::ops::RangeInclusive<usize> = 4..=8;
const TILES_PER_SUM: usize = 400;

/// `dW`, `[O, C, K, K]`, from the pixels and the output's gradient.
pub(in crate::ops::conv2d) fn weight_gradient<T: Vectors, const M: usize, const K: usize>(
    x: &[T],
    g: &[T],
    dw: &mut [T],
    convolution: Convolution,
) {
    const { assert!(M + K == POINTS + 1) };
    let Convolution { batch, inputs, outputs, output, .. } = convolution;
    let tiling = Tiling::new(batch, output, M, TILES);
    let wanted = (tiling.blocks() * tiling.most_tiles()) / TILES_PER_SUM;
    let sums = wanted.clamp(*SUMS.start(), *SUMS.end()).min(tiling.blocks());
    let first = |sum: usize| sum * tiling.blocks() / sums;
    let len = POINTS * POINTS * inputs * padded(outputs);
    with_scratch([sums * len], |[totals]| {
        let shared = Shared::new(totals);
        for_each(sums, |index| {
            // SAFETY: every task has its own sum.
            #[allow(unsafe_code)]
            let total = unsafe { shared.part(index * len, len) };
            let blocks = first(index)..first(index + 1);
            sum_blocks::<T, M>(x, g, total, convolution, &tiling, blocks);
        });
        let (totals, dw) = (&*totals, Shared::new(dw));
        for_each(inputs, |input| {
            dispatch(Sums::<T, K> { totals, len, dw: &dw, input, inputs, outputs });
        });
    });
}

/// The sum over some blocks in the transformed domain, `[panel][36][inputs, panel's width]`.
fn sum_blocks<T: Vectors, const M: usize>(
    x: &[T],
    g: &[T],
    total: &mut [T],
    convolution: Convolution,
    tiling: &Tiling,
    blocks: std::ops::Range<usize>,
) {
    let Convolution { inputs, outputs, image, output, padding, .. } = convolution;
    let (source, target) =
        (Planes { channels: inputs, size: image }, Planes { channels: outputs, size: output });
    let most = tiling.most_tiles();
    let lengths = [
        tiling.most_pixels() * padded(inputs).max(padded(outputs)),
        POINTS * POINTS * place_stride(most, padded(inputs)),
        places(most, outputs),
    ];
    with_scratch(lengths, |[band, pixels, gradients]| {
        for index in blocks.clone() {
            let block = tiling.block(index);
            vectorise(
                #[inline(always)]
                || source.gather(x, block, padding, block.pixels(), band),
            );
            Pixels { band, block, channels: inputs, transformed: pixels }.transform();
            vectorise(
                #[inline(always)]
                || target.gather(g, block, 0, block.outputs(), band),
            );
            Gradients::<T, M> { band, block, channels: outputs, transformed: gradients }
                .transform();
            let lengths = [block.tiles(), inputs, outputs];
            multiply(pixels, gradients, total, lengths, index != blocks.start);
        }
    });
}

/// The products of all places and panels.
fn multiply<T: Vectors>(
    pixels: &[T],
    gradients: &[T],
    total: &mut [T],
    [tiles, inputs, outputs]: [usize; 3],
    accumulate: bool,
) {
    let mut start = 0;
    for (first, width) in panels(outputs) {
        let lengths = Lengths { rows: inputs, depth: tiles, width };
        for place in 0..POINTS * POINTS {
            let pixels = &pixels[place * place_stride(tiles, padded(inputs))..];
            let left = Left { data: pixels, row: 1, depth: padded(inputs) };
            let right = &gradients[start..][..tiles * width];
            start += place_stride(tiles, width);
            let sum = POINTS * POINTS * inputs * first + place * inputs * width;
            product(left, right, &mut total[sum..][..inputs * width], lengths, accumulate);
        }
    }
}

/// From the sums to the gradients of the kernels of one input.
struct Sums<'a, 'b, T, const K: usize> {
    totals: &'a [T],
    len: usize,
    dw: &'a Shared<'b, T>,
    input: usize,
    inputs: usize,
    outputs: usize,
}

impl<T: Vectors, const K: usize> WithSimd for Sums<'_, '_, T, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        for (first, width) in panels(self.outputs) {
            let panel = POINTS * POINTS * self.inputs * first;
            for column in (0..width).step_by(lanes) {
                let mut kernels = [[[T::ZERO; LANES]; K]; K];
                both_axes(
                    T::splat(simd, T::ZERO),
                    #[inline(always)]
                    |u, v| {
                        let row = (u * POINTS + v) * self.inputs + self.input;
                        let start = panel + row * width + column;
                        let mut sum = T::splat(simd, T::ZERO);
                        for total in self.totals.chunks_exact(self.len) {
                            let part = &total[start..][..lanes];
                            sum = T::plus(simd, sum, T::load(simd, part, 0));
                        }
                        sum
                    },
                    #[inline(always)]
                    |p| adjoint::<T, S, K>(simd, scaled::<T, S>(simd, p)),
                    #[inline(always)]
                    |u, v, value| T::store(simd, &mut kernels[u][v], 0, value),
                );
                self.write(&kernels, first + column, lanes);
            }
        }
    }
}

impl<T: Vectors, const K: usize> Sums<'_, '_, T, K> {
    /// Kernels of the outputs from `first` on, `lanes` at most.
    #[inline(always)]
    fn write(&self, kernels: &[[[T; LANES]; K]; K], first: usize, lanes: usize) {
        for lane in 0..lanes.min(self.outputs.saturating_sub(first)) {
            let kernel = (first + lane) * self.inputs + self.input;
            // SAFETY: every task has its own input.
            #[allow(unsafe_code)]
            let dw = unsafe { self.dw.part(kernel * K * K, K * K) };
            for (value, lanes) in dw.iter_mut().zip(kernels.iter().flatten()) {
                *value = lanes[lane];
            }
        }
    }
}
