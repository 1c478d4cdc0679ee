//! Images as safetensors: the form in which decoded images are kept and imported ones are written.
//!
//! A file holds `pixels` (u8 `[N, 3, 32, 32]`) and `labels` (u32 `[N]`) in canonical order and, in its metadata under the name of the format, the
//! digest of the images and, after a space and where it is not 0, how many of them had another size. Everything is checked when it is read, the
//! digest included.

use std::{collections::HashMap, path::Path};

use apl_train::run::file;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{
    Error, Result,
    data::{CHANNELS, Images, Labelling, PIXELS, SIDE},
    error::Wrong,
};

/// The name of the format, its number raised when the layout of a file or the canonical order changes.
const FORMAT: &str = "apl-images-1";

/// The images of a file and how many of them were scaled.
///
/// # Errors
/// [`Error::File`]: no such file, damaged, of another format, labels out of range, images that are not what the digest says.
pub(crate) fn read(path: &Path, labelling: Labelling) -> Result<(Images, usize)> {
    let bytes = fs_err::read(path)?;
    images(bytes, labelling).map_err(|(found, expected)| Error::File {
        path: path.into(),
        found,
        expected,
        hint: "import the images again".into(),
    })
}

fn images(mut bytes: Vec<u8>, labelling: Labelling) -> std::result::Result<(Images, usize), Wrong> {
    let damaged =
        |error: safetensors::SafeTensorError| (error.to_string(), "a safetensors file".to_string());
    let layout =
        || ("other tensors".to_string(), "`labels` [N], `pixels` [N, 3, 32, 32]".to_string());
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let digest = metadata.get(FORMAT);
    let digest = digest.ok_or_else(|| ("another format".to_string(), FORMAT.to_string()))?;
    let (digest, scaled) = digest.split_once(' ').unwrap_or((digest, "0"));
    let scaled = scaled.parse().map_err(|_| (format!("{scaled:.20?}"), "a number".to_string()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let labels = tensors.tensor("labels").map_err(|_| layout())?;
    let pixels = tensors.tensor("pixels").map_err(|_| layout())?;
    let count = labels.shape().first().copied().ok_or_else(layout)?;
    let expected = [count, CHANNELS, SIDE, SIDE];
    // The pixels are the end of the file: what stands before them is cut off, which is cheaper than a copy.
    let end = header.info("pixels").map(|info| info.data_offsets.1);
    if labels.dtype() != Dtype::U32
        || labels.shape() != [count]
        || pixels.dtype() != Dtype::U8
        || pixels.shape() != expected
        || end != Some(header.data_len())
    {
        return Err(layout());
    }
    let labels: Vec<u32> =
        labels.data().as_chunks().0.iter().map(|&label| u32::from_le_bytes(label)).collect();
    for &label in &labels {
        labelling.label(label.into()).map_err(|expected| (format!("label {label}"), expected))?;
    }
    bytes.drain(..bytes.len() - count * PIXELS);
    let images =
        Images::sorted(bytes, labels).map_err(|error| (error.to_string(), FORMAT.into()))?;
    let images = images.ok_or_else(|| ("images in another order".to_string(), "theirs".into()))?;
    if images.digest() != digest {
        let found = format!("images with the digest {}", images.digest());
        return Err((found, digest.into()));
    }
    Ok((images, scaled))
}

/// Writes a file, whole or not at all. Makes its folder where there is none.
pub(crate) fn write(path: &Path, images: &Images, scaled: usize) -> std::io::Result<()> {
    fs_err::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let labels: Vec<u8> = images.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
    let count = images.len();
    let shape = vec![count, CHANNELS, SIDE, SIDE];
    let other = std::io::Error::other::<safetensors::SafeTensorError>;
    let tensors = [
        ("labels", TensorView::new(Dtype::U32, vec![count], &labels).map_err(other)?),
        ("pixels", TensorView::new(Dtype::U8, shape, images.pixels()).map_err(other)?),
    ];
    let about = match scaled {
        0 => images.digest().to_string(),
        scaled => format!("{} {scaled}", images.digest()),
    };
    let metadata = HashMap::from([(FORMAT.to_string(), about)]);
    let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(other)?;
    file::whole(path, |file| file.write_all(&bytes))
}
