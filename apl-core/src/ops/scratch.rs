//! Memory for intermediate results that a thread keeps between calls.

use std::cell::RefCell;

use crate::ops::real::Real;

thread_local! {
    static BUFFERS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `work` with `N` slices of the given lengths, whose contents are unspecified.
///
/// The memory is the thread's: it grows to the largest request and is used again, so that steady training touches no fresh pages. Each depth of
/// calls inside `work` has memory of its own.
pub(crate) fn with_scratch<T: Real, R, const N: usize>(
    lengths: [usize; N],
    work: impl FnOnce([&mut [T]; N]) -> R,
) -> R {
    // Each slice starts at a cache line.
    let line = 64 / size_of::<T>();
    let padded = lengths.map(|length| length.next_multiple_of(line));
    let words = (padded.iter().sum::<usize>() + line) * size_of::<T>() / size_of::<u64>();
    let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < words {
        buffer = vec![0; words];
    }
    // SAFETY: `f32` and `f64` have no invalid bit patterns and no stricter alignment than `u64`.
    #[allow(unsafe_code)]
    let (_, values, _) = unsafe { buffer.align_to_mut::<T>() };
    let skip = values.as_ptr().align_offset(64).min(line);
    let mut rest = &mut values[skip..];
    let slices = std::array::from_fn(|i| {
        let (slice, after) = std::mem::take(&mut rest).split_at_mut(padded[i]);
        rest = after;
        &mut slice[..lengths[i]]
    });
    let result = work(slices);
    BUFFERS.with_borrow_mut(|buffers| buffers.push(buffer));
    result
}
