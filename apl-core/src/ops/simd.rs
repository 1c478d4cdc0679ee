//! SIMD chosen at run time.

use pulp::{Arch, WithSimd};

/// Runs `work` compiled for the widest SIMD this CPU has (AVX-512, AVX2 with FMA, NEON, or the baseline).
///
/// The loops inside `work` must be inlined into it (`#[inline(always)]`) to be vectorised. No operation is contracted or reordered, so the results
/// are the same on every CPU.
#[inline]
pub(crate) fn vectorise<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(Work(work))
}

struct Work<F>(F);

impl<R, F: FnOnce() -> R> WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> R {
        (self.0)()
    }
}
