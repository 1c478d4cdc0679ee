//! Pixels and the output's gradient to the transformed domain.

use pulp::{Simd, WithSimd};

use super::{
    LANES, padded, panels,
    tiles::Block,
    transform::{POINTS, both_axes, evaluate, image as pixels},
};
use crate::ops::simd::{Vectors, dispatch};

/// Elements from one place of the transformed domain to the next. The extra register keeps the 36 places out of the same set of a cache.
pub(super) fn place_stride(tiles: usize, width: usize) -> usize {
    tiles * width + LANES
}

/// Elements that all places of some tiles take, for panels of outputs or all channels together.
pub(super) fn places(tiles: usize, channels: usize) -> usize {
    POINTS * POINTS * panels(channels).map(|(_, width)| place_stride(tiles, width)).sum::<usize>()
}

/// Tiles of pixels: `band` as from `Planes::gather`, `transformed` `[36][tiles, padded channels]`, [`place_stride`] apart.
pub(super) struct Pixels<'a, T> {
    pub band: &'a [T],
    pub block: Block,
    pub channels: usize,
    pub transformed: &'a mut [T],
}

impl<T: Vectors> Pixels<'_, T> {
    pub fn transform(self) {
        dispatch(self);
    }
}

impl<T: Vectors> WithSimd for Pixels<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let depth = padded(self.channels) / T::lanes::<S>();
        let place = place_stride(self.block.tiles(), padded(self.channels)) / T::lanes::<S>();
        let band = T::vectors::<S>(self.band);
        let transformed = T::vectors_mut::<S>(self.transformed);
        let [rows, columns] = self.block.pixels();
        self.block.for_each_tile(
            #[inline(always)]
            |image, i, j, tile| {
                let corner = ((image * rows + i) * columns + j) * depth;
                for c in 0..depth {
                    both_axes(
                        T::splat(simd, T::ZERO),
                        #[inline(always)]
                        |u, v| band[corner + (u * columns + v) * depth + c],
                        #[inline(always)]
                        |d| pixels::<T, S>(simd, d),
                        #[inline(always)]
                        |u, v, value| {
                            transformed[(u * POINTS + v) * place + tile * depth + c] = value;
                        },
                    );
                }
            },
        );
    }
}

/// Tiles of `M` by `M` of the output's gradient: `band` as above, `transformed` `[panel][36][tiles, panel's width]`.
pub(super) struct Gradients<'a, T, const M: usize> {
    pub band: &'a [T],
    pub block: Block,
    pub channels: usize,
    pub transformed: &'a mut [T],
}

impl<T: Vectors, const M: usize> Gradients<'_, T, M> {
    pub fn transform(self) {
        dispatch(self);
    }
}

impl<T: Vectors, const M: usize> WithSimd for Gradients<'_, T, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let depth = padded(self.channels) / lanes;
        let band = T::vectors::<S>(self.band);
        let [rows, columns] = self.block.outputs();
        let tiles = self.block.tiles();
        let mut start = 0;
        for (first, width) in panels(self.channels) {
            let place = place_stride(tiles, width);
            let transformed = &mut self.transformed[start..][..POINTS * POINTS * place];
            start += POINTS * POINTS * place;
            let transformed = T::vectors_mut::<S>(transformed);
            let (first, width, place) = (first / lanes, width / lanes, place / lanes);
            self.block.for_each_tile(
                #[inline(always)]
                |image, i, j, tile| {
                    let corner = ((image * rows + i) * columns + j) * depth + first;
                    for c in 0..width {
                        both_axes(
                            T::splat(simd, T::ZERO),
                            #[inline(always)]
                            |u, v| band[corner + (u * columns + v) * depth + c],
                            #[inline(always)]
                            |d| evaluate::<T, S, M>(simd, d),
                            #[inline(always)]
                            |u, v, value| {
                                transformed[(u * POINTS + v) * place + tile * width + c] = value;
                            },
                        );
                    }
                },
            );
        }
    }
}
