//! Names for the contents of files, so that what was decoded from them is found again wherever they lie.

use std::{
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{Result, data::images::hex};

/// Bytes of a file that one task hashes.
const PIECE: u64 = 8 << 20;
/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// SHA-256 over the files in order, each as its length and the SHA-256 of its pieces of 8 MiB. Pieces are hashed in parallel.
pub(crate) fn of_files(files: &[PathBuf]) -> Result<String> {
    let mut all = Sha256::new();
    for path in files {
        update(&mut all, path)?;
    }
    Ok(hex(&all.finalize()))
}

/// SHA-256 over small files and their labels in order, each as its label, its length and the SHA-256 of its pieces. Files are hashed in parallel.
pub(crate) fn of_labelled(files: &[(u32, &Path)]) -> Result<String> {
    let one = |&(label, path): &(u32, &Path)| -> Result<[u8; 32]> {
        let mut hasher = Sha256::new();
        hasher.update(label.to_le_bytes());
        update(&mut hasher, path)?;
        Ok(hasher.finalize().into())
    };
    let digests: Vec<Result<[u8; 32]>> = files.par_iter().map(one).collect();
    let mut all = Sha256::new();
    for digest in digests {
        all.update(digest?);
    }
    Ok(hex(&all.finalize()))
}

/// Adds the length of a file and the digests of its pieces.
fn update(hasher: &mut Sha256, path: &Path) -> Result<()> {
    let length = fs_err::metadata(path)?.len();
    let pieces = length.div_ceil(PIECE);
    let digests: std::io::Result<Vec<_>> =
        (0..pieces).into_par_iter().map(|piece| piece_digest(path, piece)).collect();
    hasher.update(length.to_le_bytes());
    digests?.iter().for_each(|digest| hasher.update(digest));
    Ok(())
}

/// The SHA-256 of one piece of a file.
fn piece_digest(path: &Path, piece: u64) -> std::io::Result<[u8; 32]> {
    let mut file = fs_err::File::open(path)?;
    let length = file.metadata()?.len().saturating_sub(piece * PIECE).min(PIECE);
    file.seek(SeekFrom::Start(piece * PIECE))?;
    let mut piece = file.take(PIECE);
    let mut buffer = vec![0; BUFFER.min(length as usize + 1)];
    let mut hasher = Sha256::new();
    loop {
        match piece.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}
