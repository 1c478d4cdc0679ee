//! SIMD chosen at run time.

#[cfg(test)]
use pulp::Scalar;
use pulp::{Arch, Simd, WithSimd};

use crate::ops::real::Real;

/// Runs `work` compiled for the widest SIMD this CPU has (AVX-512, AVX2 with FMA, NEON, or the baseline).
///
/// The loops inside `work` must be inlined into it (`#[inline(always)]`) to be vectorised. No operation is contracted or reordered, so the results
/// are the same on every CPU.
#[inline]
pub(crate) fn vectorise<R>(work: impl FnOnce() -> R) -> R {
    dispatch(Work(work))
}

/// The same for work that is written with the vectors of a SIMD level.
#[inline]
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(test)]
    if BASELINE.get() {
        return Scalar::new().vectorize(work);
    }
    Arch::new().dispatch(work)
}

#[cfg(test)]
thread_local! {
    /// Whether this thread does without SIMD, for tests that compare the two.
    pub(crate) static BASELINE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

struct Work<F>(F);

impl<R, F: FnOnce() -> R> WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> R {
        (self.0)()
    }
}

/// Arithmetic on whole registers, for loops that the compiler would not vectorise by itself. Every operation is the scalar one, lane by lane.
pub(crate) trait Vectors: Real {
    /// A register's worth of values.
    type Vector<S: Simd>: Copy;
    /// How many values that is.
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }
    /// A slice as vectors; what does not fill one is left out.
    fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>];
    /// The same to write.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>];
    /// Vector `index` of a slice; lanes beyond its end are 0.
    fn load<S: Simd>(simd: S, values: &[Self], index: usize) -> Self::Vector<S>;
    /// The way back; lanes beyond the end are left out.
    fn store<S: Simd>(simd: S, values: &mut [Self], index: usize, vector: Self::Vector<S>);
    /// One value in every lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// `a + b`.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a - b`.
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a b`.
    fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a b + c`, rounded once.
    fn fused<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `max(0, v)`, with NaN passed on.
    fn positive<S: Simd>(simd: S, v: Self::Vector<S>) -> Self::Vector<S>;
    /// Rows to columns. The compiler would gather single values instead.
    fn transpose(square: [[Self; 4]; 4]) -> [[Self; 4]; 4];
    /// `value` where `v > 0`, 0 elsewhere.
    fn gate<S: Simd>(simd: S, v: Self::Vector<S>, value: Self::Vector<S>) -> Self::Vector<S>;
    /// `yes` where `a < b`, `no` elsewhere.
    fn where_less<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        yes: Self::Vector<S>,
        no: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `yes` where `a <= b`, `no` elsewhere.
    fn where_at_most<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        yes: Self::Vector<S>,
        no: Self::Vector<S>,
    ) -> Self::Vector<S>;
}

macro_rules! vectors {
    (
        $type:ty, $vector:ident, $split:ident, $split_mut:ident, $load:ident, $store:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
        $fused:ident, $less:ident, $at_most:ident, $greater:ident, $select:ident, $transpose:path
    ) => {
        impl Vectors for $type {
            type Vector<S: Simd> = S::$vector;
            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> &[S::$vector] {
                S::$split(values).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [S::$vector] {
                S::$split_mut(values).0
            }
            #[inline(always)]
            fn load<S: Simd>(simd: S, values: &[Self], index: usize) -> S::$vector {
                let (whole, rest) = S::$split(values);
                match whole.get(index) {
                    Some(vector) => *vector,
                    None => simd.$load(if index == whole.len() { rest } else { &[] }),
                }
            }
            #[inline(always)]
            fn store<S: Simd>(simd: S, values: &mut [Self], index: usize, vector: S::$vector) {
                let (whole, rest) = S::$split_mut(values);
                let beyond = index > whole.len();
                match whole.get_mut(index) {
                    Some(place) => *place = vector,
                    None => simd.$store(if beyond { &mut [] } else { rest }, vector),
                }
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn times<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$fused(a, b, c)
            }
            #[inline(always)]
            fn positive<S: Simd>(simd: S, v: S::$vector) -> S::$vector {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$less(v, zero), zero, v)
            }
            #[inline(always)]
            fn transpose(square: [[Self; 4]; 4]) -> [[Self; 4]; 4] {
                $transpose(square)
            }
            #[inline(always)]
            fn gate<S: Simd>(simd: S, v: S::$vector, value: S::$vector) -> S::$vector {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$greater(v, zero), value, zero)
            }
            #[inline(always)]
            fn where_less<S: Simd>(
                simd: S,
                a: S::$vector,
                b: S::$vector,
                yes: S::$vector,
                no: S::$vector,
            ) -> S::$vector {
                simd.$select(simd.$less(a, b), yes, no)
            }
            #[inline(always)]
            fn where_at_most<S: Simd>(
                simd: S,
                a: S::$vector,
                b: S::$vector,
                yes: S::$vector,
                no: S::$vector,
            ) -> S::$vector {
                simd.$select(simd.$at_most(a, b), yes, no)
            }
        }
    };
}

#[inline(always)]
fn transpose_plainly<T: Real>(square: [[T; 4]; 4]) -> [[T; 4]; 4] {
    let mut result = square;
    for (i, row) in result.iter_mut().enumerate() {
        for (value, column) in row.iter_mut().zip(&square) {
            *value = column[i];
        }
    }
    result
}

#[cfg(not(target_arch = "x86_64"))]
use transpose_plainly as transpose_f32;

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose_f32(square: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    use std::arch::x86_64::{
        __m128, _mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_ps, _mm_unpacklo_ps,
    };
    // SAFETY: the same sixteen numbers, and SSE belongs to x86-64.
    #[allow(unsafe_code)]
    unsafe {
        let [a, b, c, d] = std::mem::transmute::<[[f32; 4]; 4], [__m128; 4]>(square);
        let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
        let (ab_high, cd_high) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
        std::mem::transmute::<[__m128; 4], [[f32; 4]; 4]>([
            _mm_movelh_ps(ab, cd),
            _mm_movehl_ps(cd, ab),
            _mm_movelh_ps(ab_high, cd_high),
            _mm_movehl_ps(cd_high, ab_high),
        ])
    }
}

vectors!(
    f32,
    f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    mul_add_f32s,
    less_than_f32s,
    less_than_or_equal_f32s,
    greater_than_f32s,
    select_f32s,
    transpose_f32
);
vectors!(
    f64,
    f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    mul_add_f64s,
    less_than_f64s,
    less_than_or_equal_f64s,
    greater_than_f64s,
    select_f64s,
    transpose_plainly
);
