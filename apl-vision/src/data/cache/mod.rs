//! Decoded images kept between runs, as safetensors named after the contents (SHA-256) of the files they came from.
//!
//! A cache file holds `pixels` (u8 `[N, 3, 32, 32]`) and `labels` (u32 `[N]`) in canonical order and, in its metadata under the name of the
//! format, the digest of the images. Everything is checked when it is read, the digest included; a file that fails is made anew from the source.

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::{
    Result,
    data::{CHANNELS, Images, PIXELS, SIDE, Set, images::hex, parquet, source::Files},
};

/// The name of the format, its number raised when the layout of a cache file or the canonical order changes.
const FORMAT: &str = "apl-images-1";
/// Bytes of a source file that one task hashes.
const PIECE: u64 = 8 << 20;
/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// Train and test images of the files, from the cache where it has them.
///
/// # Errors
/// What is wrong with a file. Trouble with the cache folder is a line in `warnings`.
pub(crate) fn load(
    files: &Files,
    set: Set,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<[Images; 2]> {
    let (train, test) = rayon::join(
        || load_split("train", &files.train, set, folder),
        || load_split("test", &files.test, set, folder),
    );
    let [(train, first), (test, second)] = [train?, test?];
    warnings.extend(first.or(second));
    Ok([train, test])
}

/// The images of one split and, where they could not be kept, why.
fn load_split(
    split: &str,
    files: &[PathBuf],
    set: Set,
    folder: &Path,
) -> Result<(Images, Option<String>)> {
    let path = folder.join(format!("{}-{split}-{}.safetensors", set.name(), key(files)?));
    if let Some(images) = read(&path, set) {
        return Ok((images, None));
    }
    let (pixels, labels) = parquet::read(files, set)?;
    let images = Images::canonical(pixels, labels)?;
    let warning = write(&path, &images).err().map(|error| {
        let folder = folder.display();
        format!("{folder}: decoded images cannot be kept here ({error}); the next run decodes them again")
    });
    Ok((images, warning))
}

/// What names the files' contents: SHA-256 over the files in order, each as its length and the SHA-256 of its pieces of 8 MiB. Pieces are
/// hashed in parallel.
fn key(files: &[PathBuf]) -> Result<String> {
    let mut all = Sha256::new();
    for path in files {
        let length = fs_err::metadata(path)?.len();
        let pieces = length.div_ceil(PIECE);
        let digests: std::io::Result<Vec<_>> =
            (0..pieces).into_par_iter().map(|piece| piece_digest(path, piece)).collect();
        all.update(length.to_le_bytes());
        digests?.iter().for_each(|digest| all.update(digest));
    }
    Ok(hex(&all.finalize()))
}

/// The SHA-256 of one piece of a file.
fn piece_digest(path: &Path, piece: u64) -> std::io::Result<[u8; 32]> {
    let mut file = fs_err::File::open(path)?;
    file.seek(SeekFrom::Start(piece * PIECE))?;
    let mut piece = file.take(PIECE);
    let mut buffer = vec![0; BUFFER];
    let mut hasher = Sha256::new();
    loop {
        match piece.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// The images of a cache file; `None` if there is none or it is damaged, of another format or not what its digest says.
fn read(path: &Path, set: Set) -> Option<Images> {
    let mut bytes = fs_err::read(path).ok()?;
    let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
    let digest = header.metadata().as_ref()?.get(FORMAT)?.clone();
    let tensors = SafeTensors::deserialize(&bytes).ok()?;
    let labels = tensors.tensor("labels").ok()?;
    let pixels = tensors.tensor("pixels").ok()?;
    let count = labels.shape().first().copied()?;
    let expected = [count, CHANNELS, SIDE, SIDE];
    if labels.dtype() != Dtype::U32 || pixels.dtype() != Dtype::U8 || pixels.shape() != expected {
        return None;
    }
    let labels: Vec<u32> =
        labels.data().as_chunks().0.iter().map(|&label| u32::from_le_bytes(label)).collect();
    if labels.iter().any(|&label| label as usize >= set.classes()) {
        return None;
    }
    // The pixels are the end of the file: what stands before them is cut off, which is cheaper than a copy.
    let (_, end) = header.info("pixels")?.data_offsets;
    if end != header.data_len() {
        return None;
    }
    bytes.drain(..bytes.len() - count * PIXELS);
    Images::sorted(bytes, labels).ok()?.filter(|images| images.digest() == digest)
}

/// Writes a cache file beside its place, syncs it and renames it.
fn write(path: &Path, images: &Images) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder)?;
    let beside = NamedTempFile::new_in(folder)?.into_temp_path();
    let labels: Vec<u8> = images.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
    let count = images.len();
    let shape = vec![count, CHANNELS, SIDE, SIDE];
    let other = std::io::Error::other::<safetensors::SafeTensorError>;
    let tensors = [
        ("labels", TensorView::new(Dtype::U32, vec![count], &labels).map_err(other)?),
        ("pixels", TensorView::new(Dtype::U8, shape, images.pixels()).map_err(other)?),
    ];
    let metadata = HashMap::from([(FORMAT.to_string(), images.digest().to_string())]);
    safetensors::serialize_to_file(tensors, Some(metadata), &beside).map_err(other)?;
    fs_err::OpenOptions::new().write(true).open(&beside)?.sync_all()?;
    beside.persist(path).map_err(|error| error.error)
}

#[cfg(test)]
mod tests;
