//! A whitening kept between runs, as safetensors named after the images and the settings it was computed from.
//!
//! A file holds `mean` (f64 `[3072]`) and `matrix` (f32 `[3072, 3072]`, 38 MB) and, in its metadata under the name of the format, their digest.
//! Everything is checked when it is read; a file that fails is made anew.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use apl_train::run::file;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    data::{
        Contrast, Images, PIXELS, Whitening, images::hex, preprocess::whitening::Transformation,
    },
};

/// The name of the format, its number raised when the layout of a file or the computation changes.
const FORMAT: &str = "apl-zca-1";

/// The whitening of the training images, from the folder where it holds it, else computed and kept there.
///
/// # Errors
/// [`Error::Setting`]: eigenvalues that cannot be found. Trouble with the folder is a line in `warnings`.
pub(super) fn transformation(
    train: &Images,
    contrast: Contrast,
    whitening: Whitening,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<Transformation> {
    let key = key(train.digest(), contrast, whitening);
    let compute = || Transformation::of(train.pixels(), PIXELS, contrast, whitening);
    kept(folder, &key, PIXELS, compute, warnings).ok_or_else(|| Error::Setting {
        place: "data.preprocess".into(),
        found: "a covariance of the training images whose eigenvalues cannot be computed".into(),
        expected: "images that can be whitened, or \"gcn\"".into(),
    })
}

/// What the folder holds under a key, else what is computed, which is kept there.
fn kept(
    folder: &Path,
    key: &str,
    dimension: usize,
    compute: impl FnOnce() -> Option<Transformation>,
    warnings: &mut Vec<String>,
) -> Option<Transformation> {
    let path = path(folder, key);
    if let Some(kept) = read(&path, key, dimension) {
        return Some(kept);
    }
    let computed = compute()?;
    if let Err(error) = write(&path, key, &computed) {
        let folder = folder.display();
        warnings.push(format!(
            "{folder}: the whitening cannot be kept here ({error}); the next run computes it again"
        ));
    }
    Some(computed)
}

fn path(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("zca-{key}.safetensors"))
}

/// What a whitening is computed from: SHA-256 of the format, the digest of the images and the bits of the settings.
fn key(images: &str, contrast: Contrast, whitening: Whitening) -> String {
    let mut hasher = Sha256::new();
    hasher.update(FORMAT);
    hasher.update(images);
    for setting in [contrast.scale, contrast.bias, whitening.bias] {
        hasher.update(setting.to_le_bytes());
    }
    hex(&hasher.finalize())
}

/// SHA-256 of the key and the numbers as they are stored.
fn digest(key: &str, mean: &[u8], matrix: &[u8]) -> String {
    let mut hasher = Sha256::new();
    [key.as_bytes(), mean, matrix].iter().for_each(|part| hasher.update(part));
    hex(&hasher.finalize())
}

/// The whitening of a file; `None` if there is none or it is damaged, of another format or key or not what its digest says.
fn read(path: &Path, key: &str, dimension: usize) -> Option<Transformation> {
    let bytes = fs_err::read(path).ok()?;
    let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
    let kept = header.metadata().as_ref()?.get(FORMAT)?;
    let tensors = SafeTensors::deserialize(&bytes).ok()?;
    let (mean, matrix) = (tensors.tensor("mean").ok()?, tensors.tensor("matrix").ok()?);
    let shapes = mean.shape() == [dimension] && matrix.shape() == [dimension, dimension];
    let types = mean.dtype() == Dtype::F64 && matrix.dtype() == Dtype::F32;
    if !shapes || !types || *kept != digest(key, mean.data(), matrix.data()) {
        return None;
    }
    Some(Transformation {
        mean: mean.data().as_chunks().0.iter().map(|&value| f64::from_le_bytes(value)).collect(),
        matrix: matrix
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|&value| f32::from_le_bytes(value))
            .collect(),
    })
}

/// Writes a file, whole or not at all. Makes its folder where there is none.
fn write(path: &Path, key: &str, transformation: &Transformation) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let dimension = transformation.mean.len();
    let mean: Vec<u8> = transformation.mean.iter().flat_map(|value| value.to_le_bytes()).collect();
    let matrix: Vec<u8> =
        transformation.matrix.iter().flat_map(|value| value.to_le_bytes()).collect();
    let other = std::io::Error::other::<safetensors::SafeTensorError>;
    let tensors = [
        ("mean", TensorView::new(Dtype::F64, vec![dimension], &mean).map_err(other)?),
        ("matrix", TensorView::new(Dtype::F32, vec![dimension; 2], &matrix).map_err(other)?),
    ];
    let metadata = HashMap::from([(FORMAT.to_string(), digest(key, &mean, &matrix))]);
    let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(other)?;
    file::whole(path, |file| file.write_all(&bytes))
}

/// Keeps a whitening for tests.
#[cfg(test)]
pub(super) fn keep(
    train: &Images,
    contrast: Contrast,
    whitening: Whitening,
    folder: &Path,
    transformation: &Transformation,
) {
    let key = key(train.digest(), contrast, whitening);
    write(&path(folder, &key), &key, transformation).unwrap();
}

#[cfg(test)]
mod tests;
