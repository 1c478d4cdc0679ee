//! The hub's cache on this machine.
//!
//! ```text
//! <cache>/datasets--owner--name/
//!     refs/<revision>             the full commit that a branch, a tag or the first digits of a commit stand for
//!     snapshots/<commit>/<path>   a relative link into blobs (a copy where links cannot be made)
//!     blobs/<etag>                the content; of large files the name is its SHA-256
//!     blobs/<etag>.incomplete     what came of it so far
//! <cache>/.locks/datasets--owner--name/<etag>.lock
//! ```

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{Fetched, Request, problem, request::Revision};
use crate::Result;

/// A data set's folder in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    name: String,
    folder: PathBuf,
}

/// A file of a request, as the cache has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is there.
    Here(Fetched),
    /// It is not there; `path` is where it would be.
    Absent { file: String, path: PathBuf },
    /// Its content is not what the name of its blob says.
    Damaged { file: String, path: PathBuf, sha256: String, expected: String },
}

/// All files, if all are there.
pub(crate) fn complete(found: &[Found]) -> Option<Vec<Fetched>> {
    let here = |found: &Found| match found {
        Found::Here(fetched) => Some(fetched.clone()),
        _ => None,
    };
    found.iter().map(here).collect()
}

impl Repository {
    /// The folder of a request's repository, which need not exist.
    ///
    /// # Errors
    /// As [`fetch`](super::fetch) for names that cannot be names.
    pub fn new(cache: &Path, request: &Request) -> Result<Self> {
        request.check()?;
        let folder = format!("datasets--{}", request.repository.replace('/', "--"));
        let (name, folder) = (request.repository.into(), cache.join(folder));
        Ok(Self { name, folder })
    }

    /// The data set's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// The commit that a revision stands for, as far as the cache knows.
    ///
    /// # Errors
    /// A file in `refs` that names no commit; the first digits of two commits.
    pub fn commit(&self, revision: &str) -> Result<Option<String>> {
        if let Some(Revision::Commit(commit)) = Revision::parse(revision) {
            return Ok(Some(commit.into()));
        }
        let reference = self.folder.join("refs").join(revision);
        match fs_err::read(&reference) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let commit = text.trim();
                // A commit is a file name: anything else would lead out of the cache.
                if commit.is_empty() || !commit.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    return Err(problem::bad_reference(&reference, commit));
                }
                return Ok(Some(commit.into()));
            }
            Err(error) if absent(&error) => {}
            Err(error) => return Err(error.into()),
        }
        match Revision::parse(revision) {
            Some(Revision::Beginning(digits)) => self.beginning(digits),
            _ => Ok(None),
        }
    }

    /// The commit among the snapshots that begins with these digits.
    fn beginning(&self, digits: &str) -> Result<Option<String>> {
        let folder = self.folder.join("snapshots");
        let names = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut names = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.starts_with(digits));
        match (names.next(), names.next()) {
            (Some(one), Some(other)) => {
                Err(problem::ambiguous(&folder, digits, [&one, &other].map(String::as_str)))
            }
            (first, _) => Ok(first),
        }
    }

    /// What the cache has of a request's files. Every file is read, and its SHA-256 compared with the name of its blob.
    ///
    /// # Errors
    /// As [`commit`](Self::commit); a file that cannot be read.
    pub(crate) fn look(&self, request: &Request) -> Result<Vec<Found>> {
        let commit = self.commit(request.revision)?;
        let look = |file: &&str| self.look_at(commit.as_deref(), request.revision, file);
        request.files.par_iter().map(look).collect()
    }

    fn look_at(&self, commit: Option<&str>, revision: &str, file: &str) -> Result<Found> {
        let path = self.snapshot(commit.unwrap_or(revision)).join(file);
        let Some(commit) = commit.filter(|_| path.is_file()) else {
            return Ok(Found::Absent { file: file.into(), path });
        };
        let (sha256, bytes) = sha256(&path)?;
        let expected = std::fs::read_link(&path).ok().and_then(|target| {
            let name = target.file_name()?.to_str()?;
            is_sha256(name).then(|| name.to_string())
        });
        if let Some(expected) = expected.filter(|expected| *expected != sha256) {
            return Ok(Found::Damaged { file: file.into(), path, sha256, expected });
        }
        let (repository, commit) = (self.name.clone(), commit.into());
        let file = file.into();
        Ok(Found::Here(Fetched {
            repository,
            commit,
            file,
            path,
            sha256,
            bytes,
            downloaded: false,
        }))
    }

    /// The files of a snapshot with this extension in one of its folders, in the order of their names; `None` where one is damaged.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn files(
        &self,
        commit: &str,
        folder: &str,
        extension: &str,
    ) -> Result<Option<Vec<Fetched>>> {
        let inside = self.snapshot(commit).join(folder);
        let names = std::fs::read_dir(&inside).into_iter().flatten().flatten();
        let mut names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| Path::new(name).extension().is_some_and(|found| found == extension))
            .collect();
        names.sort();
        let look = |name: &String| self.look_at(Some(commit), commit, &format!("{folder}/{name}"));
        let found: Result<Vec<Found>> = names.par_iter().map(look).collect();
        Ok(complete(&found?))
    }
}

/// Whether a file is not there.
fn absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory)
}

/// Whether a name is a SHA-256 in hexadecimal.
pub(crate) fn is_sha256(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A digest in hexadecimal.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a file and its length.
fn sha256(path: &Path) -> Result<(String, u64)> {
    let mut file = fs_err::File::open(path)?;
    let mut hasher = Sha256::new();
    let bytes = feed(&mut file, &mut hasher)?;
    Ok((hex(&hasher.finalize()), bytes))
}

/// Hashes what is left of a file; its length.
pub(crate) fn feed(file: &mut impl Read, hasher: &mut Sha256) -> std::io::Result<u64> {
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
