//! APL on the CPU: one pass each way, no memory per hinge.
//!
//! Where every unit has its own parameters, a task owns a block of units and walks the batch, so that the block's slopes, offsets and their
//! gradients stay in the first-level cache. Where positions share parameters, a task owns one group of positions and a run of the batch.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{
    Result,
    ops::{
        check,
        parallel::{Shared, for_each},
        real::Real,
        scratch::with_scratch,
        simd::vectorise,
    },
};

/// Values that a vector loop handles at once: one AVX-512 register of f32, or two, four, eight of what is narrower.
const LANES: usize = 16;
/// Units of a task: the parameters of 128 units and ten hinges with their gradients take 20 kB in f32.
const BLOCK: usize = 128;
/// Values of a task where positions share parameters.
const SEGMENT: usize = 1 << 14;

/// An input seen as `[batch, groups, positions]`, the parameters as `[hinges, groups]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub batch: usize,
    pub groups: usize,
    pub positions: usize,
    pub hinges: usize,
}

/// `max(0, v)`, with NaN passed on so that a diverged network is noticed.
#[inline(always)]
fn positive<T: Real>(v: T) -> T {
    if v <= T::ZERO { T::ZERO } else { v }
}

/// Where the parameters of `L` neighbouring values come from.
trait Source<T>: Copy {
    fn load<const L: usize>(self, hinge: usize, lane: usize) -> [T; L];
}

/// Every value has its own: `values[hinge * groups + first + lane]`.
#[derive(Clone, Copy)]
struct PerUnit<'a, T> {
    values: &'a [T],
    groups: usize,
    first: usize,
}

impl<T: Real> Source<T> for PerUnit<'_, T> {
    #[inline(always)]
    fn load<const L: usize>(self, hinge: usize, lane: usize) -> [T; L] {
        let start = hinge * self.groups + self.first + lane;
        let values = &self.values[start..start + L];
        std::array::from_fn(|l| values[l])
    }
}

/// All values share one.
#[derive(Clone, Copy)]
struct Common<'a, T> {
    values: &'a [T],
    groups: usize,
    group: usize,
}

impl<T: Real> Source<T> for Common<'_, T> {
    #[inline(always)]
    fn load<const L: usize>(self, hinge: usize, _lane: usize) -> [T; L] {
        [self.values[hinge * self.groups + self.group]; L]
    }
}

/// `h(x)` for a row of values.
#[inline(always)]
fn forward_row<T: Real, P: Source<T>>(hinges: usize, a: P, b: P, x: &[T], y: &mut [T]) {
    #[inline(always)]
    fn step<T: Real, P: Source<T>, const L: usize>(
        hinges: usize,
        a: P,
        b: P,
        lane: usize,
        x: &[T],
        y: &mut [T],
    ) {
        let x: [T; L] = std::array::from_fn(|l| x[l]);
        let mut sum = x.map(positive);
        for s in 0..hinges {
            let (slope, offset) = (a.load::<L>(s, lane), b.load::<L>(s, lane));
            for l in 0..L {
                sum[l] += slope[l] * positive(offset[l] - x[l]);
            }
        }
        y[..L].copy_from_slice(&sum);
    }
    let whole = x.len() / LANES * LANES;
    for lane in (0..whole).step_by(LANES) {
        let end = lane + LANES;
        step::<T, P, LANES>(hinges, a, b, lane, &x[lane..end], &mut y[lane..end]);
    }
    for lane in whole..x.len() {
        step::<T, P, 1>(hinges, a, b, lane, &x[lane..=lane], &mut y[lane..=lane]);
    }
}

/// Sums of the parameters' gradients over the values that share them.
struct Sums<'a, T> {
    a: &'a mut [T],
    b: &'a mut [T],
    /// From one hinge to the next.
    stride: usize,
    /// Whether each lane has sums of its own (units), or all lanes go into the first `LANES` (shared parameters, added up at the end).
    per_lane: bool,
}

/// Gradients for a row: `dx = g (1[x > 0] - sum_s a 1[b - x > 0])`, `da += g max(0, b - x)`, `db += g a 1[b - x > 0]`.
#[inline(always)]
fn backward_row<T: Real, P: Source<T>>(
    hinges: usize,
    a: P,
    b: P,
    x: &[T],
    g: &[T],
    mut dx: Option<&mut [T]>,
    sums: &mut Option<Sums<T>>,
) {
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn step<T: Real, P: Source<T>, const L: usize>(
        hinges: usize,
        a: P,
        b: P,
        lane: usize,
        x: &[T],
        g: &[T],
        dx: Option<&mut [T]>,
        sums: &mut Option<Sums<T>>,
    ) {
        let x: [T; L] = std::array::from_fn(|l| x[l]);
        let g: [T; L] = std::array::from_fn(|l| g[l]);
        let mut slope_at = x.map(|v| if v > T::ZERO { T::ONE } else { T::ZERO });
        for s in 0..hinges {
            let (slope, offset) = (a.load::<L>(s, lane), b.load::<L>(s, lane));
            let mut active = [T::ZERO; L];
            for l in 0..L {
                active[l] = if offset[l] - x[l] > T::ZERO { slope[l] } else { T::ZERO };
                slope_at[l] -= active[l];
            }
            if let Some(sums) = sums {
                let start = s * sums.stride + if sums.per_lane { lane } else { 0 };
                let (da, db) = (&mut sums.a[start..start + L], &mut sums.b[start..start + L]);
                for l in 0..L {
                    da[l] += g[l] * positive(offset[l] - x[l]);
                    db[l] += g[l] * active[l];
                }
            }
        }
        if let Some(dx) = dx {
            for l in 0..L {
                dx[l] = g[l] * slope_at[l];
            }
        }
    }
    let whole = x.len() / LANES * LANES;
    for lane in (0..whole).step_by(LANES) {
        let end = lane + LANES;
        let dx = dx.as_deref_mut().map(|dx| &mut dx[lane..end]);
        step::<T, P, LANES>(hinges, a, b, lane, &x[lane..end], &g[lane..end], dx, sums);
    }
    for lane in whole..x.len() {
        let dx = dx.as_deref_mut().map(|dx| &mut dx[lane..=lane]);
        step::<T, P, 1>(hinges, a, b, lane, &x[lane..=lane], &g[lane..=lane], dx, sums);
    }
}

/// Writes `h(x)` into `y`.
pub(super) fn forward<T: Real>(x: &[T], a: &[T], b: &[T], y: &mut [T], size: Size) -> Result<()> {
    let finite = AtomicBool::new(true);
    let Size { batch, groups, positions, hinges } = size;
    let target = Shared::new(y);
    if positions == 1 {
        for_each(groups.div_ceil(BLOCK), |task| {
            let first = task * BLOCK;
            let width = BLOCK.min(groups - first);
            let a = PerUnit { values: a, groups, first };
            let b = PerUnit { values: b, groups, first };
            for s in 0..hinges {
                let part = s * groups + first..s * groups + first + width;
                if !check::all_finite(&a.values[part.clone()])
                    || !check::all_finite(&b.values[part])
                {
                    finite.store(false, Ordering::Relaxed);
                }
            }
            vectorise(
                #[inline(always)]
                || {
                    for n in 0..batch {
                        let start = n * groups + first;
                        // SAFETY: tasks own disjoint blocks of units.
                        #[allow(unsafe_code)]
                        let y = unsafe { target.part(start, width) };
                        forward_row(hinges, a, b, &x[start..start + width], y);
                    }
                },
            );
        });
    } else {
        finite.store(check::all_finite(a) && check::all_finite(b), Ordering::Relaxed);
        let runs = Runs::new(size);
        for_each(groups * runs.count, |task| {
            let (group, run) = (task % groups, task / groups);
            let a = Common { values: a, groups, group };
            let b = Common { values: b, groups, group };
            vectorise(
                #[inline(always)]
                || {
                    for n in runs.examples(run, batch) {
                        let start = (n * groups + group) * positions;
                        // SAFETY: tasks own disjoint (example, group) pairs.
                        #[allow(unsafe_code)]
                        let y = unsafe { target.part(start, positions) };
                        forward_row(hinges, a, b, &x[start..start + positions], y);
                    }
                },
            );
        });
    }
    if finite.into_inner() {
        return Ok(());
    }
    check::finite_values("apl: slopes", a)?;
    check::finite_values("apl: offsets", b)
}

/// What [`backward`] writes; parts that nobody needs are absent.
pub(super) struct Gradients<'a, T> {
    pub x: Option<&'a mut [T]>,
    pub parameters: Option<(&'a mut [T], &'a mut [T])>,
}

/// Writes the gradients of the loss, given its gradient `g` by `h(x)`.
pub(super) fn backward<T: Real>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    gradients: Gradients<T>,
    size: Size,
) {
    let dx = gradients.x.map(Shared::new);
    match gradients.parameters {
        Some((da, db)) if size.positions == 1 => {
            da.fill(T::ZERO);
            db.fill(T::ZERO);
            let sums = (Shared::new(da), Shared::new(db));
            backward_units(x, a, b, g, dx, Some(sums), size);
        }
        None if size.positions == 1 => backward_units(x, a, b, g, dx, None, size),
        parameters => backward_groups(x, a, b, g, dx, parameters, size),
    }
}

fn backward_units<T: Real>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    dx: Option<Shared<T>>,
    parameters: Option<(Shared<T>, Shared<T>)>,
    Size { batch, groups, hinges, .. }: Size,
) {
    for_each(groups.div_ceil(BLOCK), |task| {
        let first = task * BLOCK;
        let width = BLOCK.min(groups - first);
        let a = PerUnit { values: a, groups, first };
        let b = PerUnit { values: b, groups, first };
        // The block's sums are gathered in one small piece of memory and written out at the end: rows of the gradient are far apart.
        with_scratch([hinges * BLOCK, hinges * BLOCK], |[da, db]: [&mut [T]; 2]| {
            da.fill(T::ZERO);
            db.fill(T::ZERO);
            let mut sums = (parameters.is_some()).then_some(Sums {
                a: &mut *da,
                b: &mut *db,
                stride: BLOCK,
                per_lane: true,
            });
            vectorise(
                #[inline(always)]
                || {
                    for n in 0..batch {
                        let start = n * groups + first;
                        let row = start..start + width;
                        // SAFETY: tasks own disjoint blocks of units.
                        #[allow(unsafe_code)]
                        let dx = dx.as_ref().map(|dx| unsafe { dx.part(start, width) });
                        backward_row(hinges, a, b, &x[row.clone()], &g[row], dx, &mut sums);
                    }
                },
            );
            let Some((slopes, offsets)) = &parameters else { return };
            for s in 0..hinges {
                let from = s * BLOCK..s * BLOCK + width;
                // SAFETY: tasks own disjoint blocks of units.
                #[allow(unsafe_code)]
                unsafe {
                    slopes.part(s * groups + first, width).copy_from_slice(&da[from.clone()]);
                    offsets.part(s * groups + first, width).copy_from_slice(&db[from]);
                }
            }
        });
    });
}

fn backward_groups<T: Real>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    dx: Option<Shared<T>>,
    parameters: Option<(&mut [T], &mut [T])>,
    size: Size,
) {
    let Size { batch, groups, positions, hinges } = size;
    let runs = Runs::new(size);
    let tasks = groups * runs.count;
    let learned = parameters.is_some();
    // Partial sums `[task, 2, hinges]`, added up in the order of the tasks.
    with_scratch([tasks * 2 * hinges], |[partial]: [&mut [T]; 1]| {
        let shared = Shared::new(partial);
        for_each(tasks, |task| {
            let (group, run) = (task % groups, task / groups);
            let a = Common { values: a, groups, group };
            let b = Common { values: b, groups, group };
            with_scratch([hinges * LANES, hinges * LANES], |[da, db]: [&mut [T]; 2]| {
                da.fill(T::ZERO);
                db.fill(T::ZERO);
                let mut sums = learned.then_some(Sums {
                    a: &mut *da,
                    b: &mut *db,
                    stride: LANES,
                    per_lane: false,
                });
                vectorise(
                    #[inline(always)]
                    || {
                        for n in runs.examples(run, batch) {
                            let start = (n * groups + group) * positions;
                            let row = start..start + positions;
                            // SAFETY: tasks own disjoint (example, group) pairs.
                            #[allow(unsafe_code)]
                            let dx = dx.as_ref().map(|dx| unsafe { dx.part(start, positions) });
                            backward_row(hinges, a, b, &x[row.clone()], &g[row], dx, &mut sums);
                        }
                    },
                );
                // SAFETY: every task has its own place.
                #[allow(unsafe_code)]
                let out = unsafe { shared.part(task * 2 * hinges, 2 * hinges) };
                let lanes = da.chunks_exact(LANES).chain(db.chunks_exact(LANES));
                for (out, lanes) in out.iter_mut().zip(lanes) {
                    *out = lanes.iter().fold(T::ZERO, |sum, &lane| sum + lane);
                }
            });
        });
        let Some((slopes, offsets)) = parameters else { return };
        for s in 0..hinges {
            for group in 0..groups {
                let parts = || (0..runs.count).map(|run| (run * groups + group) * 2 * hinges + s);
                let sum = |shift: usize| parts().fold(T::ZERO, |sum, i| sum + partial[i + shift]);
                slopes[s * groups + group] = sum(0);
                offsets[s * groups + group] = sum(hinges);
            }
        }
    });
}

/// How the batch is cut into runs: by shape alone.
#[derive(Clone, Copy)]
struct Runs {
    count: usize,
    examples: usize,
}

impl Runs {
    fn new(size: Size) -> Self {
        let examples = SEGMENT.div_ceil(size.positions).min(size.batch);
        Self { count: size.batch.div_ceil(examples), examples }
    }

    fn examples(self, run: usize, batch: usize) -> std::ops::Range<usize> {
        run * self.examples..batch.min((run + 1) * self.examples)
    }
}
