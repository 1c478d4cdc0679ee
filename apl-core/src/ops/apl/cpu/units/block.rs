//! The units of a task, and where in memory their values and parameters stand.

use super::super::tile::{LANES, by_slope, packed};
use crate::ops::{
    parallel::{Shared, for_each},
    simd::Vectors,
};

/// Units of a task at most: 16 kB of f32 in a row of the batch, as reading ahead starts anew in every row.
const BLOCK: usize = 4096;
/// Slopes and offsets of a task, 132 kB of f32, and as many sums: what the second-level cache holds. With many hinges a task has fewer units, so that a
/// thread's memory does not grow with S.
const PARAMETERS: usize = 33 * 1024;

/// Units `first..first + width` of all.
#[derive(Clone, Copy)]
pub struct Block {
    units: usize,
    first: usize,
    pub width: usize,
}

impl Block {
    /// Calls `work` for every block cut by shape alone: about sixteen tasks, none too narrow for whole vectors.
    pub fn for_each(units: usize, hinges: usize, work: impl Fn(Block) + Sync + Send) {
        let fitting = (PARAMETERS / packed(hinges)).clamp(1, BLOCK / LANES) * LANES;
        let width = units.div_ceil(16).next_multiple_of(8 * LANES).min(fitting);
        for_each(units.div_ceil(width), |task| {
            let first = task * width;
            work(Block { units, first, width: width.min(units - first) });
        });
    }

    /// Numbers of all its hinges, and the room to take for them: the same for every S that is not absurd.
    pub fn packed(self, hinges: usize) -> (usize, usize) {
        let length = self.groups() * packed(hinges);
        (length, length.max(PARAMETERS))
    }

    /// Groups of lanes, the last of which may be filled up.
    pub fn groups(self) -> usize {
        self.width.div_ceil(LANES)
    }

    /// Where example `n` has its values.
    fn row(self, n: usize) -> usize {
        n * self.units + self.first
    }

    /// The block's values in examples `n..n + R`.
    pub fn rows<T, const R: usize>(self, values: &[T], n: usize) -> [&[T]; R] {
        std::array::from_fn(|r| &values[self.row(n + r)..][..self.width])
    }

    /// The same of values that are written.
    #[allow(clippy::mut_from_ref)]
    pub fn shared_rows<'a, T, const R: usize>(
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
        (0..hinges).flat_map(move |s| {
            (0..self.groups()).map(move |group| {
                let lane = group * LANES;
                let count = LANES.min(self.width - lane);
                (self.row(s) + lane, group * packed(hinges) + s * 2 * LANES, count)
            })
        })
    }

    /// Copies slopes and offsets to `[group of lanes, hinge, 2, LANES]`, neighbours in memory where the rows of `[hinges, units]` are far apart.
    pub fn pack<T: Vectors>(self, a: &[T], b: &[T], hinges: usize, parameters: &mut [T]) {
        for (from, to, count) in self.places(hinges) {
            fill_lanes(&mut parameters[to..to + LANES], &a[from..from + count]);
            fill_lanes(&mut parameters[to + LANES..][..LANES], &b[from..from + count]);
        }
    }

    /// Makes gradients of the sums.
    pub fn finish<T: Vectors>(self, parameters: &[T], hinges: usize, sums: &mut [T]) {
        let groups = parameters.chunks_exact(packed(hinges));
        for (parameters, sums) in groups.zip(sums.chunks_exact_mut(packed(hinges))) {
            let pairs = parameters.chunks_exact(2 * LANES).zip(sums.chunks_exact_mut(2 * LANES));
            for (parameters, sums) in pairs {
                let (slopes, offsets) = parameters.split_at(LANES);
                let (da, db) = sums.split_at_mut(LANES);
                let lanes = da.iter_mut().zip(db).zip(slopes.iter().zip(offsets));
                for ((da, db), (&slope, &offset)) in lanes {
                    *da = by_slope(*da, *db, offset);
                    *db *= slope;
                }
            }
        }
    }

    /// Copies the gradients back from the same form.
    pub fn unpack<T: Vectors>(
        self,
        gradients: &[T],
        hinges: usize,
        da: &Shared<T>,
        db: &Shared<T>,
    ) {
        for (to, from, count) in self.places(hinges) {
            // SAFETY: tasks own disjoint blocks of units.
            #[allow(unsafe_code)]
            let (da, db) = unsafe { (da.part(to, count), db.part(to, count)) };
            take_lanes(da, &gradients[from..from + LANES]);
            take_lanes(db, &gradients[from + LANES..][..LANES]);
        }
    }
}

/// Copies at most [`LANES`] values; lanes beyond them are 0. A length the compiler knows makes it one move.
#[inline(always)]
fn fill_lanes<T: Vectors>(lanes: &mut [T], values: &[T]) {
    match <&[T; LANES]>::try_from(values) {
        Ok(values) => lanes.copy_from_slice(values),
        Err(_) => {
            lanes.fill(T::ZERO);
            lanes[..values.len()].copy_from_slice(values);
        }
    }
}

/// The way back.
#[inline(always)]
fn take_lanes<T: Vectors>(values: &mut [T], lanes: &[T]) {
    match <&mut [T; LANES]>::try_from(&mut *values) {
        Ok(values) => values.copy_from_slice(lanes),
        Err(_) => values.copy_from_slice(&lanes[..values.len()]),
    }
}
