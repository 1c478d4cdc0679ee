//! A content while it comes: on disk after every piece, its digest at hand at the end.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use super::{
    cache::{feed, hex, is_sha256},
    keep::{cannot_write, in_new_folder},
};
use crate::{Error, Result};

/// The beginning of a content, in a file that a kill leaves behind.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    length: u64,
    /// The length that the whole will have.
    bytes: u64,
    /// Whether more came than that.
    excess: bool,
}

impl Partial {
    /// Goes on with what is there, or begins.
    pub(super) fn open(path: PathBuf, bytes: u64) -> Result<Self> {
        let mut file = in_new_folder(&path, || {
            let mut options = OpenOptions::new();
            let file = options.create(true).truncate(false).read(true).write(true).open(&path);
            file.map_err(|error| cannot_write(&path, &error))
        })?;
        let mut hasher = Sha256::new();
        let length = feed(&mut file, &mut hasher).map_err(|error| cannot_write(&path, &error))?;
        let mut partial = Self { path, file, hasher, length, bytes, excess: false };
        if length > bytes {
            partial.clear()?;
        }
        Ok(partial)
    }

    /// How much is there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether nothing more is to come.
    pub(super) fn is_full(&self) -> bool {
        self.length == self.bytes
    }

    /// Whether more came than the whole may have.
    pub(super) fn is_excessive(&self) -> bool {
        self.excess
    }

    /// Adds what comes next.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<()> {
        let left = usize::try_from(self.bytes - self.length).unwrap_or(usize::MAX);
        self.excess |= piece.len() > left;
        let piece = &piece[..piece.len().min(left)];
        self.file.write_all(piece).map_err(|error| cannot_write(&self.path, &error))?;
        self.hasher.update(piece);
        self.length += piece.len() as u64;
        Ok(())
    }

    /// Throws away what came.
    pub(super) fn clear(&mut self) -> Result<()> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        cleared.map_err(|error| cannot_write(&self.path, &error))?;
        self.hasher = Sha256::new();
        (self.length, self.excess) = (0, false);
        Ok(())
    }

    /// What is wrong with the whole: its length or, where the etag is a SHA-256, its content.
    pub(super) fn fault(&self, etag: &str) -> Option<String> {
        if self.excess {
            return Some(format!("found more than the {} bytes expected", self.bytes));
        }
        let found = hex(&self.hasher.clone().finalize());
        let wrong = is_sha256(etag) && found != etag;
        wrong.then(|| format!("found SHA-256 {found}, expected {etag}"))
    }

    /// Gives the whole its name.
    pub(super) fn finish(self, blob: PathBuf) -> Result<()> {
        let named = |error: std::io::Error| -> Error { cannot_write(&blob, &error) };
        self.file.sync_all().map_err(named)?;
        std::fs::rename(&self.path, &blob).map_err(named)?;
        // The rename itself lasts once the folder is synced; where folders cannot be opened (Windows) it lasts anyway.
        if let Some(folder) = blob.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}
