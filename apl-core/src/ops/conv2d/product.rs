//! Small matrix products whose operands are already in the order in which they are read.
//!
//! `gemm` would pack both operands anew in each of many small products. Here whoever computes the right operand writes it panel by panel, and nothing
//! is packed.

use pulp::{Simd, WithSimd};

use crate::ops::simd::{Vectors, dispatch};

/// Channels are padded to a multiple of this: one register of AVX-512, several of the others.
pub(super) use crate::ops::transpose::LANES;

/// Columns of a panel.
pub(super) const PANEL: usize = 64;

/// Channels with those that fill up the last register.
pub(super) fn padded(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

/// First channel and padded width of every panel.
pub(super) fn panels(channels: usize) -> impl Iterator<Item = (usize, usize)> {
    let channels = padded(channels);
    (0..channels).step_by(PANEL).map(move |first| (first, PANEL.min(channels - first)))
}

/// The left operand: element (i, k) is `data[i * row + k * depth]`.
#[derive(Clone, Copy)]
pub(super) struct Left<'a, T> {
    pub data: &'a [T],
    pub row: usize,
    pub depth: usize,
}

/// The lengths of a product.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub rows: usize,
    pub depth: usize,
    /// Columns, a multiple of [`LANES`].
    pub width: usize,
}

/// `target = left right`, or `target += left right` if `accumulate`; `right` is `[depth, width]`, `target` `[rows, width]`, both row-major.
///
/// Every element is summed in the order of the depth with fused multiplications, so the result is the same at every SIMD width.
pub(super) fn product<T: Vectors>(
    left: Left<T>,
    right: &[T],
    target: &mut [T],
    lengths: Lengths,
    accumulate: bool,
) {
    let Lengths { rows, depth, width } = lengths;
    assert!(rows > 0 && depth > 0 && width.is_multiple_of(LANES), "a product's lengths");
    assert!((rows - 1) * left.row + (depth - 1) * left.depth < left.data.len(), "left in bounds");
    assert!(right.len() == depth * width && target.len() == rows * width, "right and target");
    dispatch(Product { left, right, target, lengths, accumulate });
}

struct Product<'a, T> {
    left: Left<'a, T>,
    right: &'a [T],
    target: &'a mut [T],
    lengths: Lengths,
    accumulate: bool,
}

impl<T: Vectors> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.lengths.width / T::lanes::<S>();
        // Sums of 6 rows by 4 vectors and the vectors themselves fill 32 registers, by 2 vectors 16.
        let most = if S::REGISTER_COUNT >= 32 { 4 } else { 2 };
        let Self { left, right, target, lengths, accumulate } = self;
        let mut strip = Strip { simd, left, right, target, lengths, accumulate, column: 0, row: 0 };
        while strip.column < vectors * T::lanes::<S>() {
            match (vectors - strip.column / T::lanes::<S>()).min(most) {
                4 => strip.columns::<4>(),
                3 => strip.columns::<3>(),
                2 => strip.columns::<2>(),
                _ => strip.columns::<1>(),
            }
        }
    }
}

/// A product under way: everything left of `column` is done, and in the current columns everything above `row`.
struct Strip<'a, T, S> {
    simd: S,
    left: Left<'a, T>,
    right: &'a [T],
    target: &'a mut [T],
    lengths: Lengths,
    accumulate: bool,
    column: usize,
    row: usize,
}

impl<T: Vectors, S: Simd> Strip<'_, T, S> {
    #[inline(always)]
    fn columns<const N: usize>(&mut self) {
        self.row = 0;
        while self.row < self.lengths.rows {
            match self.lengths.rows - self.row {
                6.. => self.block::<6, N>(),
                4.. => self.block::<4, N>(),
                2.. => self.block::<2, N>(),
                _ => self.block::<1, N>(),
            }
        }
        self.column += N * T::lanes::<S>();
    }

    /// `R` rows by `N` vectors, their sums in registers.
    #[inline(always)]
    fn block<const R: usize, const N: usize>(&mut self) {
        let (simd, lanes) = (self.simd, T::lanes::<S>());
        let Lengths { depth, width, .. } = self.lengths;
        let (row, step) = (self.left.row, self.left.depth);
        let mut sums = [[T::splat(simd, T::ZERO); N]; R];
        // SAFETY: the lengths were checked in `product`; `columns` and `with_simd` take no more rows and vectors than are left.
        #[allow(unsafe_code)]
        unsafe {
            let mut a = self.left.data.as_ptr().add(self.row * row);
            let mut b = self.right.as_ptr().add(self.column);
            for _ in 0..depth {
                let mut right = [T::splat(simd, T::ZERO); N];
                for (j, right) in right.iter_mut().enumerate() {
                    *right = b.add(j * lanes).cast::<T::Vector<S>>().read_unaligned();
                }
                for (i, sums) in sums.iter_mut().enumerate() {
                    let left = T::splat(simd, *a.add(i * row));
                    for (sum, &right) in sums.iter_mut().zip(&right) {
                        *sum = T::fused(simd, left, right, *sum);
                    }
                }
                a = a.wrapping_add(step);
                b = b.wrapping_add(width);
            }
            for (i, sums) in sums.iter().enumerate() {
                let target = self.target.as_mut_ptr().add((self.row + i) * width + self.column);
                for (j, &sum) in sums.iter().enumerate() {
                    let target = target.add(j * lanes).cast::<T::Vector<S>>();
                    let sum = if self.accumulate {
                        T::plus(simd, target.read_unaligned(), sum)
                    } else {
                        sum
                    };
                    target.write_unaligned(sum);
                }
            }
        }
        self.row += R;
    }
}
