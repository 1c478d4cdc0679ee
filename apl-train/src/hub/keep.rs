//! Writing into the hub's cache: beside the place, synced, renamed.

#[cfg(not(unix))]
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{cache::Repository, request::is_commit};
use crate::{Error, Result, run::file};

impl Repository {
    /// Where a content is.
    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.folder().join("blobs").join(etag)
    }

    /// Where a content is while it comes.
    pub(crate) fn partial(&self, etag: &str) -> PathBuf {
        self.folder().join("blobs").join(format!("{etag}.incomplete"))
    }

    /// The file whose lock is held while a content comes.
    pub(crate) fn lock(&self, etag: &str) -> PathBuf {
        let name = self.folder().file_name().unwrap_or_default();
        let cache = self.folder().parent().unwrap_or(Path::new("."));
        cache.join(".locks").join(name).join(format!("{etag}.lock"))
    }

    /// Notes which commit a revision stands for.
    pub(crate) fn refer(&self, revision: &str, commit: &str) -> Result<()> {
        if is_commit(revision) {
            return Ok(());
        }
        let path = self.folder().join("refs").join(revision);
        in_new_folder(&path, || file::write_text(&path, commit))
    }

    /// Puts a blob where a snapshot has it, in place of what is there.
    pub(crate) fn link(&self, commit: &str, name: &str, etag: &str) -> Result<PathBuf> {
        let path = self.snapshot(commit).join(name);
        in_new_folder(&path, || {
            let up = "../".repeat(2 + name.matches('/').count());
            let target = PathBuf::from(up).join("blobs").join(etag);
            if symbolic(&target, &path).is_ok() {
                return Ok(());
            }
            let mut blob = fs_err::File::open(self.blob(etag))?;
            file::replace(&path, |copy| std::io::copy(&mut blob, copy).map(drop))
        })?;
        Ok(path)
    }
}

/// Makes a symbolic link beside its place and renames it there.
#[cfg(unix)]
fn symbolic(target: &Path, path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let link = tempfile::Builder::new()
        .make_in(folder, |beside| std::os::unix::fs::symlink(target, beside))?;
    link.into_temp_path().persist(path).map_err(|error| error.error)
}

#[cfg(not(unix))]
fn symbolic(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Writes a file of the cache, whose folder is made first.
pub(crate) fn in_new_folder<T>(path: &Path, write: impl FnOnce() -> Result<T>) -> Result<T> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    write().map_err(|error| error.with_hint(HINT))
}

const HINT: &str = "make room, or name another folder with HF_HUB_CACHE; the same command goes on where this one stopped";

/// A file or folder of the cache that cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::run(path, format!("cannot be written: {error}")).with_hint(HINT)
}

#[cfg(test)]
mod tests;
