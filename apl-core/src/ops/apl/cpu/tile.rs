//! The arithmetic of a tile: several vectors of values that meet the same slopes and offsets, lane by lane.
//!
//! Slopes and offsets of a group of [`LANES`] neighbouring lanes lie together as `[hinge, 2, LANES]`, and so do the sums of their gradients. A
//! register holds all lanes of a group or a part of them; every lane is computed alike, so results do not depend on the register's width.

use pulp::Simd;

use crate::ops::simd::Vectors;

/// Lanes that lie together: one AVX-512 register of f32, or several of what is narrower.
pub const LANES: usize = 16;
/// Vectors in a tile: a hinge's numbers are loaded once for all of them, and values, gradients and sums still fit into sixteen registers.
pub const ROWS: usize = 4;

/// Numbers that belong to one group of lanes: slopes and offsets.
pub const fn packed(hinges: usize) -> usize {
    hinges * 2 * LANES
}

/// Part `part` of a group of lanes, as registers divide it.
#[derive(Clone, Copy)]
pub struct Part {
    pub part: usize,
    pub parts: usize,
}

impl Part {
    /// The parts of a group.
    #[inline(always)]
    pub fn all<T: Vectors, S: Simd>() -> impl Iterator<Item = Part> {
        let parts = LANES * size_of::<T>() / size_of::<T::Vector<S>>();
        (0..parts).map(move |part| Part { part, parts })
    }

    /// The vector of this part in a group, given the vectors of successive groups.
    #[inline(always)]
    pub fn of(self, group: usize) -> usize {
        group * self.parts + self.part
    }
}

/// The same vector of several rows.
#[inline(always)]
pub fn load<T: Vectors, S: Simd, const R: usize>(
    simd: S,
    rows: &[&[T]; R],
    index: usize,
) -> [T::Vector<S>; R] {
    let mut tile = [T::splat(simd, T::ZERO); R];
    for r in 0..R {
        tile[r] = T::load(simd, rows[r], index);
    }
    tile
}

/// `h(x)`.
#[inline(always)]
pub fn forward<T: Vectors, S: Simd, const R: usize>(
    simd: S,
    parameters: &[T::Vector<S>],
    part: Part,
    x: [T::Vector<S>; R],
) -> [T::Vector<S>; R] {
    let mut sum = x;
    for r in 0..R {
        sum[r] = T::positive(simd, x[r]);
    }
    for hinge in parameters.chunks_exact(2 * part.parts) {
        let (a, b) = (hinge[part.of(0)], hinge[part.of(1)]);
        for r in 0..R {
            let hinge = T::positive(simd, T::minus(simd, b, x[r]));
            sum[r] = T::plus(simd, sum[r], T::times(simd, a, hinge));
        }
    }
    sum
}

/// `dx = g (1[x > 0] - sum_s a 1[b - x > 0])`; `g max(0, b - x)` and `g a 1[b - x > 0]` are added to the `sums`, where there are any.
#[inline(always)]
pub fn backward<T: Vectors, S: Simd, const R: usize>(
    simd: S,
    parameters: &[T::Vector<S>],
    sums: &mut [T::Vector<S>],
    part: Part,
    x: [T::Vector<S>; R],
    g: [T::Vector<S>; R],
) -> [T::Vector<S>; R] {
    let mut slope = x;
    for r in 0..R {
        slope[r] = T::gate(simd, x[r], T::splat(simd, T::ONE));
    }
    let hinges = parameters.chunks_exact(2 * part.parts);
    if sums.is_empty() {
        for hinge in hinges {
            let (a, b) = (hinge[part.of(0)], hinge[part.of(1)]);
            for r in 0..R {
                let active = T::gate(simd, T::minus(simd, b, x[r]), a);
                slope[r] = T::minus(simd, slope[r], active);
            }
        }
    } else {
        for (hinge, sums) in hinges.zip(sums.chunks_exact_mut(2 * part.parts)) {
            let (a, b) = (hinge[part.of(0)], hinge[part.of(1)]);
            let (mut da, mut db) = (sums[part.of(0)], sums[part.of(1)]);
            for r in 0..R {
                let distance = T::minus(simd, b, x[r]);
                let active = T::gate(simd, distance, a);
                slope[r] = T::minus(simd, slope[r], active);
                da = T::plus(simd, da, T::times(simd, g[r], T::positive(simd, distance)));
                db = T::plus(simd, db, T::times(simd, g[r], active));
            }
            sums[part.of(0)] = da;
            sums[part.of(1)] = db;
        }
    }
    for r in 0..R {
        slope[r] = T::times(simd, g[r], slope[r]);
    }
    slope
}
