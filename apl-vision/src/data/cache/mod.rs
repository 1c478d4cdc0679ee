//! Decoded images kept between runs, in files named after the contents (SHA-256) of the files they came from.
//!
//! Everything in them is checked when they are read; a file that fails is made anew from the source.

use std::path::{Path, PathBuf};

use crate::{
    Result,
    data::{Images, Labelling, rows::Rows, source::Encoded, stored},
};

/// Train and test images and how many of each had another size, from the cache where it has them.
///
/// # Errors
/// What is wrong with a file. Trouble with the cache folder is a line in `warnings`.
pub(crate) fn load(
    encoded: &Encoded,
    labelling: Labelling,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<([Images; 2], [usize; 2])> {
    let [train, test] = encoded.keys()?;
    let path =
        |split: &str, key| folder.join(format!("{}-{split}-{key}.safetensors", labelling.tag()));
    let paths = [path("train", train), path("test", test)];
    let cached =
        rayon::join(|| stored::read(&paths[0], labelling), || stored::read(&paths[1], labelling));
    if let (Ok((train, first)), Ok((test, second))) = cached {
        return Ok(([train, test], [first, second]));
    }
    let [train, test] = encoded.read(labelling)?;
    let scaled = [train.scaled, test.scaled];
    let keep = |rows: Rows, path: &PathBuf| -> Result<_> {
        let scaled = rows.scaled;
        let images = rows.canonical()?;
        let kept = stored::write(path, &images, scaled);
        Ok((images, kept.err()))
    };
    let (train, test) = rayon::join(|| keep(train, &paths[0]), || keep(test, &paths[1]));
    let [(train, first), (test, second)] = [train?, test?];
    warnings.extend(first.or(second).map(|error| {
        let folder = folder.display();
        format!("{folder}: decoded images cannot be kept here ({error}); the next run decodes them again")
    }));
    Ok(([train, test], scaled))
}

#[cfg(test)]
mod tests;
