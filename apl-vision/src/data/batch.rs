//! A batch: chosen images, prepared, in the tensors a network reads.

use apl_core::{
    ops::{access::with_slice_mut, real::Real},
    random::Streams,
};
use candle_core::{DType, Tensor};
use rayon::prelude::*;

use crate::{
    Error, Result,
    data::{CHANNELS, Crop, Images, PIXELS, Pixels, SIDE},
};

/// Images that one task prepares.
const TASK: usize = 4;

/// Which random crops a training batch sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crops {
    /// The run's random streams.
    pub streams: Streams,
    /// The epoch, from 0.
    pub epoch: u64,
}

/// Writes the images of these indices, with the values of their [`Pixels`], and their labels. `crops` is given in training with augmentation; without it
/// images are taken as they are.
///
/// Needs no memory of its own. The result is a function of the arguments alone, at any number of threads.
///
/// # Shapes
/// - `indices`: N, each below `images.len()`
/// - `inputs`: `[N, 3, 32, 32]`, f32 or f64, contiguous, on the CPU
/// - `labels`: `[N]`, u32, contiguous, on the CPU
///
/// ```
/// use apl_vision::data::{Images, Mean, PIXELS, Pixels, fill};
/// use candle_core::{DType, Device, Tensor};
/// let images = Images::canonical([[9; PIXELS], [9; PIXELS]].concat(), vec![0, 1])?;
/// let mean = Mean::of(&images, 1.0);
/// let inputs = Tensor::ones((2, 3, 32, 32), DType::F32, &Device::Cpu).map_err(apl_core::Error::from)?;
/// let labels = Tensor::zeros(2, DType::U32, &Device::Cpu).map_err(apl_core::Error::from)?;
/// fill(&images, &[1, 0], Pixels::Bytes(&mean), None, &inputs, &labels)?;
/// assert_eq!(labels.to_vec1::<u32>().map_err(apl_core::Error::from)?, [1, 0]);
/// # Ok::<(), apl_vision::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`]: an index out of range, prepared values of another number of images. [`Error::Core`]: a tensor of another shape, element type, layout or device.
pub fn fill(
    images: &Images,
    indices: &[u32],
    pixels: Pixels,
    crops: Option<Crops>,
    inputs: &Tensor,
    labels: &Tensor,
) -> Result<()> {
    let count = indices.len();
    check("batch: inputs", inputs, &[count, CHANNELS, SIDE, SIDE])?;
    check("batch: labels", labels, &[count])?;
    if let Some(index) = indices.iter().find(|&&index| index as usize >= images.len()) {
        return Err(Error::Setting {
            place: "batch: indices".into(),
            found: index.to_string(),
            expected: format!("less than the number of images, {}", images.len()),
        });
    }
    if let Pixels::Floats(values) = pixels
        && values.len() != images.pixels().len()
    {
        return Err(Error::Setting {
            place: "batch: pixels".into(),
            found: format!("{} prepared values", values.len()),
            expected: format!("{PIXELS} for each of the {} images", images.len()),
        });
    }
    if labels.dtype() != DType::U32 {
        let (place, found) = ("batch: labels".into(), labels.dtype());
        return Err(apl_core::Error::DType { place, found, expected: "U32".into() }.into());
    }
    match (inputs.dtype(), pixels) {
        (DType::F32, Pixels::Bytes(mean)) => {
            let scale = mean.scale() as f32;
            write(images.pixels(), indices, crops, inputs, |crop, image, to| {
                crop.write(image, mean.rounded(), scale, to);
            })?;
        }
        (DType::F64, Pixels::Bytes(mean)) => {
            write(images.pixels(), indices, crops, inputs, |crop, image, to| {
                crop.write(image, mean.values(), mean.scale(), to);
            })?;
        }
        (DType::F32, Pixels::Floats(values)) => {
            write::<f32, _>(values, indices, crops, inputs, |crop, image, to| {
                crop.copy(image, to)
            })?;
        }
        (DType::F64, Pixels::Floats(values)) => {
            write::<f64, _>(values, indices, crops, inputs, |crop, image, to| {
                crop.copy(image, to)
            })?;
        }
        (found, _) => {
            let (place, expected) = ("batch: inputs".into(), "F32 or F64".into());
            return Err(apl_core::Error::DType { place, found, expected }.into());
        }
    }
    with_slice_mut(labels, |labels: &mut [u32]| {
        for (label, &index) in labels.iter_mut().zip(indices) {
            *label = images.labels()[index as usize];
        }
    })?;
    Ok(())
}

/// Writes images, each from its 3072 stored values by its crop.
fn write<T: Real, S: Sync>(
    stored: &[S],
    indices: &[u32],
    crops: Option<Crops>,
    inputs: &Tensor,
    one: impl Fn(Crop, &[S], &mut [T]) + Sync,
) -> Result<()> {
    with_slice_mut(inputs, |inputs: &mut [T]| {
        let tasks = inputs.par_chunks_mut(TASK * PIXELS).zip(indices.par_chunks(TASK));
        tasks.for_each(|(inputs, indices)| {
            for (to, &index) in inputs.chunks_exact_mut(PIXELS).zip(indices) {
                let image = &stored[index as usize * PIXELS..][..PIXELS];
                let crop = match crops {
                    Some(Crops { streams, epoch }) => Crop::draw(streams, epoch, index),
                    None => Crop::CENTRE,
                };
                one(crop, image, to);
            }
        });
    })?;
    Ok(())
}

/// A contiguous CPU tensor of this shape.
fn check(place: &str, tensor: &Tensor, expected: &[usize]) -> Result<()> {
    let place = place.to_string();
    if tensor.dims() != expected {
        let (found, expected) = (tensor.dims().to_vec(), format!("{expected:?}"));
        return Err(apl_core::Error::Shape { place, found, expected }.into());
    }
    if !tensor.is_contiguous() {
        return Err(apl_core::Error::Layout { place }.into());
    }
    if !tensor.device().is_cpu() {
        let device = format!("{:?}", tensor.device().location());
        return Err(apl_core::Error::Device { place, device }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::data::Mean;

    fn images(count: usize) -> Images {
        let pixels = (0..count * PIXELS).map(|i| (i * i / 7) as u8).collect();
        Images::canonical(pixels, (0..count as u32).collect()).unwrap()
    }

    fn tensors(count: usize, dtype: DType) -> (Tensor, Tensor) {
        let inputs = Tensor::ones((count, 3, 32, 32), dtype, &Device::Cpu).unwrap();
        (inputs, Tensor::zeros(count, DType::U32, &Device::Cpu).unwrap())
    }

    fn flat(tensor: &Tensor) -> Vec<f64> {
        tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
    }

    const INDICES: [u32; 6] = [4, 0, 8, 8, 2, 5];

    #[test]
    fn a_batch_holds_the_prepared_images_and_their_labels() {
        let images = images(9);
        let mean = Mean::of(&images, 0.25);
        let pixels = Pixels::Bytes(&mean);
        let (inputs, labels) = tensors(6, DType::F64);
        fill(&images, &INDICES, pixels, None, &inputs, &labels).unwrap();
        let expected: Vec<f64> = INDICES
            .iter()
            .flat_map(|&n| images.image(n as usize).unwrap().iter().zip(mean.values()))
            .map(|(&pixel, mean)| (f64::from(pixel) - mean) * 0.25)
            .collect();
        assert_eq!(flat(&inputs), expected);
        let expected: Vec<u32> = INDICES.iter().map(|&n| images.labels()[n as usize]).collect();
        assert_eq!(labels.to_vec1::<u32>().unwrap(), expected);

        let (single, labels) = tensors(6, DType::F32);
        fill(&images, &INDICES, pixels, None, &single, &labels).unwrap();
        let largest = flat(&single).into_iter().zip(flat(&inputs)).map(|(a, b)| (a - b).abs());
        assert!(largest.fold(0.0, f64::max) < 1e-4);
    }

    #[test]
    fn each_image_has_its_crop_wherever_it_stands_in_the_batch() {
        let images = images(9);
        let mean = Mean::of(&images, 1.0);
        let pixels = Pixels::Bytes(&mean);
        let crops = Some(Crops { streams: Streams::new(2), epoch: 5 });
        let (inputs, labels) = tensors(6, DType::F64);
        fill(&images, &INDICES, pixels, crops, &inputs, &labels).unwrap();
        for (place, &index) in INDICES.iter().enumerate() {
            let mut expected = vec![0.0; PIXELS];
            let image = images.image(index as usize).unwrap();
            Crop::draw(Streams::new(2), 5, index).write(image, mean.values(), 1.0, &mut expected);
            assert_eq!(flat(&inputs)[place * PIXELS..][..PIXELS], expected);
        }
    }

    #[test]
    fn prepared_values_are_taken_as_they_are_and_cropped_alike() {
        let images = images(9);
        // Without mean and scale, bytes are their own prepared values.
        let (bytes, floats): (Mean, Vec<f32>) =
            (Mean::zero(1.0), images.pixels().iter().map(|&pixel| pixel.into()).collect());
        for dtype in [DType::F32, DType::F64] {
            for crops in [None, Some(Crops { streams: Streams::new(2), epoch: 5 })] {
                let of = |pixels| {
                    let (inputs, labels) = tensors(6, dtype);
                    fill(&images, &INDICES, pixels, crops, &inputs, &labels).unwrap();
                    (flat(&inputs), labels.to_vec1::<u32>().unwrap())
                };
                assert_eq!(of(Pixels::Floats(&floats)), of(Pixels::Bytes(&bytes)));
            }
        }
        let (inputs, labels) = tensors(1, DType::F32);
        let pixels = Pixels::Floats(&floats[PIXELS..]);
        assert_eq!(
            fill(&images, &[0], pixels, None, &inputs, &labels).unwrap_err().to_string(),
            "batch: pixels: found 24576 prepared values, expected 3072 for each of the 9 images"
        );
    }

    #[test]
    fn part_of_a_tensor_can_be_filled_and_threads_change_nothing() {
        let images = images(9);
        let mean = Mean::of(&images, 1.0);
        let pixels = Pixels::Bytes(&mean);
        let crops = Some(Crops { streams: Streams::new(2), epoch: 0 });
        let run = |threads| {
            let (inputs, labels) = tensors(6, DType::F32);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fill(&images, &INDICES, pixels, crops, &inputs, &labels)).unwrap();
            inputs
        };
        let whole = run(1);
        assert_eq!(flat(&run(4)), flat(&whole));
        let (inputs, labels) = tensors(6, DType::F32);
        for (first, count) in [(0, 2), (2, 4)] {
            let (inputs, labels) =
                (inputs.narrow(0, first, count).unwrap(), labels.narrow(0, first, count).unwrap());
            let indices = &INDICES[first..first + count];
            fill(&images, indices, pixels, crops, &inputs, &labels).unwrap();
        }
        assert_eq!(flat(&inputs), flat(&whole));
    }

    #[test]
    fn wrong_arguments_are_named() {
        let images = images(2);
        let mean = Mean::of(&images, 1.0);
        let pixels = Pixels::Bytes(&mean);
        let error = |indices: &[u32], inputs: &Tensor, labels: &Tensor| {
            fill(&images, indices, pixels, None, inputs, labels).unwrap_err().to_string()
        };
        let (inputs, labels) = tensors(2, DType::F32);
        assert_eq!(
            error(&[0, 2], &inputs, &labels),
            "batch: indices: found 2, expected less than the number of images, 2"
        );
        assert_eq!(
            error(&[0], &inputs, &labels),
            "batch: inputs: found shape [2, 3, 32, 32], expected [1, 3, 32, 32]"
        );
        assert_eq!(
            error(&[0, 1], &inputs, &labels.narrow(0, 0, 1).unwrap()),
            "batch: labels: found shape [1], expected [2]"
        );
        assert_eq!(
            error(&[0, 1], &tensors(2, DType::U8).0, &labels),
            "batch: inputs: found dtype U8, expected F32 or F64"
        );
        assert_eq!(
            error(&[0, 1], &inputs.transpose(2, 3).unwrap(), &labels),
            "batch: inputs: the tensor is not contiguous\nhint: call `.contiguous()?` on it first"
        );
        assert_eq!(
            error(&[0, 1], &inputs, &labels.to_dtype(DType::U8).unwrap()),
            "batch: labels: found dtype U8, expected U32"
        );
    }
}
