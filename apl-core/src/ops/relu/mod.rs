//! ReLU and leaky ReLU: `max(0, x) + slope min(0, x)`, derivative `slope` at 0 as in Caffe.

mod cpu;
mod cuda;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, backend::BackendStorage};

use crate::{
    Error, Result,
    ops::{
        access::{Named, apart, read, slice_of, write},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};

/// Writes `max(0, x) + slope min(0, x)` into `y`, of the shape of `x`. ReLU has `slope` 0.
///
/// # Errors
/// Different shapes or dtypes, a slope that is not finite, `y` sharing memory with `x`.
pub fn forward(x: &Tensor, slope: f64, y: &Tensor) -> Result<()> {
    let (x, y) = (("relu: x", x), ("relu: y", y));
    let dtype = agree(slope, &[x, y])?;
    apart(&[y], &[x])?;
    let count = x.1.elem_count();
    if let Some(done) =
        gpu::run([Some(x), Some(y)], |machine, at| cuda::forward(machine, at, slope, count, dtype))
    {
        return done;
    }
    with_real!("relu", dtype, T => read::<T, _, 1>([x], |[x]| {
        write(y, |y| {
            cpu::forward(x, T::of(slope), y);
            Ok(())
        })
    }))
}

/// Replaces `x` by `max(0, x) + slope min(0, x)`.
///
/// # Errors
/// A dtype without a kernel, a slope that is not finite.
pub fn forward_in_place(x: &Tensor, slope: f64) -> Result<()> {
    let x = ("relu: x", x);
    let dtype = agree(slope, &[x])?;
    let count = x.1.elem_count();
    if let Some(done) =
        gpu::run([Some(x)], |machine, [x]| cuda::forward(machine, [x, x], slope, count, dtype))
    {
        return done;
    }
    with_real!("relu", dtype, T => write(x, |x| {
        cpu::forward_in_place(x, T::of(slope));
        Ok(())
    }))
}

/// Writes `g (1[x > 0] + slope 1[x <= 0])` into `dx`. For a slope that is not negative `x` may be the output, as both have the same sign.
///
/// # Errors
/// As [`forward`].
pub fn backward(x: &Tensor, slope: f64, g: &Tensor, dx: &Tensor) -> Result<()> {
    let (x, g, dx) = (("relu: x", x), ("relu: gradient", g), ("relu: gradient of x", dx));
    let dtype = agree(slope, &[x, g, dx])?;
    apart(&[dx], &[x, g])?;
    let count = x.1.elem_count();
    if let Some(done) = gpu::run([x, g, dx].map(Some), |machine, at| {
        cuda::backward(machine, at, slope, count, dtype)
    }) {
        return done;
    }
    with_real!("relu", dtype, T => read::<T, _, 2>([x, g], |[x, g]| {
        write(dx, |dx| {
            cpu::backward(x, T::of(slope), g, dx);
            Ok(())
        })
    }))
}

/// Replaces the gradient `g` by that of `x`, given `x` or, for a slope that is not negative, the output.
///
/// # Errors
/// As [`forward`].
pub fn backward_in_place(x: &Tensor, slope: f64, g: &Tensor) -> Result<()> {
    let (x, g) = (("relu: x", x), ("relu: gradient", g));
    let dtype = agree(slope, &[x, g])?;
    apart(&[g], &[x])?;
    let count = x.1.elem_count();
    if let Some(done) = gpu::run([x, g].map(Some), |machine, [x, g]| {
        cuda::backward(machine, [x, g, g], slope, count, dtype)
    }) {
        return done;
    }
    with_real!("relu", dtype, T => read::<T, _, 1>([x], |[x]| {
        write(g, |g| {
            cpu::backward_in_place(x, T::of(slope), g);
            Ok(())
        })
    }))
}

fn agree(slope: f64, tensors: &[Named]) -> Result<candle_core::DType> {
    if !slope.is_finite() {
        return Err(check::wrong_setting("relu: slope", slope, "a finite number"));
    }
    for &tensor in tensors {
        check::shape(tensor, tensors[0].1.dims())?;
    }
    check::same_dtype(tensors)
}

/// ReLU (slope 0) or leaky ReLU on Candle's tape; [`composed`] where the device is not a CPU.
///
/// # Errors
/// As [`forward`], but tensors may be of any layout.
pub fn apply(x: &Tensor, slope: f64) -> Result<Tensor> {
    agree(slope, &[("relu: x", x)])?;
    if !x.device().is_cpu() {
        return composed(x, slope);
    }
    Ok(x.contiguous()?.apply_op1(Relu { slope })?)
}

/// The same from Candle's elementary operations.
///
/// # Errors
/// As [`apply`].
pub fn composed(x: &Tensor, slope: f64) -> Result<Tensor> {
    let positive = x.gt(0f64)?.to_dtype(x.dtype())?;
    let factor = ((&positive * (1.0 - slope))? + slope)?;
    Ok((x * factor)?)
}

struct Relu {
    slope: f64,
}

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let storage = with_real!("relu", x.dtype(), T => {
            let mut y = slice_of::<T>("relu: x", x, layout)?.to_vec();
            cpu::forward_in_place(&mut y, T::of(self.slope));
            Ok::<_, Error>(T::storage(y))
        })?;
        Ok((storage, layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let dx = x.zeros_like()?;
        backward(x, self.slope, &g.contiguous()?, &dx)?;
        Ok(Some(dx))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use proptest::prelude::*;

    use super::*;
    use crate::ops::testing::{
        assert_close, by_tape, check_against_composed, check_determinism, check_differences,
        error_of, normal, values,
    };

    #[test]
    fn fused_equals_composed_and_differences() {
        for dims in [&[1usize][..], &[3, 5], &[2, 3, 4, 5], &[70_000]] {
            for slope in [0.0, 0.01, -0.5] {
                let inputs = [normal("x", dims, DType::F64)];
                let fused = |t: &[Tensor]| apply(&t[0], slope);
                let what = format!("{dims:?} slope {slope}");
                check_against_composed(&what, &fused, &|t| composed(&t[0], slope), &inputs);
                if dims.iter().product::<usize>() < 1000 {
                    check_differences(&what, &fused, &inputs);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_shape_agrees_with_composed(
            dims in prop::collection::vec(1usize..12, 0..5),
            slope in -1.0f64..1.0,
        ) {
            let inputs = [normal("x", &dims, DType::F64)];
            let fused = |t: &[Tensor]| apply(&t[0], slope);
            check_against_composed("relu", &fused, &|t| composed(&t[0], slope), &inputs);
        }
    }

    #[test]
    fn results_depend_on_neither_threads_nor_simd() {
        let inputs = [normal("x", &[70_001], DType::F32)];
        check_determinism("relu", &|t| apply(&t[0], 0.01), &inputs);
    }

    #[test]
    fn in_place_equals_apart_and_the_output_serves_as_input() {
        let x = normal("x", &[4, 33], DType::F64);
        let (y, expected) = by_tape(&|t| apply(&t[0], 0.1), std::slice::from_ref(&x));
        let data = x.copy().unwrap();
        forward_in_place(&data, 0.1).unwrap();
        assert_close("output", &data, &y, 0.0);
        let g = normal("weights", &[4, 33], DType::F64);
        backward_in_place(&data, 0.1, &g).unwrap();
        assert_close("gradient", &g, &expected[0], 0.0);
    }

    #[test]
    fn at_zero_the_derivative_is_the_slope_and_nan_passes() {
        let x = Tensor::new(&[0f64, f64::NAN, -1.0], &Device::Cpu).unwrap();
        let dx = x.zeros_like().unwrap();
        backward(&x, 0.25, &x.ones_like().unwrap(), &dx).unwrap();
        assert_eq!(values(&dx), [0.25, 0.25, 0.25]);
        assert!(values(&apply(&x, 0.0).unwrap())[1].is_nan());
    }

    #[test]
    fn wrong_arguments_are_named() {
        let x = normal("x", &[2, 3], DType::F32);
        assert_eq!(
            error_of(forward(&x, 0.0, &normal("y", &[3, 2], DType::F32))),
            "relu: y: found shape [3, 2], expected [2, 3]"
        );
        assert_eq!(
            error_of(forward(&x, f64::NAN, &x)),
            "relu: slope: found NaN, expected a finite number"
        );
        assert!(error_of(forward(&x, 0.0, &x)).contains("share memory"));
    }
}
