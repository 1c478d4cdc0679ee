//! Files that appear whole or not at all.

use std::{
    io::{BufWriter, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{Error, Result};

/// Writes a file beside its place, syncs it and renames it there: a kill or a full disk leaves the old file or the new one.
///
/// # Errors
/// What the file system reports, with the path.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    whole(path, write).map_err(|error| failure(path, &error))
}

/// [`replace`] for those who say themselves what went wrong.
///
/// # Errors
/// What the file system reports.
pub fn whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut new = Replacement::begin(path)?;
    {
        let mut buffered = BufWriter::with_capacity(1 << 20, &mut new);
        write(&mut buffered).and_then(|()| buffered.flush())?;
    }
    new.finish()
}

/// A file that is written beside its place and gets there, whole, at the end; it is gone where it is dropped before.
#[derive(Debug)]
pub struct Replacement {
    file: NamedTempFile,
    path: PathBuf,
}

impl Replacement {
    /// An empty file beside `path`, in the same folder.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn begin(path: &Path) -> std::io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        let prefix = unfinished(path);
        builder.prefix(&prefix);
        usual_permissions(&mut builder);
        Ok(Self { file: builder.tempfile_in(folder(path))?, path: path.into() })
    }

    /// Syncs it and gives it its name, in place of an earlier file.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn finish(self) -> std::io::Result<()> {
        let Self { file, path } = self;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        // The rename itself lasts once the directory is synced; where directories cannot be opened (Windows) it lasts anyway.
        if let Ok(folder) = std::fs::File::open(folder(&path)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Removes what processes that were killed wrote for this place. Only for who alone writes there.
    pub fn clear(path: &Path) {
        remove(folder(path), &unfinished(path));
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Seek for Replacement {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.as_file_mut().seek(to)
    }
}

/// The folder that a path leads into.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How the names of files begin that are not yet whole.
const UNFINISHED: &str = ".writing-";

/// How the names of those begin that are to become this file.
fn unfinished(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{UNFINISHED}{name}-")
}

/// Removes what earlier processes were killed while writing. Only for the owner of the directory.
pub fn remove_unfinished(directory: &Path) {
    remove(directory, UNFINISHED);
}

fn remove(directory: &Path, beginning: &str) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            // One that stays costs space and nothing else.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What went wrong with a file or folder that was to be written, and what to do about it.
pub fn failure(path: &Path, error: &std::io::Error) -> Error {
    let failed = Error::run(path, format!("cannot be written: {error}"));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            failed.with_hint("make room; the same command goes on from the last checkpoint")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory => {
            failed.with_hint("choose a folder that can be written, with --runs or --out")
        }
        _ => failed,
    }
}

/// Temporary files are private; files of a run have the permissions that the user's mask leaves.
#[cfg(unix)]
fn usual_permissions(builder: &mut tempfile::Builder) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn usual_permissions(_: &mut tempfile::Builder) {}

/// [`replace`] with text.
///
/// # Errors
/// As [`replace`].
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    replace(path, |file| file.write_all(text.as_bytes()))
}

/// [`replace`] with an indented JSON document.
///
/// # Errors
/// As [`replace`]; a value JSON cannot hold.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::run(path, format!("cannot be written as JSON: {error}")))?;
    text.push('\n');
    write_text(path, &text)
}
