//! Finds out from the first bytes what a file is.

use std::{io::Read, path::Path};

use fs_err::File;

use crate::{Error, Result};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines of text.
    Text,
    /// Something compressed with gzip.
    Gzip,
    /// A parquet file.
    Parquet,
    /// An HDF5 file.
    Hdf5,
    /// A safetensors file: an event file, if it is one of ours.
    Safetensors,
}

/// How many bytes are looked at.
const HEAD: u64 = 4096;

/// What is often found in the place of data, and what to do about it.
const OTHERS: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive", "unpack it and name the file inside"),
    (b"\x28\xB5\x2F\xFD", "a file compressed with zstd", "unpack it first"),
    (b"BZh", "a file compressed with bzip2", "unpack it first"),
    (b"\xFD7zXZ\x00", "a file compressed with xz", "unpack it first"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive", "unpack it and name the file inside"),
    (b"root", "a ROOT file", "convert it to parquet or HDF5 first, with uproot for example"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file itself: git lfs pull"),
    (b"<!DOCTYPE", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
];

/// The formats there are, in words.
const EXPECTED: &str =
    "a file of events: csv or csv.gz, parquet, HDF5, or one that an import wrote";

/// What lies at a path, and the file, open at its beginning.
///
/// # Errors
/// Nothing there, a folder, an empty file, something of no known format.
pub(crate) fn detect(path: &Path) -> Result<(Kind, File)> {
    let wrong = |found: &str, hint: &str| Error::File {
        path: path.into(),
        found: found.into(),
        expected: EXPECTED.into(),
        hint: hint.into(),
    };
    if path.is_dir() {
        return Err(wrong("a folder", "name a file in it"));
    }
    if !path.exists() {
        return Err(wrong("nothing", "is the path right?"));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    std::io::Seek::rewind(&mut file)?;
    if head.is_empty() {
        return Err(wrong("an empty file", "download the file again"));
    }
    for (begin, found, hint) in OTHERS {
        if head.starts_with(begin) {
            return Err(wrong(found, hint));
        }
    }
    let kind = if head.starts_with(b"\x1F\x8B") {
        Kind::Gzip
    } else if head.starts_with(b"PAR1") {
        Kind::Parquet
    } else if head.starts_with(b"\x89HDF\r\n\x1A\n") {
        Kind::Hdf5
    } else if is_safetensors(&head, length) {
        Kind::Safetensors
    } else if head.contains(&0) {
        return Err(wrong("bytes that are no text", "is this the right file?"));
    } else {
        Kind::Text
    };
    Ok((kind, file))
}

/// The length of a header and an object of JSON.
fn is_safetensors(head: &[u8], length: u64) -> bool {
    let Some((room, rest)) = head.split_first_chunk() else { return false };
    let room = u64::from_le_bytes(*room);
    rest.starts_with(b"{") && room < length
}
