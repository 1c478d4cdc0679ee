//! Files that appear whole or not at all.

use std::{
    io::{BufWriter, Write},
    path::Path,
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
    let named = |error: std::io::Error| {
        std::io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
    };
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::with_prefix_in(".writing-", directory).map_err(named)?;
    {
        let mut buffered = BufWriter::with_capacity(1 << 20, file.as_file_mut());
        write(&mut buffered).and_then(|()| buffered.flush()).map_err(named)?;
    }
    file.as_file().sync_all().map_err(named)?;
    let persisted = file.persist(path).map_err(|error| named(error.error))?;
    make_readable(&persisted).map_err(named)?;
    // The rename itself lasts once the directory is synced; where directories cannot be opened (Windows) it lasts anyway.
    if let Ok(directory) = std::fs::File::open(directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// Temporary files are private; files of a run have the usual permissions.
#[cfg(unix)]
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

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
