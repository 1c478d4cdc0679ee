//! The element types the CPU kernels are written for.

use candle_core::CpuStorage;

use crate::ops::access::Element;

/// `f32` or `f64`.
pub trait Real: Element + std::ops::Neg<Output = Self> {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The natural exponential, the same on every platform.
    fn exp(self) -> Self;
    /// The natural logarithm of `1 + self`, the same on every platform.
    fn ln_1p(self) -> Self;
    /// The natural logarithm, the same on every platform.
    fn ln(self) -> Self;
    /// Neither infinite nor NaN.
    fn finite(self) -> bool;
    /// NaN.
    fn not_a_number(self) -> bool;
    /// From an `f64`, rounded.
    fn of(value: f64) -> Self;
    /// The integer part as a byte, for values from 0 to 255.
    fn to_byte(self) -> u8;
    /// Wraps values into a CPU storage.
    fn storage(values: Vec<Self>) -> CpuStorage;
}

macro_rules! real {
    ($type:ty, $variant:ident, $exp:path, $ln:path, $ln_1p:path) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            fn exp(self) -> Self {
                $exp(self)
            }
            fn ln(self) -> Self {
                $ln(self)
            }
            fn ln_1p(self) -> Self {
                $ln_1p(self)
            }
            #[inline(always)]
            fn finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn not_a_number(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn to_byte(self) -> u8 {
                self as u8
            }
            fn storage(values: Vec<Self>) -> CpuStorage {
                CpuStorage::$variant(values)
            }
        }
    };
}

real!(f32, F32, libm::expf, libm::logf, libm::log1pf);
real!(f64, F64, libm::exp, libm::log, libm::log1p);

/// Runs `$body` with `$type` bound to the element type of `$dtype`, or returns [`Error::DType`](crate::Error::DType) for `$place`.
macro_rules! with_real {
    ($place:expr, $dtype:expr, $type:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $type = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $type = f64;
                $body
            }
            found => Err($crate::Error::DType {
                place: $place.to_string(),
                found,
                expected: "F32 or F64".into(),
            }),
        }
    };
}
pub(crate) use with_real;
