//! From lines to columns side by side and back, square by square, so that whole cache lines are read and written.

use crate::ops::simd::Vectors;

/// Side of a square: a cache line of f32.
pub(crate) const LANES: usize = 16;
type Square<T> = [[T; LANES]; LANES];
/// Values that are moved at once.
const PART: usize = 4;

/// Writes `line`s, one for each channel, to `target`, `[positions, depth]`; channels beyond the last are 0. `depth` is a multiple of `LANES`.
#[inline(always)]
pub(crate) fn transpose<'a, T: Vectors>(
    line: impl Fn(usize) -> &'a [T],
    channels: usize,
    target: &mut [T],
    depth: usize,
) {
    let positions = target.len() / depth;
    for j in (0..positions).step_by(LANES) {
        let count = LANES.min(positions - j);
        for c in (0..depth).step_by(LANES) {
            let mut square = [[T::ZERO; LANES]; LANES];
            for (k, values) in square.iter_mut().enumerate().take(channels.saturating_sub(c)) {
                copy(values, &line(c + k)[j..][..count]);
            }
            let target = &mut target[j * depth + c..];
            turn(
                &square,
                count,
                #[inline(always)]
                |i, k, values| target[i * depth + k..][..PART].copy_from_slice(&values),
            );
        }
    }
}

/// The way back: the channels of `source`, `[positions, depth]`, to `line`s, of which there may be fewer than `depth`.
#[inline(always)]
pub(crate) fn transpose_back<'a, T: Vectors>(
    source: &[T],
    depth: usize,
    channels: usize,
    mut line: impl FnMut(usize) -> &'a mut [T],
) {
    let positions = source.len() / depth;
    for c in (0..channels).step_by(LANES) {
        for j in (0..positions).step_by(LANES) {
            let count = LANES.min(positions - j);
            let mut square = [[T::ZERO; LANES]; LANES];
            for (values, pixel) in square.iter_mut().zip(source[j * depth..].chunks_exact(depth)) {
                values.copy_from_slice(&pixel[c..][..LANES]);
            }
            turn(
                &square,
                channels - c,
                #[inline(always)]
                |k, i, values| {
                    let target = &mut line(c + k)[j..];
                    if i + PART <= count {
                        target[i..][..PART].copy_from_slice(&values);
                    } else if i < count {
                        target[i..count].copy_from_slice(&values[..count - i]);
                    }
                },
            );
        }
    }
}

/// A whole register where there is one: a copy of a length known beforehand is one instruction.
#[inline(always)]
fn copy<T: Vectors>(target: &mut [T; LANES], source: &[T]) {
    match <&[T; LANES]>::try_from(source) {
        Ok(whole) => *target = *whole,
        Err(_) => target[..source.len()].copy_from_slice(source),
    }
}

/// Calls `write(row, column, values)` for the parts of the first `rows` rows of the square's transpose.
#[inline(always)]
fn turn<T: Vectors>(
    square: &Square<T>,
    rows: usize,
    mut write: impl FnMut(usize, usize, [T; PART]),
) {
    for i in (0..LANES.min(rows)).step_by(PART) {
        for j in (0..LANES).step_by(PART) {
            let mut part = [[T::ZERO; PART]; PART];
            for (part, line) in part.iter_mut().zip(&square[j..]) {
                part.copy_from_slice(&line[i..][..PART]);
            }
            let part = T::transpose(part);
            for (k, &values) in part.iter().enumerate().take(rows - i) {
                write(i + k, j, values);
            }
        }
    }
}
