//! Average pooling on the CPU: sums down the columns first, then along the row, neighbour by neighbour.

use super::{phases::Phases, window::Size};
use crate::ops::{
    parallel::{Shared, for_each},
    real::Real,
    scratch::with_scratch,
    simd::vectorise,
};

pub(super) fn forward<T: Real>(x: &[T], y: &mut [T], size: Size) {
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let phases = Phases::new(size);
    let y = Shared::new(y);
    for_each(size.planes, |plane| {
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let y = unsafe { y.part(plane * windows, windows) };
        let x = &x[plane * pixels..][..pixels];
        with_scratch([phases.values(); 2], |[row, cut]| {
            vectorise(
                #[inline(always)]
                || plane_forward(x, y, row, cut, phases, size),
            );
        });
    });
}

#[inline(always)]
fn plane_forward<T: Real>(
    x: &[T],
    y: &mut [T],
    row: &mut [T],
    cut: &mut [T],
    phases: Phases,
    size: Size,
) {
    let width = size.image[1];
    for (i, y) in y.chunks_exact_mut(size.output[1]).enumerate() {
        row.fill(T::ZERO);
        for u in 0..size.config.kernel {
            let Some(pixels) = size.pixel(i, u, 0) else { continue };
            for (sum, &pixel) in row[phases.image()].iter_mut().zip(&x[pixels * width..][..width]) {
                *sum += pixel;
            }
        }
        phases.split(row, cut);
        y.fill(T::ZERO);
        for v in 0..size.config.kernel {
            for (y, &sum) in y.iter_mut().zip(&cut[phases.cell(v)]) {
                *y += sum;
            }
        }
        for (j, y) in y.iter_mut().enumerate() {
            *y *= share(size, i, j);
        }
    }
}

pub(super) fn backward<T: Real>(g: &[T], dx: &mut [T], size: Size) {
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let phases = Phases::new(size);
    let dx = Shared::new(dx);
    for_each(size.planes, |plane| {
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let dx = unsafe { dx.part(plane * pixels, pixels) };
        let g = &g[plane * windows..][..windows];
        with_scratch([phases.values(); 2], |[row, cut]| {
            vectorise(
                #[inline(always)]
                || plane_backward(g, dx, row, cut, phases, size),
            );
        });
    });
}

#[inline(always)]
fn plane_backward<T: Real>(
    g: &[T],
    dx: &mut [T],
    row: &mut [T],
    cut: &mut [T],
    phases: Phases,
    size: Size,
) {
    let width = size.image[1];
    dx.fill(T::ZERO);
    for (i, g) in g.chunks_exact(size.output[1]).enumerate() {
        cut.fill(T::ZERO);
        for v in 0..size.config.kernel {
            for (j, (sum, &g)) in cut[phases.cell(v)].iter_mut().zip(g).enumerate() {
                *sum += g * share(size, i, j);
            }
        }
        phases.join(cut, row);
        for u in 0..size.config.kernel {
            let Some(pixels) = size.pixel(i, u, 0) else { continue };
            for (dx, &sum) in dx[pixels * width..][..width].iter_mut().zip(&row[phases.image()]) {
                *dx += sum;
            }
        }
    }
}

/// What one cell counts in the average of a window.
#[inline(always)]
fn share<T: Real>(size: Size, i: usize, j: usize) -> T {
    T::of(1.0 / (size.extent(i, 0) * size.extent(j, 1)) as f64)
}
