//! Max pooling on the CPU: the best of each column first, then the best along the row, neighbour by neighbour and without branches.

use super::{phases::Phases, window::Size};
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

pub(super) fn forward<T: Real>(x: &[T], y: &mut [T], choice: &mut [u8], size: Size) {
    let pixels = size.image[0] * size.image[1];
    let windows = size.output[0] * size.output[1];
    let phases = Phases::new(size);
    let (row, line) = (phases.values(), size.output[1]);
    let (y, choice) = (Shared::new(y), Shared::new(choice));
    for_each(size.planes, |plane| {
        let x = &x[plane * pixels..][..pixels];
        // SAFETY: every plane is one task's.
        #[allow(unsafe_code)]
        let (y, choice) =
            unsafe { (y.part(plane * windows, windows), choice.part(plane * windows, windows)) };
        with_scratch([row, row, row, row, line, line], |[best, from, best_cut, from_cut, u, v]| {
            let columns = Cells { value: best, row: from };
            let cut = Cells { value: best_cut, row: from_cut };
            vectorise(
                #[inline(always)]
                || plane_forward(x, y, choice, columns, cut, [u, v], phases, size),
            );
        });
    });
}

/// The best value of every column of a window's rows, and the row it stands in.
struct Cells<'a, T> {
    value: &'a mut [T],
    row: &'a mut [T],
}

/// Whether `new`, met in a later cell, takes the place of `old`: a larger value, or the first NaN.
#[inline(always)]
fn beats<T: Real>(new: T, old: T) -> bool {
    (new > old) | (new.not_a_number() & !old.not_a_number())
}

/// Whether two values are of one rank, so that the row decides.
#[inline(always)]
fn ties<T: Real>(new: T, old: T) -> bool {
    (new == old) | (new.not_a_number() & old.not_a_number())
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn plane_forward<T: Real>(
    x: &[T],
    y: &mut [T],
    choice: &mut [u8],
    columns: Cells<T>,
    cut: Cells<T>,
    [chosen_row, chosen_column]: [&mut [T]; 2],
    phases: Phases,
    size: Size,
) {
    let kernel = size.config.kernel;
    let width = size.image[1];
    let nothing = T::of(f64::NEG_INFINITY);
    columns.value.fill(nothing);
    columns.row.fill(T::ZERO);
    let rows = y.chunks_exact_mut(size.output[1]).zip(choice.chunks_exact_mut(size.output[1]));
    for (i, (y, choice)) in rows.enumerate() {
        let first_row = (0..kernel).find(|&u| size.pixel(i, u, 0).is_some()).unwrap_or(0);
        columns.value[phases.image()].fill(nothing);
        columns.row[phases.image()].fill(T::of(first_row as f64));
        for u in first_row..kernel {
            let Some(pixels) = size.pixel(i, u, 0) else { continue };
            let from = T::of(u as f64);
            let best = columns.value[phases.image()].iter_mut();
            let best = best.zip(&mut columns.row[phases.image()]);
            for ((best, row), &pixel) in best.zip(&x[pixels * width..][..width]) {
                let better = beats(pixel, *best);
                *best = if better { pixel } else { *best };
                *row = if better { from } else { *row };
            }
        }
        phases.split(columns.value, cut.value);
        phases.split(columns.row, cut.row);
        // Where every pixel is minus infinity the first cell inside the image stands.
        y.fill(nothing);
        chosen_row.fill(T::of(first_row as f64));
        for (j, column) in chosen_column.iter_mut().enumerate() {
            let outside = size.config.padding.saturating_sub(j * size.config.stride);
            *column = T::of(outside as f64);
        }
        for v in 0..kernel {
            let place = T::of(v as f64);
            let cells = cut.value[phases.cell(v)].iter().zip(&cut.row[phases.cell(v)]);
            let chosen = chosen_row.iter_mut().zip(chosen_column.iter_mut());
            for ((&value, &row), (y, (chosen_row, chosen_column))) in
                cells.zip(y.iter_mut().zip(chosen))
            {
                let better = beats(value, *y) | (ties(value, *y) & (row < *chosen_row));
                *y = if better { value } else { *y };
                *chosen_row = if better { row } else { *chosen_row };
                *chosen_column = if better { place } else { *chosen_column };
            }
        }
        let side = T::of(kernel as f64);
        for ((choice, &row), &column) in choice.iter_mut().zip(&*chosen_row).zip(&*chosen_column) {
            *choice = (row * side + column).to_byte();
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
    // Row and column of every cell of a window.
    let cells: [[usize; 2]; 256] = std::array::from_fn(|cell| [cell / kernel, cell % kernel]);
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
                let [u, v] = cells[usize::from(choice)];
                if let Some((row, column)) = size.pixel(i, u, 0).zip(size.pixel(j, v, 1)) {
                    dx[row * size.image[1] + column] += g;
                }
            }
        }
    });
    Ok(())
}
