//! Positions that share parameters: `x` is `[batch, groups, positions]`, parameters are `[hinges, groups]`.

use pulp::{Simd, WithSimd};

use super::{
    Gradients, Size,
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

    /// Copies the group's slopes and offsets to `[hinge, 2, LANES]`, the same in every lane.
    fn pack<T: Vectors>(self, a: &[T], b: &[T], parameters: &mut [T]) {
        for (s, pair) in parameters.chunks_exact_mut(2 * LANES).enumerate() {
            let place = s * self.size.groups + self.group;
            let (slopes, offsets) = pair.split_at_mut(LANES);
            slopes.fill(a[place]);
            offsets.fill(b[place]);
        }
    }
}

/// Writes `h(x)` into `y`.
pub fn forward<T: Vectors>(x: &[T], a: &[T], b: &[T], y: &mut [T], size: Size) {
    let runs = Runs::new(size);
    let y = Shared::new(y);
    for_each(runs.tasks(), |task| {
        let run = runs.get(task);
        with_scratch([packed(size.hinges)], |[parameters]: [&mut [T]; 1]| {
            run.pack(a, b, parameters);
            dispatch(Forward { x, y: &y, parameters, run });
        });
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

/// Writes the gradients, see [`super::backward`].
pub fn backward<T: Vectors>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    gradients: Gradients<T>,
    size: Size,
) {
    let Size { groups, hinges, .. } = size;
    let runs = Runs::new(size);
    let dx = gradients.x.map(Shared::new);
    let learned = gradients.parameters;
    let wanted = if learned.is_some() { packed(hinges) } else { 0 };
    // Partial sums `[task, hinge, 2]`, added up in the order of the tasks.
    with_scratch([runs.tasks() * 2 * hinges], |[partial]: [&mut [T]; 1]| {
        let shared = Shared::new(partial);
        for_each(runs.tasks(), |task| {
            let run = runs.get(task);
            with_scratch([packed(hinges), wanted], |[parameters, sums]: [&mut [T]; 2]| {
                run.pack(a, b, parameters);
                sums.fill(T::ZERO);
                let dx = dx.as_ref();
                let parameters = &*parameters;
                dispatch(Backward { x, g, dx, parameters, sums: &mut *sums, run });
                // SAFETY: every task has its own place.
                #[allow(unsafe_code)]
                let out = unsafe { shared.part(task * 2 * hinges, 2 * hinges) };
                for (out, lanes) in out.iter_mut().zip(sums.chunks_exact(LANES)) {
                    *out = lanes.iter().fold(T::ZERO, |sum, &lane| sum + lane);
                }
            });
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
