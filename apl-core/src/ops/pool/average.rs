//! Average pooling on the CPU: for every cell of the window, one sweep over the windows of a row.

use super::window::Size;
use crate::ops::{
    parallel::{Shared, for_each},
    real::Real,
    simd::vectorise,
};

pub(super) fn forward<T: Real>(x: &[T], y: &mut [T], size: Size) {
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let y = Shared::new(y);
    for_each(size.planes, |plane| {
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let y = unsafe { y.part(plane * windows, windows) };
        let x = &x[plane * pixels..][..pixels];
        vectorise(
            #[inline(always)]
            || {
                y.fill(T::ZERO);
                for (i, y) in y.chunks_exact_mut(size.output[1]).enumerate() {
                    sweep(i, size, |row, pixel, window, stride, count| {
                        let x = &x[row * size.image[1] + pixel..][..(count - 1) * stride + 1];
                        let y = &mut y[window..window + count];
                        for (y, &x) in y.iter_mut().zip(x.iter().step_by(stride)) {
                            *y += x;
                        }
                    });
                    for (j, y) in y.iter_mut().enumerate() {
                        *y *= T::of(1.0 / size.cells(i, j) as f64);
                    }
                }
            },
        );
    });
}

pub(super) fn backward<T: Real>(g: &[T], dx: &mut [T], size: Size) {
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let dx = Shared::new(dx);
    for_each(size.planes, |plane| {
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let dx = unsafe { dx.part(plane * pixels, pixels) };
        let g = &g[plane * windows..][..windows];
        vectorise(
            #[inline(always)]
            || {
                dx.fill(T::ZERO);
                for (i, g) in g.chunks_exact(size.output[1]).enumerate() {
                    sweep(i, size, |row, pixel, window, stride, count| {
                        let start = row * size.image[1] + pixel;
                        let dx = &mut dx[start..][..(count - 1) * stride + 1];
                        let dx = dx.iter_mut().step_by(stride);
                        for (k, (dx, &g)) in dx.zip(&g[window..window + count]).enumerate() {
                            *dx += g * T::of(1.0 / size.cells(i, window + k) as f64);
                        }
                    });
                }
            },
        );
    });
}

/// Calls `visit(image row, first pixel, first window, stride, count)` for every cell of the windows of row `i`: the cell meets `count` windows from
/// the first on, at pixels `stride` apart.
#[inline(always)]
fn sweep(i: usize, size: Size, mut visit: impl FnMut(usize, usize, usize, usize, usize)) {
    let stride = size.config.stride;
    for u in 0..size.config.kernel {
        let Some(row) = size.pixel(i, u, 0) else { continue };
        for v in 0..size.config.kernel {
            let windows = size.windows(v, 1);
            if !windows.is_empty() {
                let pixel = windows.start * stride + v - size.config.padding;
                visit(row, pixel, windows.start, stride, windows.len());
            }
        }
    }
}
