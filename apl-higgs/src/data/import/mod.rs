//! Any source of events, streamed into an event file.

mod cell;
mod columns;
mod contents;
mod csv;
mod detect;
mod hdf5;
mod output;
mod parquet;
mod rows;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, data::EventFile};

pub(super) use detect::{Kind, detect};
use output::Output;

/// How a source is read. The defaults suit every set in [`LAYOUTS`](crate::data::LAYOUTS) and the authors' HDF5 files.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `label` | the layout's | the column of the label: 1, `s` or `signal`, and 0, `b` or `background` |
/// | `weight` | the layout's, if the file has it | the column of the weight; of an HDF5 file, the data set |
/// | `features` | the layout's; of other tables all columns but the label, the weight and known numbers and weights of events | the columns of the features, in the order they shall have; of an HDF5 file, the names that its columns shall have |
/// | `data-set` | `data` | of an HDF5 file, the data set of the features, `[N, F]` |
/// | `label-set` | `label` | of an HDF5 file, the data set of the labels, `[N]` or `[N, 1]` |
/// | `skip-bad` | `false` | leaves out rows that cannot be used, and counts them, instead of refusing the file |
/// | `missing` | the layout's | the number that stands for a missing feature; `nan` takes NaNs for missing. Where there is one, empty fields and nulls are missing too; where there is none, nothing may be missing |
///
/// A column is named as the file has it or, if that is clear, with other capitals and marks; in a text without a header, by its number from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImportOptions {
    /// The column of the label.
    pub label: Option<String>,
    /// The column, or data set, of the weight.
    pub weight: Option<String>,
    /// The columns of the features.
    pub features: Option<Vec<String>>,
    /// The HDF5 data set of the features.
    pub data_set: String,
    /// The HDF5 data set of the labels.
    pub label_set: String,
    /// Whether bad rows are left out.
    pub skip_bad: bool,
    /// What stands for a missing feature.
    pub missing: Option<f32>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            label: None,
            weight: None,
            features: None,
            data_set: "data".into(),
            label_set: "label".into(),
            skip_bad: false,
            missing: None,
        }
    }
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Rows written.
    pub rows: u64,
    /// The share of the source that is read, 0 to 1.
    pub share: f64,
}

/// What an import made.
#[derive(Debug)]
pub struct Imported {
    /// The file, open.
    pub events: EventFile,
    /// The data set whose columns were recognised, if any.
    pub layout: Option<&'static str>,
    /// Why the first of the rows that were left out was: the first line of its error.
    pub first_skipped: Option<String>,
}

/// What every format's reader is given.
struct Job<'a> {
    path: &'a Path,
    options: &'a ImportOptions,
    out: &'a Path,
    progress: &'a mut dyn FnMut(Progress) -> Result<()>,
}

impl Job<'_> {
    /// The source is wrong in itself.
    fn wrong(&self, found: impl Into<String>, expected: impl Into<String>, hint: &str) -> Error {
        Error::File {
            path: self.path.into(),
            found: found.into(),
            expected: expected.into(),
            hint: hint.into(),
        }
    }
}

/// Reads a source of any known format and writes it as the event file `out`, in constant memory for any number of rows. `progress` hears how far it
/// has come; an error that it returns ends the import and is passed on.
///
/// The same rows give the same event file, but for its [`Source`](crate::data::Source), whatever the format they come in: numbers are read as `f64`
/// and rounded to the nearest `f32`.
///
/// See [`data`](crate::data) for an example.
///
/// # Errors
/// A path that leads to no file, or to one of no known format; columns that are not those of a known set where the options do not name them; a file
/// that is damaged or cut short; a row that cannot be used, unless `skip_bad`; no rows; an `out` that is there already or cannot be written.
pub fn import(
    path: &Path,
    options: &ImportOptions,
    out: &Path,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Imported> {
    check_absent(out)?;
    replace(path, options, out, progress)
}

/// Refuses to write events where there is something.
pub(crate) fn check_absent(out: &Path) -> Result<()> {
    if !out.exists() {
        return Ok(());
    }
    Err(Error::File {
        path: out.into(),
        found: if out.is_dir() { "a folder" } else { "a file" }.into(),
        expected: "nothing, as the events are to be written here".into(),
        hint: "name another file; nothing here is overwritten".into(),
    })
}

/// [`import`] in place of an earlier file.
pub(super) fn replace(
    path: &Path,
    options: &ImportOptions,
    out: &Path,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Imported> {
    let (kind, file) = detect(path)?;
    let job = Job { path, options, out, progress };
    match kind {
        Kind::Text => csv::import(job, file, false),
        Kind::Gzip => csv::import(job, file, true),
        Kind::Parquet => parquet::import(job, file),
        Kind::Hdf5 => hdf5::import(job, file),
        Kind::Safetensors => Err(job.wrong(
            "a safetensors file",
            "a source of events",
            "if an import wrote it, it is used as it is and needs no import",
        )),
    }
}

#[cfg(test)]
mod tests;
