//! Every unit with parameters of its own: `x` is `[batch, units]`, parameters are `[hinges, units]`.

use std::sync::atomic::{AtomicBool, Ordering};

use pulp::{Simd, WithSimd};

use super::{
    Gradients, Size,
    tile::{self, LANES, Part, ROWS, packed},
};
use crate::ops::{
    check,
    parallel::{Shared, for_each},
    scratch::with_scratch,
    simd::{Vectors, dispatch},
};

/// Units of a task at most: 4 kB of f32 in a row of the batch, so that reading ahead pays.
const BLOCK: usize = 1024;
/// Slopes and offsets of a task, 40 kB of f32, and as many sums: what the second-level cache holds with ease. With many hinges a task has fewer
/// units, so that a thread's memory does not grow with S.
const PARAMETERS: usize = 10 * BLOCK;

/// Units `first..first + width` of all.
#[derive(Clone, Copy)]
struct Block {
    units: usize,
    first: usize,
    width: usize,
}

impl Block {
    /// Calls `work` for every block, cut by shape alone: about sixteen tasks, none too narrow for whole vectors.
    fn for_each(units: usize, hinges: usize, work: impl Fn(Block) + Sync + Send) {
        let fitting = (PARAMETERS / packed(hinges)).clamp(1, BLOCK / LANES) * LANES;
        let width = units.div_ceil(16).next_multiple_of(8 * LANES).min(fitting);
        for_each(units.div_ceil(width), |task| {
            let first = task * width;
            work(Block { units, first, width: width.min(units - first) });
        });
    }

    /// Numbers of all its hinges, and the room to take for them: the same for every S that is not absurd.
    fn packed(self, hinges: usize) -> (usize, usize) {
        let length = self.groups() * packed(hinges);
        (length, length.max(PARAMETERS))
    }

    /// Groups of lanes, the last of which may be filled up.
    fn groups(self) -> usize {
        self.width.div_ceil(LANES)
    }

    /// Where example `n` has its values.
    fn row(self, n: usize) -> usize {
        n * self.units + self.first
    }

    /// The block's values in examples `n..n + R`.
    fn rows<T, const R: usize>(self, values: &[T], n: usize) -> [&[T]; R] {
        std::array::from_fn(|r| &values[self.row(n + r)..][..self.width])
    }

    /// The same of values that are written.
    #[allow(clippy::mut_from_ref)]
    fn shared_rows<'a, T, const R: usize>(
        self,
        values: &'a Shared<T>,
        n: usize,
    ) -> [&'a mut [T]; R] {
        // SAFETY: tasks own disjoint blocks of units, rows of a block do not overlap, and a task holds the rows of one call at a time.
        #[allow(unsafe_code)]
        std::array::from_fn(|r| unsafe { values.part(self.row(n + r), self.width) })
    }

    /// For every group of lanes and every hinge, where its parameters stand: as `[hinges, units]` and in [`packed`] form, and how many.
    fn places(self, hinges: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        (0..self.groups()).flat_map(move |group| {
            let lane = group * LANES;
            let count = LANES.min(self.width - lane);
            (0..hinges).map(move |s| (self.row(s) + lane, (group * hinges + s) * 2 * LANES, count))
        })
    }

    /// Copies slopes and offsets to `[group of lanes, hinge, 2, LANES]`, neighbours in memory where the rows of `[hinges, units]` are far apart.
    fn pack<T: Vectors>(self, a: &[T], b: &[T], hinges: usize, parameters: &mut [T]) {
        parameters.fill(T::ZERO);
        for (from, to, count) in self.places(hinges) {
            parameters[to..to + count].copy_from_slice(&a[from..from + count]);
            parameters[to + LANES..][..count].copy_from_slice(&b[from..from + count]);
        }
    }
}

/// Writes `h(x)` into `y`; `false` where a parameter is not finite.
pub fn forward<T: Vectors>(x: &[T], a: &[T], b: &[T], y: &mut [T], size: Size) -> bool {
    let Size { batch, groups: units, hinges, .. } = size;
    let finite = AtomicBool::new(true);
    let y = Shared::new(y);
    Block::for_each(units, hinges, |block| {
        let (length, room) = block.packed(hinges);
        with_scratch([room], |[parameters]: [&mut [T]; 1]| {
            let parameters = &mut parameters[..length];
            block.pack(a, b, hinges, parameters);
            if !check::all_finite(parameters) {
                finite.store(false, Ordering::Relaxed);
            }
            dispatch(Forward { x, y: &y, parameters, block, batch, hinges });
        });
    });
    finite.into_inner()
}

struct Forward<'a, 'b, T> {
    x: &'a [T],
    y: &'a Shared<'b, T>,
    parameters: &'a [T],
    block: Block,
    batch: usize,
    hinges: usize,
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

/// Writes the gradients, see [`super::backward`].
pub fn backward<T: Vectors>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    gradients: Gradients<T>,
    size: Size,
) {
    let Size { batch, groups: units, hinges, .. } = size;
    let dx = gradients.x.map(Shared::new);
    let learned = gradients.parameters.map(|(da, db)| (Shared::new(da), Shared::new(db)));
    Block::for_each(units, hinges, |block| {
        let (length, room) = block.packed(hinges);
        let wanted = if learned.is_some() { length } else { 0 };
        with_scratch([room; 2], |[parameters, sums]: [&mut [T]; 2]| {
            let (parameters, sums) = (&mut parameters[..length], &mut sums[..wanted]);
            block.pack(a, b, hinges, parameters);
            sums.fill(T::ZERO);
            let dx = dx.as_ref();
            let parameters = &*parameters;
            dispatch(Backward { x, g, dx, parameters, sums: &mut *sums, block, batch, hinges });
            let Some((da, db)) = &learned else { return };
            for (to, from, count) in block.places(hinges) {
                // SAFETY: tasks own disjoint blocks of units.
                #[allow(unsafe_code)]
                unsafe {
                    da.part(to, count).copy_from_slice(&sums[from..from + count]);
                    db.part(to, count).copy_from_slice(&sums[from + LANES..][..count]);
                }
            }
        });
    });
}

struct Backward<'a, 'b, T> {
    x: &'a [T],
    g: &'a [T],
    dx: Option<&'a Shared<'b, T>>,
    parameters: &'a [T],
    /// Empty where nobody asks for the parameters' gradients.
    sums: &'a mut [T],
    block: Block,
    batch: usize,
    hinges: usize,
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
