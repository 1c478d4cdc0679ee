//! CIFAR's python version: pickled dictionaries with `data` (uint8 `[N, 3072]`, each row an image `[3, 32, 32]`) and `labels`, or `fine_labels`.

mod pickle;

use std::path::Path;

use rayon::prelude::*;

use crate::{
    Error, Result,
    data::{Labelling, PIXELS, Set, rows::Rows},
    error::Wrong,
};

/// The key of the labels.
fn label_key(set: Set) -> &'static str {
    match set {
        Set::Cifar100 => "fine_labels",
        Set::Cifar10 | Set::Images => "labels",
    }
}

/// The rows of one file. `path` names it in errors.
///
/// # Errors
/// [`Error::File`]: no pickle of such a dictionary; [`Error::Row`]: a label out of range.
pub(super) fn read(path: &Path, bytes: &[u8], labelling: Labelling) -> Result<Rows> {
    let key = label_key(labelling.set());
    let (pixels, found) = contents(bytes, key).map_err(|(found, expected)| Error::File {
        path: path.into(),
        found,
        expected,
        hint: format!(
            "a file of the python version is a pickle of a dictionary with `data` and `{key}`; download it again"
        ),
    })?;
    let label = |(row, &value): (usize, &i64)| {
        labelling.label(value).map_err(|expected| Error::Row {
            path: path.into(),
            row,
            found: format!("label {value}"),
            expected,
        })
    };
    let labels = found.iter().enumerate().map(label).collect::<Result<_>>()?;
    Ok(Rows { pixels, labels, scaled: 0 })
}

/// Pixels and labels of a pickle, as many of the one as of the other.
fn contents(bytes: &[u8], key: &str) -> std::result::Result<(Vec<u8>, Vec<i64>), Wrong> {
    let pickle = pickle::read(bytes)?;
    let entries = pickle.entries()?;
    let entry = |name: &str| {
        // Of equal keys the last one counts, as in Python.
        let found = entries.iter().rev().find(|entry| entry.0 == name).map(|entry| entry.1);
        found.ok_or_else(|| {
            let mut names: Vec<String> =
                entries.iter().take(8).map(|entry| format!("{:.40}", entry.0)).collect();
            names.sort();
            (format!("a dictionary of {}", names.join(", ")), format!("`{name}` in it"))
        })
    };
    let inside = |name: &str, (found, expected): Wrong| (format!("{found} in `{name}`"), expected);
    let labels = entry(key)?.integers().map_err(|wrong| inside(key, wrong))?;
    let array = entry("data")?.array().map_err(|wrong| inside("data", wrong))?;
    let expected = || format!("bytes [{}, {PIXELS}], a row for each label", labels.len());
    let (&[rows, PIXELS], Some(values)) = (array.shape.as_slice(), array.unsigned_bytes()) else {
        return Err((format!("an array of shape {:?} in `data`", array.shape), expected()));
    };
    if rows != labels.len() {
        return Err((format!("{rows} rows in `data`"), expected()));
    }
    if !array.fortran {
        return Ok((values.to_vec(), labels));
    }
    let mut pixels = vec![0; values.len()];
    pixels.par_chunks_exact_mut(PIXELS).enumerate().for_each(|(row, image)| {
        image.iter_mut().zip(values[row..].iter().step_by(rows)).for_each(|(to, &v)| *to = v);
    });
    Ok((pixels, labels))
}

#[cfg(test)]
mod tests;
