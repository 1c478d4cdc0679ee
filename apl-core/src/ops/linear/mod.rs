//! The fully connected layer `y = x W^T + b`.
//!
//! ```
//! use apl_core::ops::linear;
//! use candle_core::{Device, Tensor};
//! let x = Tensor::new(&[[1f32, 2.0]], &Device::Cpu)?;
//! let weight = Tensor::new(&[[1f32, 1.0], [0.0, -1.0]], &Device::Cpu)?;
//! let bias = Tensor::new(&[0f32, 10.0], &Device::Cpu)?;
//! assert_eq!(linear::apply(&x, &weight, &bias)?.to_vec2::<f32>()?, [[3.0, 8.0]]);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod cpu;
mod cuda;

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor, backend::BackendStorage};

use crate::{
    Error, Result,
    ops::{
        access::{apart, read, slice_of, write, write2},
        check, cuda as gpu,
        real::{Real, with_real},
        simd::Vectors,
    },
};

/// Writes `x W^T + b` into `y`.
///
/// # Shapes
/// - `x`: `[N, ...]`, the example's dimensions flattened to `I`
/// - `weight`: `[O, I]`, `bias`: `[O]`, `y`: `[N, O]`
///
/// # Errors
/// A wrong shape, dtype, layout or device; a parameter that is not finite; `y` sharing memory with what is read.
pub fn forward(x: &Tensor, weight: &Tensor, bias: &Tensor, y: &Tensor) -> Result<()> {
    let size = size(x, weight, bias)?;
    let (x, weight, bias) = (("linear: x", x), ("linear: weight", weight), ("linear: bias", bias));
    let y = ("linear: y", y);
    check::shape(y, &[size.batch, size.outputs])?;
    let dtype = check::same_dtype(&[x, weight, bias, y])?;
    apart(&[y], &[x, weight, bias])?;
    if let Some(done) = gpu::run([x, weight, bias, y].map(Some), |machine, at| {
        cuda::forward(machine, at, size, dtype)
    }) {
        return done;
    }
    with_real!("linear", dtype, T => read::<T, _, 3>([x, weight, bias], |[x, w, b]| {
        write(y, |y| checked_forward(x, w, b, y, size))
    }))
}

fn checked_forward<T: Vectors>(
    x: &[T],
    w: &[T],
    b: &[T],
    y: &mut [T],
    size: cpu::Size,
) -> Result<()> {
    check::finite_values("linear: bias", b)?;
    if cpu::forward(x, w, b, y, size) {
        return Ok(());
    }
    check::finite_values("linear: weight", w)
}

/// Writes the gradients, given that of `y`: `dx = g W` (where asked for), `dW = g^T x`, `db = sum_n g` (where asked for).
///
/// # Shapes
/// Every gradient has the shape of what it belongs to, see [`forward`].
///
/// # Errors
/// As [`forward`].
pub fn backward(
    x: &Tensor,
    weight: &Tensor,
    g: &Tensor,
    dx: Option<&Tensor>,
    parameters: Option<(&Tensor, &Tensor)>,
) -> Result<()> {
    let outputs = weight.dims().first().copied().unwrap_or(0);
    let size = size_of(x, weight)?;
    let (x, weight, g) = (("linear: x", x), ("linear: weight", weight), ("linear: gradient", g));
    check::shape(g, &[size.batch, outputs])?;
    let dtype = check::same_dtype(&[x, weight, g])?;
    let dx = dx.map(|dx| ("linear: gradient of x", dx));
    let parameters = parameters
        .map(|(dw, db)| (("linear: gradient of weight", dw), ("linear: gradient of bias", db)));
    let mut written = Vec::with_capacity(3);
    if let Some(dx) = dx {
        check::shape(dx, x.1.dims())?;
        written.push(dx);
    }
    if let Some((dw, db)) = parameters {
        check::shape(dw, weight.1.dims())?;
        check::shape(db, &[outputs])?;
        written.extend([dw, db]);
    }
    for &tensor in &written {
        check::same_dtype(&[x, tensor])?;
    }
    apart(&written, &[x, weight, g])?;
    let [dw, db] = parameters.map_or([None; 2], |(dw, db)| [Some(dw), Some(db)]);
    if let Some(done) = gpu::run([Some(x), Some(weight), Some(g), dx, dw, db], |machine, at| {
        cuda::backward(machine, at, size, dtype)
    }) {
        return done;
    }
    with_real!("linear", dtype, T => read::<T, _, 3>([x, weight, g], |[x, w, g]| {
        match (dx, parameters) {
            (Some(dx), Some((dw, db))) => write(dx, |dx| write2(dw, db, |dw, db| {
                cpu::backward(x, w, g, Some(dx), Some((dw, db)), size);
                Ok(())
            })),
            (Some(dx), None) => write(dx, |dx| {
                cpu::backward(x, w, g, Some(dx), None, size);
                Ok(())
            }),
            (None, Some((dw, db))) => write2(dw, db, |dw, db| {
                cpu::backward(x, w, g, None, Some((dw, db)), size);
                Ok(())
            }),
            (None, None) => Ok(()),
        }
    }))
}

fn size_of(x: &Tensor, weight: &Tensor) -> Result<cpu::Size> {
    let (batch, unit) = check::batched(("linear: x", x))?;
    let inputs = unit.iter().product();
    match *weight.dims() {
        [outputs, i] if i == inputs && outputs > 0 => Ok(cpu::Size { batch, inputs, outputs }),
        _ => {
            let expected = format!("[O, {inputs}] for x {:?}, O at least 1", x.dims());
            Err(check::wrong_shape("linear: weight", weight.dims(), expected))
        }
    }
}

fn size(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<cpu::Size> {
    let size = size_of(x, weight)?;
    check::shape(("linear: bias", bias), &[size.outputs])?;
    Ok(size)
}

/// The layer on Candle's tape.
///
/// # Errors
/// As [`forward`], but tensors may be of any layout.
pub fn apply(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    size(x, weight, bias)?;
    check::same_dtype(&[("linear: x", x), ("linear: weight", weight), ("linear: bias", bias)])?;
    Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, Linear)?)
}

/// The same from Candle's elementary operations.
///
/// # Errors
/// As [`apply`].
pub fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    size(x, weight, bias)?;
    Ok(x.flatten_from(1)?.matmul(&weight.t()?)?.broadcast_add(bias)?)
}

struct Linear;

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let batch = x_layout.dims()[0];
        let (outputs, inputs) = weight_layout.shape().dims2()?;
        let size = cpu::Size { batch, inputs, outputs };
        let storage = with_real!("linear", x.dtype(), T => {
            let x = slice_of::<T>("linear: x", x, x_layout)?;
            let w = slice_of::<T>("linear: weight", weight, weight_layout)?;
            let b = slice_of::<T>("linear: bias", bias, bias_layout)?;
            let mut y = vec![T::ZERO; batch * outputs];
            checked_forward(x, w, b, &mut y, size)?;
            Ok::<_, Error>(T::storage(y))
        })?;
        Ok((storage, Shape::from((batch, outputs))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        // The data of a first layer are not on the tape.
        let dx = x.track_op().then(|| x.zeros_like()).transpose()?;
        let (dw, db) = (weight.zeros_like()?, bias.zeros_like()?);
        backward(x, weight, &g.contiguous()?, dx.as_ref(), Some((&dw, &db)))?;
        Ok((dx, Some(dw), Some(db)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use proptest::prelude::*;

    use super::*;
    use crate::ops::testing::{
        assert_close, check_against_composed, check_determinism, check_differences, error_of,
        normal,
    };

    fn inputs(dims: &[usize], outputs: usize) -> [Tensor; 3] {
        let features = dims[1..].iter().product();
        [
            normal("x", dims, DType::F64),
            normal("weight", &[outputs, features], DType::F64),
            normal("bias", &[outputs], DType::F64),
        ]
    }

    fn fused(t: &[Tensor]) -> Result<Tensor> {
        apply(&t[0], &t[1], &t[2])
    }

    /// A weight that is turned around beforehand, in pieces that do not divide it.
    #[test]
    fn large_layers_equal_composed_ones() {
        let inputs = inputs(&[5, 1301], 1031);
        let composed = composed(&inputs[0], &inputs[1], &inputs[2]).unwrap();
        assert_close("large", &fused(&inputs).unwrap(), &composed, 1e-11);
        let inputs = inputs.map(|t| t.to_dtype(DType::F32).unwrap());
        check_determinism("large", &fused, &inputs);
    }

    #[test]
    fn fused_equals_composed_and_differences() {
        for (dims, outputs) in [(&[1usize, 1][..], 1), (&[3, 5], 4), (&[2, 2, 3, 2], 7)] {
            let inputs = inputs(dims, outputs);
            let what = format!("{dims:?} -> {outputs}");
            check_differences(&what, &fused, &inputs);
        }
        for (dims, outputs) in [(&[5, 130][..], 300), (&[100, 64], 10), (&[1, 33], 1000)] {
            let composed = |t: &[Tensor]| composed(&t[0], &t[1], &t[2]);
            check_against_composed("linear", &fused, &composed, &inputs(dims, outputs));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_shape_agrees_with_composed(n in 1usize..9, i in 1usize..200, o in 1usize..200) {
            let composed = |t: &[Tensor]| composed(&t[0], &t[1], &t[2]);
            check_against_composed("linear", &fused, &composed, &inputs(&[n, i], o));
        }
    }

    #[test]
    fn results_depend_on_neither_threads_nor_simd() {
        let inputs = inputs(&[100, 274], 274).map(|t| t.to_dtype(DType::F32).unwrap());
        check_determinism("linear", &fused, &inputs);
    }

    /// A sweep that does one of the two gives what the sweep that does both gives.
    #[test]
    fn gradients_do_not_depend_on_what_else_is_asked_for() {
        let [x, w, _] = inputs(&[50, 300], 290);
        let g = normal("g", &[50, 290], DType::F64);
        let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F64, &Device::Cpu);
        let gradients = || [zeros(&[50, 300]), zeros(&[290, 300]), zeros(&[290])];
        let [dx, dw, db] = gradients().map(std::result::Result::unwrap);
        backward(&x, &w, &g, Some(&dx), Some((&dw, &db))).unwrap();
        let [dx2, dw2, db2] = gradients().map(std::result::Result::unwrap);
        backward(&x, &w, &g, Some(&dx2), None).unwrap();
        backward(&x, &w, &g, None, Some((&dw2, &db2))).unwrap();
        for (a, b) in [(&dx, &dx2), (&dw, &dw2), (&db, &db2)] {
            assert_close("gradient", a, b, 0.0);
        }
        assert!(error_of(backward(&x, &w, &g, Some(&x), None)).contains("share memory"));
    }

    #[test]
    fn wrong_arguments_are_named() {
        let [x, w, b] = inputs(&[2, 3], 4);
        let y = Tensor::zeros((2, 4), DType::F64, &Device::Cpu).unwrap();
        assert_eq!(
            error_of(forward(&x, &w.t().unwrap().contiguous().unwrap(), &b, &y)),
            "linear: weight: found shape [3, 4], expected [O, 3] for x [2, 3], O at least 1"
        );
        assert_eq!(
            error_of(forward(&x, &w, &b.narrow(0, 0, 3).unwrap(), &y)),
            "linear: bias: found shape [3], expected [4]"
        );
        assert_eq!(
            error_of(forward(&x, &w, &b, &y.to_dtype(DType::F32).unwrap())),
            "linear: y: found dtype F32, expected F64, as linear: x"
        );
        let bad = (&w * f64::NAN).unwrap();
        assert!(
            error_of(forward(&x, &bad, &b, &y)).starts_with("linear: weight: found NaN at index 0")
        );
        assert!(error_of(fused(&[x, bad, b])).contains("linear: weight: found NaN"));
    }
}
