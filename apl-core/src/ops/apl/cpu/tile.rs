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

/// Numbers that belong to one group of lanes: slopes and offsets, and a gap. An odd number of cache lines keeps the same hinge of successive groups
/// out of the same cache set.
pub const fn packed(hinges: usize) -> usize {
    (hinges * 2 + 1) * LANES
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
            let more = T::fused(simd, a, T::minus(simd, b, x[r]), sum[r]);
            sum[r] = T::where_less(simd, x[r], b, more, sum[r]);
        }
    }
    sum
}

/// `dx = g (1[x > 0] - sum_s a 1[x < b])`; `g x 1[x < b]` and `g 1[x < b]` are added to the `sums`, where there are any. [`by_slope`] makes
/// gradients of them: the offset is the same for all values, so that it need not be subtracted from each.
///
/// The difference of two numbers is above 0 exactly where they are in order, so that `x < b` is the `b - x > 0` of the definition.
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
                let less = T::minus(simd, slope[r], a);
                slope[r] = T::where_less(simd, x[r], b, less, slope[r]);
            }
        }
    } else {
        // NaN is below no offset, but has to show.
        let nothing = T::splat(simd, T::ZERO);
        let mut strange = nothing;
        for &x in &x {
            strange = T::plus(simd, strange, T::where_at_most(simd, x, x, nothing, x));
        }
        for (hinge, sums) in hinges.zip(sums.chunks_exact_mut(2 * part.parts)) {
            let (a, b) = (hinge[part.of(0)], hinge[part.of(1)]);
            let mut da = T::plus(simd, sums[part.of(0)], strange);
            let mut db = sums[part.of(1)];
            for r in 0..R {
                let active = |yes, no| T::where_less(simd, x[r], b, yes, no);
                slope[r] = active(T::minus(simd, slope[r], a), slope[r]);
                da = active(T::fused(simd, g[r], x[r], da), da);
                db = active(T::plus(simd, db, g[r]), db);
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

/// The gradient by a hinge's slope, given `sum g x` and `sum g` over the values below its offset.
#[inline(always)]
pub fn by_slope<T: Vectors>(gx: T, g: T, offset: T) -> T {
    offset * g - gx
}

/// [`forward`] along a run of values that all meet the same parameters.
#[inline(always)]
pub fn forward_run<T: Vectors, S: Simd>(
    simd: S,
    parameters: &[T::Vector<S>],
    x: &[T],
    y: &mut [T],
) {
    let (tiles, rest) = cut(x.len());
    for first in tiles {
        forward_tile::<T, S, ROWS>(simd, parameters, x, y, first);
    }
    for first in rest {
        forward_tile::<T, S, 1>(simd, parameters, x, y, first);
    }
}

/// [`backward`] along such a run.
#[inline(always)]
pub fn backward_run<T: Vectors, S: Simd>(
    simd: S,
    parameters: &[T::Vector<S>],
    sums: &mut [T::Vector<S>],
    x: &[T],
    g: &[T],
    mut dx: Option<&mut [T]>,
) {
    let (tiles, rest) = cut(x.len());
    for first in tiles {
        backward_tile::<T, S, ROWS>(simd, parameters, sums, x, g, dx.as_deref_mut(), first);
    }
    for first in rest {
        backward_tile::<T, S, 1>(simd, parameters, sums, x, g, dx.as_deref_mut(), first);
    }
}

/// Where the tiles of [`ROWS`] groups of lanes in a row start, and then the single groups, the last of which may not be full.
#[inline(always)]
fn cut(positions: usize) -> (impl Iterator<Item = usize>, impl Iterator<Item = usize>) {
    let groups = positions.div_ceil(LANES);
    let whole = positions / LANES / ROWS * ROWS;
    ((0..whole).step_by(ROWS), whole..groups)
}

/// `R` groups of lanes from `first` on.
#[inline(always)]
fn forward_tile<T: Vectors, S: Simd, const R: usize>(
    simd: S,
    parameters: &[T::Vector<S>],
    x: &[T],
    y: &mut [T],
    first: usize,
) {
    for part in Part::all::<T, S>() {
        let x = consecutive::<T, S, R>(simd, x, first, part);
        let sums = forward::<T, S, R>(simd, parameters, part, x);
        for (r, &sum) in sums.iter().enumerate() {
            T::store(simd, y, part.of(first + r), sum);
        }
    }
}

#[inline(always)]
fn consecutive<T: Vectors, S: Simd, const R: usize>(
    simd: S,
    values: &[T],
    first: usize,
    part: Part,
) -> [T::Vector<S>; R] {
    let mut tile = [T::splat(simd, T::ZERO); R];
    for (r, vector) in tile.iter_mut().enumerate() {
        *vector = T::load(simd, values, part.of(first + r));
    }
    tile
}

/// `R` groups of lanes from `first` on. Lanes beyond the end have `g = 0` and add nothing.
#[inline(always)]
fn backward_tile<T: Vectors, S: Simd, const R: usize>(
    simd: S,
    parameters: &[T::Vector<S>],
    sums: &mut [T::Vector<S>],
    x: &[T],
    g: &[T],
    mut dx: Option<&mut [T]>,
    first: usize,
) {
    for part in Part::all::<T, S>() {
        let x = consecutive::<T, S, R>(simd, x, first, part);
        let g = consecutive::<T, S, R>(simd, g, first, part);
        let gradients = backward::<T, S, R>(simd, parameters, sums, part, x, g);
        let Some(dx) = &mut dx else { continue };
        for (r, &gradient) in gradients.iter().enumerate() {
            T::store(simd, dx, part.of(first + r), gradient);
        }
    }
}
