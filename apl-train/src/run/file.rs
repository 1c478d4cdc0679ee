//! Files that appear whole or not at all.

use std::{
    io::{BufWriter, ErrorKind, Write},
    path::Path,
};

use serde::Serialize;

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
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    usual_permissions(&mut builder);
    let mut file = builder.tempfile_in(directory)?;
    {
        let mut buffered = BufWriter::with_capacity(1 << 20, file.as_file_mut());
        write(&mut buffered).and_then(|()| buffered.flush())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself lasts once the directory is synced; where directories cannot be opened (Windows) it lasts anyway.
    if let Ok(directory) = std::fs::File::open(directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// How the names of files begin that are not yet whole.
const UNFINISHED: &str = ".writing-";

/// Removes what earlier processes were killed while writing. Only for the owner of the directory.
pub fn remove_unfinished(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
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
