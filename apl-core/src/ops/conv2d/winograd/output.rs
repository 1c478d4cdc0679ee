//! A convolution from planes to planes, through the transformed domain.

use pulp::{Simd, WithSimd};

use super::{
    Convolution, PANEL,
    input::{Pixels, place_stride, places},
    padded, panels,
    tiles::{Block, Planes, Tiling},
    transform::{POINTS, adjoint, both_axes},
    weights::{Weights, transform_weights},
};
use crate::ops::{
    conv2d::product::{Left, Lengths, product},
    parallel::{Shared, for_each},
    scratch::with_scratch,
    simd::{Vectors, dispatch, vectorise},
};

/// Tiles in a block: enough that the weights are read seldom, few enough that the tiles stay in the cache.
const TILES: usize = 32;

/// `y = weights * x + bias` for tiles of `M` by `M` outputs and kernels of `K` by `K`.
pub(in crate::ops::conv2d) fn convolve<T: Vectors, const M: usize, const K: usize>(
    x: &[T],
    weights: Weights<T>,
    bias: Option<&[T]>,
    y: &mut [T],
    convolution: Convolution,
) {
    const { assert!(M + K == POINTS + 1) };
    let Convolution { batch, inputs, outputs, image, output, padding } = convolution;
    let tiling = Tiling::new(batch, output, M, TILES);
    let taps = POINTS * POINTS * inputs * padded(outputs);
    with_scratch([taps, padded(outputs)], |[transformed, biases]| {
        transform_weights::<T, K>(weights, transformed, inputs, outputs);
        biases.fill(T::ZERO);
        if let Some(bias) = bias {
            biases[..outputs].copy_from_slice(bias);
        }
        let (transformed, biases) = (&*transformed, &*biases);
        let y = Shared::new(y);
        let source = Planes { channels: inputs, size: image };
        let target = Planes { channels: outputs, size: output };
        for_each(tiling.blocks(), |index| {
            let block = tiling.block(index);
            let tiles = block.tiles();
            let lengths = [
                tiling.most_pixels() * padded(inputs),
                POINTS * POINTS * place_stride(tiles, padded(inputs)),
                places(tiles, PANEL),
                tiles * M * M * PANEL,
            ];
            with_scratch(lengths, |[band, pixels, products, results]| {
                vectorise(
                    #[inline(always)]
                    || source.gather(x, block, padding, block.pixels(), band),
                );
                Pixels { band, block, channels: inputs, transformed: pixels }.transform();
                for (first, width) in panels(outputs) {
                    let weights = &transformed[POINTS * POINTS * inputs * first..];
                    multiply(pixels, weights, products, [tiles, inputs, width]);
                    let biases = &biases[first..][..width];
                    let results = &mut results[..tiles * M * M * width];
                    dispatch(Results::<T, M> { products, block, biases, outputs: results });
                    // SAFETY: every block has its own images or rows of outputs.
                    #[allow(unsafe_code)]
                    vectorise(
                        #[inline(always)]
                        || unsafe { target.scatter(results, block, first, width, &y) },
                    );
                }
            });
        });
    });
}

/// The 36 products for one panel.
fn multiply<T: Vectors>(
    pixels: &[T],
    weights: &[T],
    products: &mut [T],
    [tiles, inputs, width]: [usize; 3],
) {
    let lengths = Lengths { rows: tiles, depth: inputs, width };
    for place in 0..POINTS * POINTS {
        let pixels = &pixels[place * place_stride(tiles, padded(inputs))..];
        let left = Left { data: pixels, row: padded(inputs), depth: 1 };
        let right = &weights[place * inputs * width..][..inputs * width];
        let target = &mut products[place * place_stride(tiles, width)..][..tiles * width];
        product(left, right, target, lengths, false);
    }
}

/// Back from the transformed domain: `products` `[36][tiles, width]`, `outputs` `[rows, columns, width]` per image.
struct Results<'a, T, const M: usize> {
    products: &'a [T],
    block: Block,
    biases: &'a [T],
    outputs: &'a mut [T],
}

impl<T: Vectors, const M: usize> WithSimd for Results<'_, T, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let biases = T::vectors::<S>(self.biases);
        let width = biases.len();
        let place = place_stride(self.block.tiles(), self.biases.len()) / lanes;
        let products = T::vectors::<S>(self.products);
        let outputs = T::vectors_mut::<S>(self.outputs);
        let [rows, columns] = self.block.outputs();
        self.block.for_each_tile(
            #[inline(always)]
            |image, i, j, tile| {
                let corner = ((image * rows + i) * columns + j) * width;
                for c in 0..width {
                    both_axes(
                        T::splat(simd, T::ZERO),
                        #[inline(always)]
                        |u, v| products[(u * POINTS + v) * place + tile * width + c],
                        #[inline(always)]
                        |p| adjoint::<T, S, M>(simd, p),
                        #[inline(always)]
                        |u, v, value| {
                            let value = T::plus(simd, value, biases[c]);
                            outputs[corner + (u * columns + v) * width + c] = value;
                        },
                    );
                }
            },
        );
    }
}
