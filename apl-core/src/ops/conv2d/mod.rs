//! Two-dimensional convolution with bias (cross-correlation, as in Caffe), and all three gradients.
//!
//! ```
//! use apl_core::ops::conv2d::{self, Config};
//! use candle_core::{Device, Tensor};
//! // A sum over three pixels, with a border of zeros.
//! let x = Tensor::new(&[[[[1f32, 2.0, 3.0, 4.0]]]], &Device::Cpu)?;
//! let weight = Tensor::new(&[[[[0f32, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]]], &Device::Cpu)?;
//! let bias = Tensor::new(&[10f32], &Device::Cpu)?;
//! let y = conv2d::apply(&x, &weight, &bias, Config { stride: 1, padding: 1 })?;
//! assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [13.0, 16.0, 19.0, 17.0]);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod algorithm;
mod cpu;
mod cuda;
mod lowering;
mod pointwise;
mod product;
mod sums;
mod winograd;

use algorithm::Method;
pub use algorithm::{Algorithm, Algorithms, Setting};
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Shape, Tensor, backend::BackendStorage};

use crate::{
    Error, Result,
    ops::{
        access::{apart, read, slice_of, write, write2},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};

/// How the kernel moves over the image: the same stride and zero padding on both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Pixels between successive positions, at least 1.
    pub stride: usize,
    /// Zeros added on every side.
    pub padding: usize,
}

impl Config {
    /// The output's height or width for an image's and a kernel's: `(size + 2 padding - kernel) / stride + 1`, rounded down; `None` where the
    /// kernel is larger than the padded image, the stride is 0 or a number overflows.
    pub fn output(&self, size: usize, kernel: usize) -> Option<usize> {
        let room = size.checked_add(self.padding.checked_mul(2)?)?.checked_sub(kernel)?;
        room.checked_div(self.stride)?.checked_add(1)
    }
}

/// Writes `y[n, o, i, j] = bias[o] + sum_(c, u, v) weight[o, c, u, v] x[n, c, i stride + u - padding, j stride + v - padding]`, x being 0 outside
/// the image.
///
/// # Shapes
/// - `x`: `[N, C, H, W]`, `weight`: `[O, C, KH, KW]`, `bias`: `[O]`
/// - `y`: `[N, O, OH, OW]` with [`Config::output`]
///
/// `setting` is a [`Config`], or a [`Setting`] that also says which algorithms may be used.
///
/// # Errors
/// A wrong shape, dtype, layout, device or stride; a parameter that is not finite; `y` sharing memory with what is read.
pub fn forward(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    setting: impl Into<Setting>,
    y: &Tensor,
) -> Result<()> {
    let Setting { window, algorithm } = setting.into();
    let size = size(x.dims(), weight.dims(), window)?;
    let (x, weight, bias) = (("conv2d: x", x), ("conv2d: weight", weight), ("conv2d: bias", bias));
    let y = ("conv2d: y", y);
    check::shape(bias, &[size.outputs])?;
    check::shape(y, &size.output_shape())?;
    let dtype = check::same_dtype(&[x, weight, bias, y])?;
    apart(&[y], &[x, weight, bias])?;
    if let Some(done) = gpu::run([x, weight, bias, y].map(Some), |machine, at| {
        cuda::forward(machine, at, size, dtype)
    }) {
        return done;
    }
    with_real!("conv2d", dtype, T => {
        check::finite::<T>(weight)?;
        check::finite::<T>(bias)?;
        read::<T, _, 3>([x, weight, bias], |[x, w, b]| {
            write(y, |y| {
                cpu::forward(x, w, b, y, size, Method::of(&size, dtype, algorithm));
                Ok(())
            })
        })
    })
}

/// Writes the gradients, given that of `y`: by the input where asked for, by weight and bias where asked for.
///
/// # Shapes
/// Every gradient has the shape of what it belongs to, see [`forward`].
///
/// # Errors
/// As [`forward`].
pub fn backward(
    x: &Tensor,
    weight: &Tensor,
    setting: impl Into<Setting>,
    g: &Tensor,
    dx: Option<&Tensor>,
    parameters: Option<(&Tensor, &Tensor)>,
) -> Result<()> {
    let Setting { window, algorithm } = setting.into();
    let size = size(x.dims(), weight.dims(), window)?;
    let (x, weight, g) = (("conv2d: x", x), ("conv2d: weight", weight), ("conv2d: gradient", g));
    check::shape(g, &size.output_shape())?;
    let dtype = check::same_dtype(&[x, weight, g])?;
    if let Some(dx) = dx {
        let dx = ("conv2d: gradient of x", dx);
        check::shape(dx, x.1.dims())?;
        check::same_dtype(&[x, dx])?;
        apart(&[dx], &[x, weight, g])?;
        let on_gpu = gpu::run([weight, g, dx].map(Some), |machine, at| {
            cuda::input_gradient(machine, at, size, dtype)
        });
        let method = Method::of(&size, dtype, algorithm);
        let on_cpu = || {
            with_real!("conv2d", dtype, T => read::<T, _, 2>([weight, g], |[w, g]| {
                write(dx, |dx| {
                    cpu::input_gradient(w, g, dx, size, method);
                    Ok(())
                })
            }))
        };
        on_gpu.unwrap_or_else(on_cpu)?;
    }
    if let Some((dw, db)) = parameters {
        let (dw, db) = (("conv2d: gradient of weight", dw), ("conv2d: gradient of bias", db));
        check::shape(dw, weight.1.dims())?;
        check::shape(db, &[size.outputs])?;
        check::same_dtype(&[x, dw, db])?;
        apart(&[dw, db], &[x, weight, g])?;
        let on_gpu = gpu::run([x, g, dw, db].map(Some), |machine, at| {
            cuda::parameter_gradients(machine, at, size, dtype)
        });
        let method = Method::of_weight_gradient(&size, dtype, algorithm);
        let on_cpu = || {
            with_real!("conv2d", dtype, T => read::<T, _, 2>([x, g], |[x, g]| {
                write2(dw, db, |dw, db| {
                    cpu::parameter_gradients(x, g, dw, db, size, method);
                    Ok(())
                })
            }))
        };
        on_gpu.unwrap_or_else(on_cpu)?;
    }
    Ok(())
}

/// Checks the shapes of input and weight.
fn size(x: &[usize], weight: &[usize], config: Config) -> Result<lowering::Size> {
    let (&[batch, channels, height, width], false) = (x, x.contains(&0)) else {
        let expected = "[N, C, H, W], no dimension 0";
        return Err(check::wrong_shape("conv2d: x", x, expected.into()));
    };
    let wrong_weight = |expected: String| check::wrong_shape("conv2d: weight", weight, expected);
    let (&[outputs, inputs, kernel_height, kernel_width], false) = (weight, weight.contains(&0))
    else {
        return Err(wrong_weight("[O, C, KH, KW], no dimension 0".into()));
    };
    if inputs != channels {
        return Err(wrong_weight(format!("[O, {channels}, KH, KW] for x {x:?}")));
    }
    if config.stride == 0 {
        return Err(check::wrong_setting("conv2d: stride", 0, "at least 1"));
    }
    let outside = || wrong_weight(format!("a kernel no larger than the padded image {x:?}"));
    let size = lowering::Size {
        batch,
        channels,
        image: [height, width],
        outputs,
        kernel: [kernel_height, kernel_width],
        output: [
            config.output(height, kernel_height).ok_or_else(outside)?,
            config.output(width, kernel_width).ok_or_else(outside)?,
        ],
        stride: config.stride,
        padding: config.padding,
    };
    check::count("conv2d: y", &size.output_shape())?;
    check::count(
        "conv2d: columns",
        &[channels, kernel_height, kernel_width, size.output[0], size.output[1]],
    )?;
    Ok(size)
}

/// The shape of the output for one example `[C, H, W]`.
///
/// # Errors
/// As [`forward`].
pub fn output_shape(unit: &[usize], weight: &[usize], config: Config) -> Result<Vec<usize>> {
    let x = [&[1], unit].concat();
    Ok(size(&x, weight, config)?.output_shape()[1..].to_vec())
}

/// The algorithms that [`forward`] and [`backward`] use for an input and weights of these shapes.
///
/// ```
/// use apl_core::ops::conv2d::{Algorithm, Config, Setting, algorithms};
/// use candle_core::DType;
/// let (x, weight) = ([100, 96, 16, 16], [128, 96, 5, 5]);
/// let window = Config { stride: 1, padding: 2 };
/// assert_eq!(algorithms(&x, &weight, DType::F32, window)?.forward, "winograd-2x2-5x5");
/// let plain = Setting { window, algorithm: Algorithm::Lowered };
/// assert_eq!(algorithms(&x, &weight, DType::F32, plain)?.forward, "lowered");
/// # Ok::<(), apl_core::Error>(())
/// ```
///
/// # Errors
/// As [`forward`].
pub fn algorithms(
    x: &[usize],
    weight: &[usize],
    dtype: DType,
    setting: impl Into<Setting>,
) -> Result<Algorithms> {
    let Setting { window, algorithm } = setting.into();
    let size = size(x, weight, window)?;
    let name = Method::of(&size, dtype, algorithm).name();
    let weight_gradient = Method::of_weight_gradient(&size, dtype, algorithm).name();
    Ok(Algorithms { forward: name, input_gradient: name, weight_gradient })
}

/// The convolution on Candle's tape.
///
/// # Errors
/// As [`forward`], but tensors may be of any layout.
pub fn apply(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    setting: impl Into<Setting>,
) -> Result<Tensor> {
    let setting = setting.into();
    let size = size(x.dims(), weight.dims(), setting.window)?;
    check::shape(("conv2d: bias", bias), &[size.outputs])?;
    check::same_dtype(&[("conv2d: x", x), ("conv2d: weight", weight), ("conv2d: bias", bias)])?;
    let op = Conv2d { setting };
    Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?)
}

/// The same from Candle's elementary operations: a matrix product for every pixel of the kernel.
///
/// # Errors
/// As [`apply`].
pub fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, config: Config) -> Result<Tensor> {
    let size = size(x.dims(), weight.dims(), config)?;
    let [rows, columns] = size.output;
    let padding = config.padding;
    let padded = x.pad_with_zeros(2, padding, padding)?.pad_with_zeros(3, padding, padding)?;
    let positions = |first: usize, count: usize| {
        let index = (0..count).map(|i| (first + i * config.stride) as u32).collect::<Vec<_>>();
        Tensor::from_vec(index, count, x.device())
    };
    let mut sum = bias.reshape((1, size.outputs, 1))?;
    for u in 0..size.kernel[0] {
        let band = padded.index_select(&positions(u, rows)?, 2)?;
        for v in 0..size.kernel[1] {
            let pixels = band.index_select(&positions(v, columns)?, 3)?.flatten_from(2)?;
            let weight = weight.narrow(2, u, 1)?.narrow(3, v, 1)?;
            let weight = weight.reshape((1, size.outputs, size.channels))?;
            sum = sum.broadcast_add(&weight.broadcast_matmul(&pixels)?)?;
        }
    }
    Ok(sum.reshape(size.output_shape().as_slice())?)
}

struct Conv2d {
    setting: Setting,
}

impl CustomOp3 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
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
        let Setting { window, algorithm } = self.setting;
        let size = size(x_layout.dims(), weight_layout.dims(), window)?;
        let method = Method::of(&size, x.dtype(), algorithm);
        let shape = size.output_shape();
        let storage = with_real!("conv2d", x.dtype(), T => {
            let x = slice_of::<T>("conv2d: x", x, x_layout)?;
            let w = slice_of::<T>("conv2d: weight", weight, weight_layout)?;
            let b = slice_of::<T>("conv2d: bias", bias, bias_layout)?;
            check::finite_values("conv2d: weight", w)?;
            check::finite_values("conv2d: bias", b)?;
            let mut y = vec![T::ZERO; shape.iter().product()];
            cpu::forward(x, w, b, &mut y, size, method);
            Ok::<_, Error>(T::storage(y))
        })?;
        Ok((storage, Shape::from(shape.to_vec())))
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
        let g = g.contiguous()?;
        backward(x, weight, self.setting, &g, dx.as_ref(), Some((&dw, &db)))?;
        Ok((dx, Some(dw), Some(db)))
    }
}

#[cfg(test)]
mod tests;
