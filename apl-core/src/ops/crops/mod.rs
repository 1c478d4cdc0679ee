//! Batches of images where the images are: each moved at random within a border of zeros and perhaps mirrored, or as it is.
//!
//! The random numbers are those of [`random`](crate::random): from the stream (key, `epoch << 32 | image`), row and column of the window as two numbers below
//! `2 padding + 1`, then the lowest bit of the next word, which mirrors.
//!
//! ```
//! use apl_core::ops::crops::{Images, fill};
//! use candle_core::{DType, Device, Tensor};
//! let device = Device::Cpu;
//! let images = Images {
//!     values: Tensor::new(&[[1u8, 2, 3, 4], [5, 6, 7, 8]], &device)?.reshape((2, 1, 2, 2))?,
//!     labels: Tensor::new(&[0u32, 1], &device)?,
//!     mean: Some((Tensor::zeros((1, 2, 2), DType::F32, &device)?, 0.5)),
//! };
//! let indices = Tensor::new(&[1u32], &device)?;
//! let (x, labels) = (Tensor::zeros((1, 1, 2, 2), DType::F32, &device)?, indices.zeros_like()?);
//! fill(&images, &indices, None, &x, &labels)?;
//! assert_eq!(x.flatten_all()?.to_vec1::<f32>()?, [2.5, 3.0, 3.5, 4.0]);
//! assert_eq!(labels.to_vec1::<u32>()?, [1]);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod cpu;
mod cuda;

use candle_core::{DType, Tensor};

use crate::{
    Result,
    ops::{
        access::{apart, read, write},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};

/// Images in memory.
#[derive(Debug, Clone)]
pub struct Images {
    /// `[M, C, H, W]`: bytes, or `f32` that were prepared.
    pub values: Tensor,
    /// `[M]`, `u32`.
    pub labels: Tensor,
    /// Of bytes: what is subtracted, `[C, H, W]` in the type of the batch, and what the difference is multiplied by.
    pub mean: Option<(Tensor, f64)>,
}

/// How images are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Of the stream, see [`Streams::key`](crate::random::Streams::key).
    pub key: [u32; 2],
    /// The pass through the images.
    pub epoch: u32,
    /// Pixels of the border, and the most that an image is moved.
    pub padding: usize,
}

/// Writes the images of these indices and their labels.
///
/// # Shapes
/// - `indices`: `[N]`, `u32`, each below M; on a GPU this is the caller's to see to
/// - `to`: `[N, C, H, W]`, `f32` or `f64`; `labels`: `[N]`, `u32`
///
/// # Errors
/// A wrong shape, dtype, layout or device; an index that is no image; tensors that share memory.
pub fn fill(
    images: &Images,
    indices: &Tensor,
    draw: Option<Draw>,
    to: &Tensor,
    labels: &Tensor,
) -> Result<()> {
    let values = ("crops: images", &images.values);
    let [count, channels, height, width] = check::rank::<4>(values, "[M, C, H, W]")?;
    let size = Size { batch: indices.elem_count(), channels, height, width };
    let (stored, indices) =
        (("crops: labels of images", &images.labels), ("crops: indices", indices));
    let (to, labels) = (("crops: batch", to), ("crops: labels", labels));
    check::shape(stored, &[count])?;
    check::shape(indices, &[size.batch])?;
    check::shape(to, &[size.batch, channels, height, width])?;
    check::shape(labels, &[size.batch])?;
    let dtype = to.1.dtype();
    let mean = images.mean.as_ref().map(|(mean, scale)| (("crops: mean", mean), *scale));
    if let Some((mean, _)) = mean {
        check::shape(mean, &[channels, height, width])?;
        check::same_dtype(&[to, mean])?;
    }
    let (bytes, expected) = match mean {
        Some(_) => (true, DType::U8),
        None => (false, DType::F32),
    };
    if values.1.dtype() != expected {
        let (place, found) = (values.0.to_string(), values.1.dtype());
        return Err(crate::Error::DType { place, found, expected: format!("{expected:?}") });
    }
    apart(&[to, labels], &[values, stored, indices])?;
    let scale = mean.map_or(1.0, |(_, scale)| scale);
    let of_mean = mean.map(|(mean, _)| mean);
    let tensors = [Some(values), Some(stored), of_mean, Some(indices), Some(to), Some(labels)];
    if let Some(done) = gpu::run(tensors, |machine, at| {
        cuda::fill(machine, at, size, draw, cuda::Values { bytes, scale, real: dtype })
    }) {
        return done;
    }
    read::<u32, _, 2>([stored, indices], |[stored, indices]| {
        if let Some(index) = indices.iter().find(|&&index| index as usize >= count) {
            let expected = format!("below {count}, the number of images");
            return Err(check::wrong_setting("crops: index", index, &expected));
        }
        write(labels, |labels: &mut [u32]| {
            labels.iter_mut().zip(indices).for_each(|(to, &index)| *to = stored[index as usize]);
            Ok(())
        })?;
        with_real!("crops", dtype, T => write(to, |to| match of_mean {
            Some(mean) => read::<u8, _, 1>([values], |[values]| {
                read::<T, _, 1>([mean], |[mean]| {
                    let scale = T::of(scale);
                    let value = |pixel: u8, at: usize| (T::of(f64::from(pixel)) - mean[at]) * scale;
                    cpu::fill(values, indices, draw, size, to, value);
                    Ok(())
                })
            }),
            None => read::<f32, _, 1>([values], |[values]| {
                cpu::fill(values, indices, draw, size, to, |value, _| T::of(f64::from(value)));
                Ok(())
            }),
        }))
    })
}

/// A batch and its images.
#[derive(Debug, Clone, Copy)]
struct Size {
    batch: usize,
    channels: usize,
    height: usize,
    width: usize,
}

impl Size {
    /// Values of an image.
    fn values(self) -> usize {
        self.channels * self.height * self.width
    }
}
