//! Sums in a fixed order, whatever computes them.

use crate::ops::{parallel::for_chunks, real::Real, simd::vectorise};

/// A sum in a fixed order: sixteen lanes, then the lanes, then the rest.
#[inline(always)]
pub(super) fn sum<T: Real>(values: &[T]) -> T {
    let mut lanes = [T::ZERO; 16];
    let chunks = values.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().chain(rest).fold(T::ZERO, |sum, &value| sum + value)
}

/// `total = parts[0] + parts[1] + ...`, element by element in that order.
pub(super) fn add_in_order<T: Real>(parts: &[T], total: &mut [T]) {
    let len = total.len();
    for_chunks(total, 1 << 14, |start, total| {
        vectorise(
            #[inline(always)]
            || {
                total.copy_from_slice(&parts[start..start + total.len()]);
                for part in parts[len..].chunks_exact(len) {
                    for (sum, &value) in total.iter_mut().zip(&part[start..]) {
                        *sum += value;
                    }
                }
            },
        );
    });
}
