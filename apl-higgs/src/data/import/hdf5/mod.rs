//! HDF5 files in the authors' layout: a data set of features, `[N, F]`, one of labels, `[N]` or `[N, 1]`, and perhaps one of weights.

mod array;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use fs_err::File;
use hdf5_reader::{Hdf5File, OpenOptions};

use super::{
    Imported, Job, Output,
    cell::Cell,
    columns::{Plan, Role},
    contents,
    rows::Rows,
};
use crate::{Error, Result, RowNumber};
use array::Array;

/// Rows read at a time, if a row is short.
const SLICE: u64 = 8192;
/// The most bytes of numbers read at a time.
const MOST: u64 = 128 << 20;
/// The most features.
const MOST_FEATURES: u64 = 1 << 16;

/// Imports an HDF5 file.
pub(super) fn import(job: Job, file: File) -> Result<Imported> {
    let path = job.path;
    // The reader is made for hostile files; should it panic all the same, the file is at fault.
    catch_unwind(AssertUnwindSafe(|| read(job, file)))
        .unwrap_or_else(|_| Err(damaged(path, "contents that the HDF5 reader cannot handle")))
}

fn read(job: Job, file: File) -> Result<Imported> {
    let path = job.path;
    if let Some(label) = &job.options.label {
        return Err(Error::Setting {
            place: "label".into(),
            found: format!("`{label}`"),
            expected: format!(
                "none, as {} is an HDF5 file: `--label-set` names its labels",
                path.display()
            ),
        });
    }
    let sha256 = contents::sha256(&file)?;
    let limits = OpenOptions::default().with_max_read_bytes(MOST as usize);
    let hdf5 = Hdf5File::open_with_options(path, limits)
        .map_err(|error| damaged(path, &error.to_string()))?;
    let length = file.metadata()?.len();
    let open = |name: &str, option| Array::open(path, length, &hdf5, name, option);
    let options = job.options;
    let data = open(&options.data_set, "data-set")?;
    let [rows, features] = data.shape();
    if data.rank() != 2 || features > MOST_FEATURES {
        return Err(data.wrong("[rows, features]"));
    }
    let column = |name: &str, option| {
        let array = open(name, option)?;
        let fits = array.shape() == [rows, 1];
        if fits { Ok(array) } else { Err(array.wrong(&format!("[{rows}] or [{rows}, 1]"))) }
    };
    let labels = column(&options.label_set, "label-set")?;
    let weights = options.weight.as_deref().map(|name| column(name, "weight")).transpose()?;

    let plan = plan(&job, &data, weights.as_ref())?;
    let mut output = Output::create(job, &plan, "hdf5")?;
    let slice = slice(&data, MOST / 8 / features.max(1));
    for start in (0..rows).step_by(slice as usize) {
        let count = slice.min(rows - start);
        let found = labels.read(start, count)?;
        let weights = weights.as_ref().map(|weights| weights.read(start, count)).transpose()?;
        let data = data.read(start, count)?;
        let mut part = Rows::with_room(count as usize, &plan);
        for (row, values) in data.chunks_exact(features.max(1) as usize).enumerate() {
            let weight = weights.as_ref().and_then(|weights| weights.get(row));
            let label = found.get(row).into_iter().chain(weight);
            let cells = label.chain(values).map(|&value| Cell::Number(value));
            if !part.push(&plan, row as u64, cells) {
                break;
            }
        }
        output.take(&part, RowNumber::Row(start), (start + count) as f64 / rows as f64)?;
    }
    output.finish(&sha256)
}

/// The plan: a label, perhaps a weight, then the features, called by their numbers from 1 or as the caller says.
fn plan(job: &Job, data: &Array, weights: Option<&Array>) -> Result<Plan> {
    let count = data.shape()[1] as usize;
    let features = match &job.options.features {
        None => (1..=count).map(|number| number.to_string()).collect(),
        Some(names) if names.len() == count => names.clone(),
        Some(names) => {
            return Err(Error::Setting {
                place: "features".into(),
                found: format!("{} names", names.len()),
                expected: format!("{count}, one for each column of {}", data.name()),
            });
        }
    };
    let weight = weights.map(|weights| (weights.name().to_string(), Role::Weight));
    let all = [(job.options.label_set.clone(), Role::Label)].into_iter().chain(weight);
    let named = features.iter().enumerate();
    let all = all.chain(named.map(|(number, name)| (name.clone(), Role::Feature(number))));
    let (columns, roles) = all.unzip();
    Ok(Plan {
        columns,
        roles,
        features,
        weights: weights.is_some(),
        missing: job.options.missing,
        skip_bad: job.options.skip_bad,
        layout: None,
    })
}

/// How many rows to read at a time: whole chunks, so that none is inflated twice, as far as there is room for `most` rows.
fn slice(data: &Array, most: u64) -> u64 {
    let chunk = data.chunk_rows().unwrap_or(SLICE);
    (SLICE / chunk).max(1).saturating_mul(chunk).min(most).max(1)
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::File {
        path: path.into(),
        found: found.into(),
        expected: "a whole HDF5 file".into(),
        hint: "download the file again".into(),
    }
}

#[cfg(test)]
mod tests;
