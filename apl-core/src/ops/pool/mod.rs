//! Max and average pooling as in Caffe: windows start every `stride` pixels, the last one may hang over the edge ("ceil mode"), kernel and stride are
//! independent.
//!
//! In a maximum the first of several equal values (in row-major order) wins, and only it gets the gradient. An average divides by the number of
//! cells of the window inside the padded image; without padding these are the cells inside the image.
//!
//! ```
//! use apl_core::ops::pool::{self, Config, Kind};
//! use candle_core::{Device, Tensor};
//! // The paper's pooling, 3 and 2: four pixels have two windows, of which the last hangs over the edge.
//! let x = Tensor::arange(0f32, 16.0, &Device::Cpu)?.reshape((1, 1, 4, 4))?;
//! let config = Config { kernel: 3, stride: 2, padding: 0 };
//! let maxima = pool::apply(&x, Kind::Max, config)?.flatten_all()?.to_vec1::<f32>()?;
//! assert_eq!(maxima, [10.0, 11.0, 14.0, 15.0]);
//! let means = pool::apply(&x, Kind::Average, config)?.flatten_all()?.to_vec1::<f32>()?;
//! assert_eq!(means, [5.0, 6.5, 11.0, 12.5]);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod average;
mod cuda;
mod max;
mod phases;
mod window;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, backend::BackendStorage};

use crate::{
    Error, Result,
    ops::{
        access::{apart, read, slice_of, write},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};
pub use window::Config;
use window::Size;

/// Which pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The largest value of the window.
    Max,
    /// The mean of the window.
    Average,
}

/// The shape of the output for one example `[C, H, W]`.
///
/// # Errors
/// As [`max_forward`].
pub fn output_shape(unit: &[usize], config: Config) -> Result<Vec<usize>> {
    let size = Size::new(&[&[1], unit].concat(), config)?;
    Ok(vec![size.planes, size.output[0], size.output[1]])
}

/// Writes the maximum of every window into `y` and where it stands into `choice`: `row * kernel + column` within the window.
///
/// # Shapes
/// - `x`: `[N, C, H, W]`
/// - `y`: `[N, C, OH, OW]` with [`Config::output`]; `choice`: the same, `u8`
///
/// # Errors
/// A wrong shape, dtype, layout, device or setting; a kernel over 16, as `choice` has 8 bits; `y` sharing memory with `x`.
pub fn max_forward(x: &Tensor, config: Config, y: &Tensor, choice: &Tensor) -> Result<()> {
    let size = Size::new(x.dims(), config)?;
    let (x, y, choice) = (("max-pool: x", x), ("max-pool: y", y), ("max-pool: choice", choice));
    check_kernel(config)?;
    check::shape(y, &size.output_shape(x.1.dims()))?;
    check::shape(choice, y.1.dims())?;
    let dtype = check::same_dtype(&[x, y])?;
    apart(&[y, choice], &[x])?;
    if let Some(done) = gpu::run([x, y, choice].map(Some), |machine, at| {
        cuda::max_forward(machine, at, size, dtype)
    }) {
        return done;
    }
    with_real!("max-pool", dtype, T => read::<T, _, 1>([x], |[x]| {
        write(y, |y| write(choice, |choice: &mut [u8]| {
            max::forward(x, y, choice, size);
            Ok(())
        }))
    }))
}

/// Writes the gradient of the input, given that of the output and the choices of [`max_forward`].
///
/// # Errors
/// As [`max_forward`]; a choice outside its window.
pub fn max_backward(g: &Tensor, choice: &Tensor, config: Config, dx: &Tensor) -> Result<()> {
    let size = Size::new(dx.dims(), config)?;
    let g = ("max-pool: gradient", g);
    let (choice, dx) = (("max-pool: choice", choice), ("max-pool: gradient of x", dx));
    check_kernel(config)?;
    check::shape(g, &size.output_shape(dx.1.dims()))?;
    check::shape(choice, g.1.dims())?;
    let dtype = check::same_dtype(&[g, dx])?;
    apart(&[dx], &[g, choice])?;
    if let Some(done) = gpu::run([g, choice, dx].map(Some), |machine, at| {
        cuda::max_backward(machine, at, size, dtype)
    }) {
        return done;
    }
    with_real!("max-pool", dtype, T => read::<T, _, 1>([g], |[g]| {
        read::<u8, _, 1>([choice], |[choice]| write(dx, |dx| max::backward(g, choice, dx, size)))
    }))
}

fn check_kernel(config: Config) -> Result<()> {
    if config.kernel > 16 {
        return Err(check::wrong_setting("max-pool: kernel", config.kernel, "at most 16"));
    }
    Ok(())
}

/// Writes the average of every window into `y`.
///
/// # Shapes
/// As [`max_forward`].
///
/// # Errors
/// As [`max_forward`], for any kernel.
pub fn average_forward(x: &Tensor, config: Config, y: &Tensor) -> Result<()> {
    let size = Size::new(x.dims(), config)?;
    let (x, y) = (("average-pool: x", x), ("average-pool: y", y));
    check::shape(y, &size.output_shape(x.1.dims()))?;
    let dtype = check::same_dtype(&[x, y])?;
    apart(&[y], &[x])?;
    if let Some(done) =
        gpu::run([x, y].map(Some), |machine, at| cuda::average_forward(machine, at, size, dtype))
    {
        return done;
    }
    with_real!("average-pool", dtype, T => read::<T, _, 1>([x], |[x]| {
        write(y, |y| {
            average::forward(x, y, size);
            Ok(())
        })
    }))
}

/// Writes the gradient of the input, given that of the output.
///
/// # Errors
/// As [`average_forward`].
pub fn average_backward(g: &Tensor, config: Config, dx: &Tensor) -> Result<()> {
    let size = Size::new(dx.dims(), config)?;
    let (g, dx) = (("average-pool: gradient", g), ("average-pool: gradient of x", dx));
    check::shape(g, &size.output_shape(dx.1.dims()))?;
    let dtype = check::same_dtype(&[g, dx])?;
    apart(&[dx], &[g])?;
    if let Some(done) =
        gpu::run([g, dx].map(Some), |machine, at| cuda::average_backward(machine, at, size, dtype))
    {
        return done;
    }
    with_real!("average-pool", dtype, T => read::<T, _, 1>([g], |[g]| {
        write(dx, |dx| {
            average::backward(g, dx, size);
            Ok(())
        })
    }))
}

/// Pooling on Candle's tape.
///
/// # Errors
/// As [`max_forward`] and [`average_forward`], but `x` may be of any layout.
pub fn apply(x: &Tensor, kind: Kind, config: Config) -> Result<Tensor> {
    Size::new(x.dims(), config)?;
    if kind == Kind::Max {
        check_kernel(config)?;
    }
    Ok(x.contiguous()?.apply_op1(Pool { kind, config })?)
}

/// The same from Candle's elementary operations: the pixels of every window side by side, then a sum with weights `1 / count` or with the first
/// maximum marked.
///
/// # Errors
/// As [`apply`].
pub fn composed(x: &Tensor, kind: Kind, config: Config) -> Result<Tensor> {
    let size = Size::new(x.dims(), config)?;
    let shape = size.output_shape(x.dims());
    let flat = x.flatten_from(2)?;
    let mut cells = Vec::new();
    let mut inside = Vec::new();
    let mut sizes = Vec::new();
    for i in 0..size.output[0] {
        for j in 0..size.output[1] {
            sizes.push(1.0 / size.cells(i, j) as f64);
            for u in 0..config.kernel {
                for v in 0..config.kernel {
                    let cell = size.pixel(i, u, 0).zip(size.pixel(j, v, 1));
                    cells.push(cell.map_or(0, |(row, column)| row * size.image[1] + column) as u32);
                    inside.push(u8::from(cell.is_some()));
                }
            }
        }
    }
    let (windows, area) = (sizes.len(), config.kernel * config.kernel);
    let inside = Tensor::from_vec(inside, (windows, area), x.device())?;
    let pixels = flat.index_select(&Tensor::from_vec(cells, windows * area, x.device())?, 2)?;
    let pixels = pixels.reshape((shape[0], shape[1], windows, area))?;
    let weights = match kind {
        Kind::Average => {
            let sizes = Tensor::from_vec(sizes, (windows, 1), x.device())?.to_dtype(x.dtype())?;
            inside.to_dtype(x.dtype())?.broadcast_mul(&sizes)?
        }
        Kind::Max => {
            let outside = Tensor::full(f64::NEG_INFINITY, pixels.dims(), x.device())?;
            let inside = inside.broadcast_as(pixels.dims())?;
            let held = inside.where_cond(&pixels.detach(), &outside.to_dtype(x.dtype())?)?;
            let best = held.argmax_keepdim(3)?;
            let places = Tensor::arange(0u32, area as u32, x.device())?;
            best.broadcast_eq(&places.reshape((1, 1, 1, area))?)?.to_dtype(x.dtype())?
        }
    };
    Ok(pixels.broadcast_mul(&weights)?.sum(3)?.reshape(shape.as_slice())?)
}

struct Pool {
    kind: Kind,
    config: Config,
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Max => "max-pool",
            Kind::Average => "average-pool",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let size = Size::new(layout.dims(), self.config)?;
        let shape = size.output_shape(layout.dims());
        let count = shape.iter().product();
        let storage = with_real!(self.name(), x.dtype(), T => {
            let x = slice_of::<T>("pool: x", x, layout)?;
            let mut y = vec![T::ZERO; count];
            match self.kind {
                Kind::Max => max::forward(x, &mut y, &mut vec![0; count], size),
                Kind::Average => average::forward(x, &mut y, size),
            }
            Ok::<_, Error>(T::storage(y))
        })?;
        Ok((storage, Shape::from(shape.to_vec())))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let dx = x.zeros_like()?;
        let g = g.contiguous()?;
        match self.kind {
            Kind::Average => average_backward(&g, self.config, &dx)?,
            Kind::Max => {
                // The tape keeps tensors of one type only: find the choices again.
                let again = y.zeros_like()?;
                let choice = Tensor::zeros(y.dims(), candle_core::DType::U8, y.device())?;
                max_forward(x, self.config, &again, &choice)?;
                max_backward(&g, &choice, self.config, &dx)?;
            }
        }
        Ok(Some(dx))
    }
}

#[cfg(test)]
mod tests;
