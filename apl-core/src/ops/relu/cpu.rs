//! ReLU and leaky ReLU on the CPU, in chunks of a fixed size.

use crate::ops::{parallel::for_chunks, real::Real, simd::vectorise};

const CHUNK: usize = 1 << 16;

#[inline(always)]
fn value<T: Real>(v: T, slope: T) -> T {
    if v <= T::ZERO { v * slope } else { v }
}

#[inline(always)]
fn derivative<T: Real>(v: T, slope: T) -> T {
    if v > T::ZERO { T::ONE } else { slope }
}

pub(super) fn forward<T: Real>(x: &[T], slope: T, y: &mut [T]) {
    for_chunks(y, CHUNK, |start, y| {
        let x = &x[start..start + y.len()];
        vectorise(
            #[inline(always)]
            || {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = value(x, slope);
                }
            },
        );
    });
}

pub(super) fn forward_in_place<T: Real>(x: &mut [T], slope: T) {
    for_chunks(x, CHUNK, |_, x| {
        vectorise(
            #[inline(always)]
            || {
                for x in x {
                    *x = value(*x, slope);
                }
            },
        );
    });
}

pub(super) fn backward<T: Real>(x: &[T], slope: T, g: &[T], dx: &mut [T]) {
    for_chunks(dx, CHUNK, |start, dx| {
        let part = start..start + dx.len();
        let (x, g) = (&x[part.clone()], &g[part]);
        vectorise(
            #[inline(always)]
            || {
                for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
                    *dx = g * derivative(x, slope);
                }
            },
        );
    });
}

pub(super) fn backward_in_place<T: Real>(x: &[T], slope: T, g: &mut [T]) {
    for_chunks(g, CHUNK, |start, g| {
        let x = &x[start..start + g.len()];
        vectorise(
            #[inline(always)]
            || {
                for (g, &x) in g.iter_mut().zip(x) {
                    *g *= derivative(x, slope);
                }
            },
        );
    });
}
