//! Positions that share parameters: `x` is `[batch, groups, positions]`, parameters are `[hinges, groups]`.

use pulp::{Simd, WithSimd};

use super::{
    Form, Gradients, Size,
    rank::Rank,
    segments::{RankSums, Segments},
    tile::{self, LANES, packed},
};
use crate::ops::{
    parallel::{Shared, for_each},
    scratch::with_scratch,
    simd::{Vectors, dispatch},
};

/// Values of a task.
const SEGMENT: usize = 1 << 14;

/// The batch cut into runs, by shape alone; a task owns one group of positions and one run.
#[derive(Clone, Copy)]
struct Runs {
    size: Size,
    examples: usize,
    count: usize,
}

/// One group of positions in some examples.
#[derive(Clone, Copy)]
struct Run {
    size: Size,
    group: usize,
    first: usize,
    last: usize,
}

impl Runs {
    fn new(size: Size) -> Self {
        let examples = SEGMENT.div_ceil(size.positions).min(size.batch);
        Self { size, examples, count: size.batch.div_ceil(examples) }
    }

    fn tasks(self) -> usize {
        self.size.groups * self.count
    }

    fn get(self, task: usize) -> Run {
        let Size { batch, groups, .. } = self.size;
        let first = task / groups * self.examples;
        Run { size: self.size, group: task % groups, first, last: batch.min(first + self.examples) }
    }
}

impl Run {
    /// Where the values of each example start.
    fn rows(self) -> impl Iterator<Item = usize> {
        let Size { groups, positions, .. } = self.size;
        (self.first..self.last).map(move |n| (n * groups + self.group) * positions)
    }

    /// Slope and offset of hinge `s`.
    fn hinge<T: Copy>(self, a: &[T], b: &[T], s: usize) -> (T, T) {
        let place = s * self.size.groups + self.group;
        (a[place], b[place])
    }

    /// Copies the group's slopes and offsets to `[hinge, 2, LANES]`, the same in every lane.
    fn pack<T: Vectors>(self, a: &[T], b: &[T], parameters: &mut [T]) {
        for (s, pair) in parameters.chunks_exact_mut(2 * LANES).enumerate() {
            let (slope, offset) = self.hinge(a, b, s);
            let (slopes, offsets) = pair.split_at_mut(LANES);
            slopes.fill(slope);
            offsets.fill(offset);
        }
    }
}

/// Writes `h(x)` into `y`.
pub fn forward<T: Rank>(x: &[T], a: &[T], b: &[T], y: &mut [T], size: Size, form: Form) {
    let runs = Runs::new(size);
    let y = Shared::new(y);
    for_each(runs.tasks(), |task| {
        let run = runs.get(task);
        match form {
            Form::Direct => {
                with_scratch([packed(size.hinges)], |[parameters]: [&mut [T]; 1]| {
                    run.pack(a, b, parameters);
                    dispatch(Forward { x, y: &y, parameters, run });
                });
            }
            Form::Sorted => {
                with_scratch([Segments::<T>::room(size.hinges)], |[room]: [&mut [T]; 1]| {
                    let segments = Segments::new(size.hinges, |s| run.hinge(a, b, s), room);
                    dispatch(ForwardSorted { x, y: &y, segments, run });
                });
            }
        }
    });
}

struct Forward<'a, 'b, T> {
    x: &'a [T],
    y: &'a Shared<'b, T>,
    parameters: &'a [T],
    run: Run,
}

impl<T: Vectors> WithSimd for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let parameters = T::vectors::<S>(self.parameters);
        let positions = self.run.size.positions;
        for start in self.run.rows() {
            let x = &self.x[start..start + positions];
            // SAFETY: tasks own disjoint (example, group) pairs.
            #[allow(unsafe_code)]
            let y = unsafe { self.y.part(start, positions) };
            tile::forward_run::<T, S>(simd, parameters, x, y);
        }
    }
}

struct ForwardSorted<'a, 'b, T> {
    x: &'a [T],
    y: &'a Shared<'b, T>,
    segments: Segments<'a, T>,
    run: Run,
}

impl<T: Rank> WithSimd for ForwardSorted<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let positions = self.run.size.positions;
        for start in self.run.rows() {
            // SAFETY: tasks own disjoint (example, group) pairs.
            #[allow(unsafe_code)]
            let y = unsafe { self.y.part(start, positions) };
            self.segments.forward(simd, &self.x[start..start + positions], y);
        }
    }
}

/// Writes the gradients, see [`super::backward`].
pub fn backward<T: Rank>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    gradients: Gradients<T>,
    size: Size,
    form: Form,
) {
    let Size { groups, hinges, .. } = size;
    let runs = Runs::new(size);
    let dx = gradients.x.map(Shared::new);
    let learned = gradients.parameters;
    let some = usize::from(learned.is_some());
    let room = |numbers: usize| some * numbers;
    // Partial sums `[task, hinge, 2]`, added up in the order of the tasks.
    with_scratch([runs.tasks() * 2 * hinges], |[partial]: [&mut [T]; 1]| {
        let shared = Shared::new(partial);
        for_each(runs.tasks(), |task| {
            let run = runs.get(task);
            let dx = dx.as_ref();
            // SAFETY: every task has its own place.
            #[allow(unsafe_code)]
            let out = unsafe { shared.part(task * 2 * hinges, 2 * hinges) };
            match form {
                Form::Direct => {
                    let rooms = [packed(hinges), room(packed(hinges))];
                    with_scratch(rooms, |[parameters, sums]: [&mut [T]; 2]| {
                        run.pack(a, b, parameters);
                        sums.fill(T::ZERO);
                        let parameters = &*parameters;
                        dispatch(Backward { x, g, dx, parameters, sums: &mut *sums, run });
                        let total =
                            |lanes: &[T]| lanes.iter().fold(T::ZERO, |sum, &lane| sum + lane);
                        let hinges = out.chunks_exact_mut(2).zip(sums.chunks_exact(2 * LANES));
                        for (s, (out, sums)) in hinges.enumerate() {
                            let (gx, g) = (total(&sums[..LANES]), total(&sums[LANES..]));
                            let (_, offset) = run.hinge(a, b, s);
                            out.copy_from_slice(&[tile::by_slope(gx, g, offset), g]);
                        }
                    });
                }
                Form::Sorted => {
                    let rooms = [Segments::<T>::room(hinges), room(RankSums::<T>::room(hinges))];
                    with_scratch(rooms, |[table, sums]: [&mut [T]; 2]| {
                        let segments = &Segments::new(hinges, |s| run.hinge(a, b, s), table);
                        let sums = &mut RankSums::new(sums);
                        dispatch(BackwardSorted { x, g, dx, segments, sums: &mut *sums, run });
                        segments.finish(sums, out);
                    });
                }
            }
        });
        let Some((slopes, offsets)) = learned else { return };
        for group in 0..groups {
            for s in 0..hinges {
                let task = |run: usize| (run * groups + group) * 2 * hinges + 2 * s;
                let sum = |which: usize| {
                    (0..runs.count).fold(T::ZERO, |sum, run| sum + partial[task(run) + which])
                };
                let place = s * groups + group;
                (slopes[place], offsets[place]) = (sum(0), a[place] * sum(1));
            }
        }
    });
}

struct Backward<'a, 'b, T> {
    x: &'a [T],
    g: &'a [T],
    dx: Option<&'a Shared<'b, T>>,
    parameters: &'a [T],
    /// Empty where nobody asks for the parameters' gradients.
    sums: &'a mut [T],
    run: Run,
}

impl<T: Vectors> WithSimd for Backward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (parameters, sums) = (T::vectors::<S>(self.parameters), T::vectors_mut::<S>(self.sums));
        let positions = self.run.size.positions;
        for start in self.run.rows() {
            let row = start..start + positions;
            let (x, g) = (&self.x[row.clone()], &self.g[row]);
            // SAFETY: tasks own disjoint (example, group) pairs.
            #[allow(unsafe_code)]
            let dx = self.dx.map(|dx| unsafe { dx.part(start, positions) });
            tile::backward_run::<T, S>(simd, parameters, sums, x, g, dx);
        }
    }
}

struct BackwardSorted<'a, 'b, 'c, T> {
    x: &'a [T],
    g: &'a [T],
    dx: Option<&'a Shared<'b, T>>,
    segments: &'a Segments<'c, T>,
    sums: &'a mut RankSums<'c, T>,
    run: Run,
}

impl<T: Rank> WithSimd for BackwardSorted<'_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let positions = self.run.size.positions;
        for start in self.run.rows() {
            let row = start..start + positions;
            // SAFETY: tasks own disjoint (example, group) pairs.
            #[allow(unsafe_code)]
            let dx = self.dx.map(|dx| unsafe { dx.part(start, positions) });
            self.segments.backward(simd, &self.x[row.clone()], &self.g[row], dx, self.sums);
        }
    }
}
