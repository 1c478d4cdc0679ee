//! `preprocessing.json`: how a task brought inputs to scale, where that was fitted to the training split. Only the task knows what is in it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Error, Result, run::file};

/// The file of a run directory.
pub fn path(directory: &Path) -> PathBuf {
    directory.join("preprocessing.json")
}

/// What a run directory holds; `None` where the task fits nothing.
///
/// # Errors
/// A damaged file.
pub fn read(directory: &Path) -> Result<Option<Value>> {
    let path = path(directory);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs_err::read_to_string(&path)?;
    let value = serde_json::from_str(&text);
    value.map(Some).map_err(|error| Error::run(&path, format!("damaged: {error}")))
}

/// Writes it into a run directory.
///
/// # Errors
/// What the file system reports.
pub fn write(directory: &Path, preprocessing: &Value) -> Result<()> {
    file::write_json(&path(directory), preprocessing)
}
