//! The step on the CPU, in chunks of a fixed size.

use crate::ops::{
    parallel::{Shared, for_each},
    real::Real,
    simd::vectorise,
};

const CHUNK: usize = 1 << 15;

pub(super) fn step<T: Real>(
    value: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    rate: T,
    momentum: T,
    decay: T,
) {
    let count = value.len();
    let (value, velocity) = (Shared::new(value), Shared::new(velocity));
    for_each(count.div_ceil(CHUNK), |task| {
        let first = task * CHUNK;
        let len = CHUNK.min(count - first);
        // SAFETY: tasks own disjoint chunks.
        #[allow(unsafe_code)]
        let (value, velocity) = unsafe { (value.part(first, len), velocity.part(first, len)) };
        let gradient = &gradient[first..first + len];
        vectorise(
            #[inline(always)]
            || {
                for ((w, v), &g) in value.iter_mut().zip(velocity).zip(gradient) {
                    *v = momentum * *v + rate * (g + decay * *w);
                    *w -= *v;
                }
            },
        );
    });
}
