//! The images of a split on a device of their own: batches are cut where the network is, and nothing but indices travels.

use apl_core::{
    ops::crops::{self, Draw},
    random::Purpose,
};
use candle_core::{DType, Device, Tensor};

use crate::{
    Result,
    data::{CHANNELS, Crops, Images, PADDING, Pixels, SIDE},
};

/// A split in a device's memory.
#[derive(Debug)]
pub struct Resident {
    images: crops::Images,
    device: Device,
}

impl Resident {
    /// Copies the images of a split; batches will be of this type.
    ///
    /// # Errors
    /// Memory that the device does not have.
    pub fn of(images: &Images, pixels: Pixels, dtype: DType, device: &Device) -> Result<Self> {
        let shape = [CHANNELS, SIDE, SIDE];
        let all = [images.len(), CHANNELS, SIDE, SIDE];
        let (values, mean) = match pixels {
            Pixels::Bytes(mean) => {
                let scale = mean.scale();
                let mean = match dtype {
                    DType::F64 => Tensor::from_slice(mean.values(), &shape, device),
                    _ => Tensor::from_slice(mean.rounded(), &shape, device),
                };
                let mean = mean.map_err(apl_core::Error::from)?;
                (Tensor::from_slice(images.pixels(), &all, device), Some((mean, scale)))
            }
            Pixels::Floats(values) => (Tensor::from_slice(values, &all, device), None),
        };
        let values = values.map_err(apl_core::Error::from)?;
        let labels = Tensor::from_slice(images.labels(), images.len(), device);
        let labels = labels.map_err(apl_core::Error::from)?;
        Ok(Self { images: crops::Images { values, labels, mean }, device: device.clone() })
    }

    /// Writes the images of these indices and their labels, as [`fill`](crate::data::fill) does on the processor, to the bit.
    ///
    /// # Errors
    /// An index out of range; a tensor of another shape, type or device.
    pub fn fill(
        &self,
        indices: &[u32],
        crops: Option<Crops>,
        inputs: &Tensor,
        labels: &Tensor,
    ) -> Result<()> {
        let count = self.images.labels.elem_count();
        if let Some(index) = indices.iter().find(|&&index| index as usize >= count) {
            return Err(crate::Error::Setting {
                place: "batch: indices".into(),
                found: index.to_string(),
                expected: format!("less than the number of images, {count}"),
            });
        }
        let indices = Tensor::from_slice(indices, indices.len(), &self.device);
        let indices = indices.map_err(apl_core::Error::from)?;
        let draw = crops.map(|Crops { streams, epoch }| Draw {
            key: streams.key(Purpose::Augment, 0),
            epoch: epoch as u32,
            padding: PADDING,
        });
        Ok(crops::fill(&self.images, &indices, draw, inputs, labels)?)
    }
}

#[cfg(test)]
mod tests {
    use apl_core::random::Streams;

    use super::*;
    use crate::data::{Mean, PIXELS, Preprocess, fill};

    /// By the plain version of the operation, which the kernel equals to the bit.
    #[test]
    fn batches_are_those_of_the_processor() {
        let pixels: Vec<u8> = (0..20 * PIXELS).map(|i| (i * 131 % 256) as u8).collect();
        let labels = (0..20).map(|i| i % 7).collect();
        let images = Images::canonical(pixels, labels).unwrap();
        let mean = Mean::of(&images, 0.015625);
        let floats: Vec<f32> = (0..20 * PIXELS).map(|i| (i as f32 * 0.37).sin()).collect();
        let indices = [3, 19, 0, 3, 7];
        for dtype in [DType::F32, DType::F64] {
            for (pixels, preprocess) in [
                (Pixels::Bytes(&mean), Preprocess::Mean),
                (Pixels::Floats(&floats), Preprocess::Gcn),
            ] {
                let resident = Resident::of(&images, pixels, dtype, &Device::Cpu).unwrap();
                let crops::Images { values, labels, .. } = &resident.images;
                let bytes = |t: &Tensor| t.elem_count() * t.dtype().size_in_bytes();
                let all = bytes(values) + bytes(labels);
                assert_eq!(all as u64, 20 * preprocess.image_bytes());
                for crops in [None, Some(Crops { streams: Streams::new(5), epoch: 11 })] {
                    let batch = || {
                        let x = Tensor::ones((5, 3, 32, 32), dtype, &Device::Cpu).unwrap();
                        (x, Tensor::ones(5, DType::U32, &Device::Cpu).unwrap())
                    };
                    let ((x, labels), (ex, expected)) = (batch(), batch());
                    resident.fill(&indices, crops, &x, &labels).unwrap();
                    fill(&images, &indices, pixels, crops, &ex, &expected).unwrap();
                    let bits = |tensor: &Tensor| -> Vec<u64> {
                        let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
                        flat.to_vec1::<f64>().unwrap().into_iter().map(f64::to_bits).collect()
                    };
                    // 0 and -0 are one number.
                    let plus = |tensor: &Tensor| {
                        bits(&(tensor.to_dtype(DType::F64).unwrap() + 0.0).unwrap())
                    };
                    assert_eq!(plus(&x), plus(&ex), "{dtype:?} {crops:?}");
                    assert_eq!(plus(&labels), plus(&expected));
                }
            }
        }
        let resident =
            Resident::of(&images, Pixels::Bytes(&mean), DType::F32, &Device::Cpu).unwrap();
        let x = Tensor::ones((1, 3, 32, 32), DType::F32, &Device::Cpu).unwrap();
        let labels = Tensor::ones(1, DType::U32, &Device::Cpu).unwrap();
        let error = resident.fill(&[20], None, &x, &labels).unwrap_err().to_string();
        assert_eq!(error, "batch: indices: found 20, expected less than the number of images, 20");
    }
}
