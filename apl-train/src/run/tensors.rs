//! Named arrays in safetensors files.
//!
//! Arrays are written in order of their names, and all metadata stands under the one key `apl` as JSON, so that equal content gives equal bytes.

use std::{borrow::Cow, collections::BTreeMap, collections::HashMap, path::Path};

use candle_core::{DType, Tensor};
use safetensors::{Dtype, SafeTensors, View, tensor::SafeTensorError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result, run::file};

/// An array of numbers in little-endian bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

macro_rules! array_of {
    ($($type:ty => $dtype:ident, $from:ident, $to:ident);* $(;)?) => {$(
        impl Array {
            /// An array of the given shape (row-major).
            pub fn $from(shape: &[usize], values: &[$type]) -> Self {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                Self { dtype: Dtype::$dtype, shape: shape.to_vec(), bytes }
            }

            /// The values, if they have this type.
            pub fn $to(&self) -> Option<Vec<$type>> {
                const SIZE: usize = size_of::<$type>();
                (self.dtype == Dtype::$dtype).then(|| {
                    let chunks = self.bytes.as_chunks::<SIZE>().0.iter();
                    chunks.map(|chunk| <$type>::from_le_bytes(*chunk)).collect()
                })
            }
        }
    )*};
}
array_of! {
    f32 => F32, from_f32, to_f32;
    f64 => F64, from_f64, to_f64;
    u8 => U8, from_u8, to_u8;
    u32 => U32, from_u32, to_u32;
    u64 => U64, from_u64, to_u64;
}

impl Array {
    /// The values of a tensor of `f32`, `f64` or `u32`.
    ///
    /// # Errors
    /// Another type; what Candle reports.
    pub fn from_tensor(tensor: &Tensor) -> Result<Self> {
        let (shape, flat) = (tensor.dims(), tensor.flatten_all()?);
        Ok(match tensor.dtype() {
            DType::F32 => Self::from_f32(shape, &flat.to_vec1()?),
            DType::F64 => Self::from_f64(shape, &flat.to_vec1()?),
            DType::U32 => Self::from_u32(shape, &flat.to_vec1()?),
            other => {
                let problem = format!("found {other:?}, expected F32, F64 or U32");
                return Err(Error::usage("tensor to be stored", problem));
            }
        })
    }

    /// Overwrites the values of a tensor of the same shape and type, on whatever device; `false`, and nothing written, where they differ.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn copy_into(&self, tensor: &Tensor) -> Result<bool> {
        if self.shape != tensor.dims() {
            return Ok(false);
        }
        let fits = match tensor.dtype() {
            DType::F32 => {
                self.to_f32().map(|v| Tensor::from_vec(v, tensor.dims(), tensor.device()))
            }
            DType::F64 => {
                self.to_f64().map(|v| Tensor::from_vec(v, tensor.dims(), tensor.device()))
            }
            _ => None,
        };
        let Some(values) = fits else { return Ok(false) };
        tensor.contiguous()?.slice_set(&values?, 0, 0)?;
        Ok(true)
    }

    /// The first value that is NaN or infinite, and its position.
    pub fn first_not_finite(&self) -> Option<(usize, f64)> {
        let doubles = || self.to_f32().map(|v| v.into_iter().map(f64::from).collect());
        let values: Vec<f64> = self.to_f64().or_else(doubles).unwrap_or_default();
        values.into_iter().enumerate().find(|(_, value)| !value.is_finite())
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

impl View for &Array {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Arrays by name.
pub type Arrays = BTreeMap<String, Array>;

const METADATA: &str = "apl";

/// Writes arrays and a description of them, replacing an earlier file at once.
///
/// # Errors
/// What the file system reports.
pub fn write(path: &Path, arrays: &Arrays, about: &impl Serialize) -> Result<()> {
    let about = serde_json::to_string(about).map_err(|error| damaged(path, &error))?;
    let metadata = HashMap::from([(METADATA.to_string(), about)]);
    let bytes = safetensors::serialize(arrays.iter(), Some(metadata))
        .map_err(|error| damaged(path, &error))?;
    file::replace(path, |file| file.write_all(&bytes))
}

/// Reads the arrays and their description.
///
/// # Errors
/// A missing, damaged or foreign file.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<(Arrays, T)> {
    let bytes = fs_err::read(path)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(path, &error))?;
    let about = header.metadata().as_ref().and_then(|metadata| metadata.get(METADATA));
    let about =
        about.ok_or_else(|| Error::run(path, "found no `apl` metadata: not a file of apl"))?;
    let about = serde_json::from_str(about).map_err(|error| damaged(path, &error))?;
    let file =
        SafeTensors::deserialize(&bytes).map_err(|error: SafeTensorError| damaged(path, &error))?;
    let arrays = file.iter().map(|(name, view)| {
        let array = Array {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        };
        (name.to_string(), array)
    });
    Ok((arrays.collect(), about))
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::run(path, format!("damaged: {error}"))
        .with_hint("a run whose files are damaged starts anew with --fresh")
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_content_gives_equal_bytes_whatever_the_order() {
        let directory = tempfile::tempdir().unwrap();
        let entries: Vec<(String, Array)> =
            (0..20u32).map(|i| (format!("a{i}"), Array::from_u32(&[2], &[i, i + 1]))).collect();
        let (first, second) = (directory.path().join("1"), directory.path().join("2"));
        write(&first, &entries.iter().cloned().collect(), &"about").unwrap();
        write(&second, &entries.into_iter().rev().collect(), &"about").unwrap();
        assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
    }

    #[test]
    fn a_cut_or_foreign_file_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        let arrays = Arrays::from([("w".into(), Array::from_f32(&[3], &[1.0, 2.0, 3.0]))]);
        write(&path, &arrays, &0).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for end in 0..bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let error = read::<u32>(&path).unwrap_err().to_string();
            assert!(error.contains("model.safetensors: damaged"), "{error}");
        }
        std::fs::write(&path, safetensors::serialize(arrays.iter(), None).unwrap()).unwrap();
        assert!(read::<u32>(&path).unwrap_err().to_string().contains("not a file of apl"));
    }

    #[test]
    fn values_of_another_shape_or_type_are_refused() {
        let target = Tensor::zeros((2, 2), DType::F32, &Device::Cpu).unwrap();
        assert!(!Array::from_f32(&[4], &[0.0; 4]).copy_into(&target).unwrap());
        assert!(!Array::from_f64(&[2, 2], &[0.0; 4]).copy_into(&target).unwrap());
        assert!(Array::from_f32(&[2, 2], &[1.0, 2.0, 3.0, 4.0]).copy_into(&target).unwrap());
        assert_eq!(target.to_vec2::<f32>().unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
    }

    proptest! {
        #[test]
        fn arrays_come_back_bit_for_bit(bits in prop::collection::vec(any::<u32>(), 0..50)) {
            let values: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("x");
            let arrays = Arrays::from([("x".into(), Array::from_f32(&[values.len()], &values))]);
            write(&path, &arrays, &7u32).unwrap();
            let (back, about) = read::<u32>(&path).unwrap();
            prop_assert_eq!(about, 7);
            let found = back["x"].to_f32().unwrap();
            prop_assert_eq!(found.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), bits);
        }
    }
}
