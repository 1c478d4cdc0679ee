//! The arithmetic along the rows of a block: the memory is read in long runs, which arrive while the numbers before them are worked on.

use pulp::{Simd, WithSimd};

use super::{
    super::tile::{self, Part, ROWS, packed},
    block::Block,
};
use crate::ops::{parallel::Shared, simd::Vectors};

pub struct Forward<'a, 'b, T> {
    pub x: &'a [T],
    pub y: &'a Shared<'b, T>,
    pub parameters: &'a [T],
    pub block: Block,
    pub batch: usize,
    pub hinges: usize,
}

impl<T: Vectors> WithSimd for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let whole = self.batch / ROWS * ROWS;
        for n in (0..whole).step_by(ROWS) {
            self.rows::<S, ROWS>(simd, n);
        }
        for n in whole..self.batch {
            self.rows::<S, 1>(simd, n);
        }
    }
}

impl<T: Vectors> Forward<'_, '_, T> {
    /// Examples `n..n + R`.
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(&self, simd: S, n: usize) {
        let x = self.block.rows::<T, R>(self.x, n);
        let y = self.block.shared_rows::<T, R>(self.y, n);
        for (group, parameters) in self.parameters.chunks_exact(packed(self.hinges)).enumerate() {
            let parameters = T::vectors::<S>(parameters);
            for part in Part::all::<T, S>() {
                let x = tile::load(simd, &x, part.of(group));
                let sums = tile::forward::<T, S, R>(simd, parameters, part, x);
                for r in 0..R {
                    T::store(simd, y[r], part.of(group), sums[r]);
                }
            }
        }
    }
}

pub struct Backward<'a, 'b, T> {
    pub x: &'a [T],
    pub g: &'a [T],
    pub dx: Option<&'a Shared<'b, T>>,
    pub parameters: &'a [T],
    /// Empty where nobody asks for the parameters' gradients.
    pub sums: &'a mut [T],
    pub block: Block,
    pub batch: usize,
    pub hinges: usize,
}

impl<T: Vectors> WithSimd for Backward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let whole = self.batch / ROWS * ROWS;
        for n in (0..whole).step_by(ROWS) {
            self.rows::<S, ROWS>(simd, n);
        }
        for n in whole..self.batch {
            self.rows::<S, 1>(simd, n);
        }
    }
}

impl<T: Vectors> Backward<'_, '_, T> {
    /// Examples `n..n + R`.
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(&mut self, simd: S, n: usize) {
        let (x, g) = (self.block.rows::<T, R>(self.x, n), self.block.rows::<T, R>(self.g, n));
        let mut dx = self.dx.map(|dx| self.block.shared_rows::<T, R>(dx, n));
        let length = packed(self.hinges);
        for (group, parameters) in self.parameters.chunks_exact(length).enumerate() {
            let parameters = T::vectors::<S>(parameters);
            let sums = self.sums.get_mut(group * length..(group + 1) * length);
            let sums = T::vectors_mut::<S>(sums.unwrap_or_default());
            for part in Part::all::<T, S>() {
                let x = tile::load(simd, &x, part.of(group));
                let g = tile::load(simd, &g, part.of(group));
                let gradients = tile::backward::<T, S, R>(simd, parameters, sums, part, x, g);
                let Some(dx) = &mut dx else { continue };
                for r in 0..R {
                    T::store(simd, dx[r], part.of(group), gradients[r]);
                }
            }
        }
    }
}
