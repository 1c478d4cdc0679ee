//! Work split by shape only, so that results do not depend on the number of threads.

use std::marker::PhantomData;

use rayon::prelude::*;

/// Calls `work` for `0..tasks`, in parallel where there is more than one thread.
pub(crate) fn for_each(tasks: usize, work: impl Fn(usize) + Sync + Send) {
    (0..tasks).into_par_iter().with_max_len(1).for_each(work);
}

/// Calls `work(first index, chunk)` for successive chunks of `values`.
pub(crate) fn for_chunks<T: Send>(
    values: &mut [T],
    size: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    let size = size.max(1);
    values.par_chunks_mut(size).enumerate().for_each(|(i, chunk)| work(i * size, chunk));
}

/// A mutable slice that several tasks write at once, each its own part of it.
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Shared` only hands out parts through `part`, whose callers promise that no two tasks ask for the same element.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Shared<'_, T> {}
// SAFETY: as above; the slice it stands for may move to another thread.
#[allow(unsafe_code)]
unsafe impl<T: Send> Send for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(crate) fn new(values: &'a mut [T]) -> Self {
        Self { start: values.as_mut_ptr(), len: values.len(), lifetime: PhantomData }
    }

    /// The `count` elements from `first` on.
    ///
    /// # Safety
    /// While the returned slice lives, no other part may contain any of its elements.
    #[allow(unsafe_code, clippy::mut_from_ref)]
    #[inline(always)]
    pub(crate) unsafe fn part(&self, first: usize, count: usize) -> &mut [T] {
        assert!(first + count <= self.len, "part {first}+{count} of {}", self.len);
        // SAFETY: in bounds by the assertion, not aliased by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), count) }
    }

    /// The address of element `first`, with at least `count` elements from there on.
    pub(crate) fn address(&self, first: usize, count: usize) -> *mut T {
        assert!(first + count <= self.len, "part {first}+{count} of {}", self.len);
        self.start.wrapping_add(first)
    }
}
