//! Max pooling on the CPU: for every cell of the window, one sweep over the windows of a row.

use super::window::Size;
use crate::{
    Result,
    ops::{
        check,
        parallel::{Shared, for_each},
        real::Real,
        simd::vectorise,
    },
};

pub(super) fn forward<T: Real>(x: &[T], y: &mut [T], choice: &mut [u8], size: Size) {
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let (y, choice) = (Shared::new(y), Shared::new(choice));
    for_each(size.planes, |plane| {
        let x = &x[plane * pixels..][..pixels];
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let (y, choice) =
            unsafe { (y.part(plane * windows, windows), choice.part(plane * windows, windows)) };
        vectorise(
            #[inline(always)]
            || match size.config.stride {
                1 => plane_forward::<T, 1>(x, y, choice, size),
                2 => plane_forward::<T, 2>(x, y, choice, size),
                3 => plane_forward::<T, 3>(x, y, choice, size),
                _ => plane_forward::<T, 0>(x, y, choice, size),
            },
        );
    });
}

/// One plane; `STRIDE` 0 stands for any.
#[inline(always)]
fn plane_forward<T: Real, const STRIDE: usize>(
    x: &[T],
    y: &mut [T],
    choice: &mut [u8],
    size: Size,
) {
    let stride = if STRIDE == 0 { size.config.stride } else { STRIDE };
    let kernel = size.config.kernel;
    let [_, width] = size.image;
    let rows = y.chunks_exact_mut(size.output[1]).zip(choice.chunks_exact_mut(size.output[1]));
    for (i, (y, choice)) in rows.enumerate() {
        y.fill(T::of(f64::NEG_INFINITY));
        // Where every pixel is minus infinity the first cell inside the image stands.
        let first_row = (0..kernel).find(|&u| size.pixel(i, u, 0).is_some()).unwrap_or(0);
        for (j, choice) in choice.iter_mut().enumerate() {
            let first = size.config.padding.saturating_sub(j * stride);
            *choice = (first_row * kernel + first) as u8;
        }
        for u in 0..kernel {
            let Some(row) = size.pixel(i, u, 0) else { continue };
            let x = &x[row * width..][..width];
            for v in 0..kernel {
                let inside = size.windows(v, 1);
                if inside.is_empty() {
                    continue;
                }
                let start = inside.start * stride + v - size.config.padding;
                let x = &x[start..][..(inside.len() - 1) * stride + 1];
                let (y, choice) = (&mut y[inside.clone()], &mut choice[inside]);
                let cell = (u * kernel + v) as u8;
                for (j, (y, choice)) in y.iter_mut().zip(choice).enumerate() {
                    let value = x[j * stride];
                    // The first NaN stays, as no comparison with it holds.
                    let better = value > *y || (value.not_a_number() && !y.not_a_number());
                    *y = if better { value } else { *y };
                    *choice = if better { cell } else { *choice };
                }
            }
        }
    }
}

pub(super) fn backward<T: Real>(g: &[T], choice: &[u8], dx: &mut [T], size: Size) -> Result<()> {
    let kernel = size.config.kernel;
    if let Some(&bad) = choice.iter().find(|&&cell| usize::from(cell) >= kernel * kernel) {
        let expected = "cells of the window, as max_forward wrote them";
        return Err(check::wrong_setting("max-pool: choice", bad, expected));
    }
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let dx = Shared::new(dx);
    for_each(size.planes, |plane| {
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let dx = unsafe { dx.part(plane * pixels, pixels) };
        let g = &g[plane * windows..][..windows];
        let choice = &choice[plane * windows..][..windows];
        dx.fill(T::ZERO);
        let rows = g.chunks_exact(size.output[1]).zip(choice.chunks_exact(size.output[1]));
        for (i, (g, choice)) in rows.enumerate() {
            for (j, (&g, &choice)) in g.iter().zip(choice).enumerate() {
                let (u, v) = (usize::from(choice) / kernel, usize::from(choice) % kernel);
                if let Some((row, column)) = size.pixel(i, u, 0).zip(size.pixel(j, v, 1)) {
                    dx[row * size.image[1] + column] += g;
                }
            }
        }
    });
    Ok(())
}
