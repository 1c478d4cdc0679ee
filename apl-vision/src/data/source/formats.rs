//! The formats there are, and what is said where a source is none of them or several.

use std::{collections::BTreeSet, path::Path};

use crate::{
    Error, Result,
    data::{
        Labelling, Set,
        source::{cifar::Edition, shards},
    },
};

/// How many names of a folder or an archive a message shows.
pub(super) const SHOWN: usize = 8;

/// A way in which images lie on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    /// The hub's parquet files.
    Parquet,
    /// One of the authors' versions.
    Cifar(Edition),
    /// A folder for each class.
    Pictures,
    /// What an import wrote.
    Imported,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Format::Parquet => "parquet files",
            Format::Cifar(edition) => edition.name(),
            Format::Pictures => "class folders",
            Format::Imported => "an imported data set",
        }
    }
}

/// The edition of the set among those found in an archive.
///
/// # Errors
/// None, several, or that of the other set.
pub(super) fn edition(
    path: &Path,
    editions: &BTreeSet<Edition>,
    others: &BTreeSet<String>,
    labelling: Labelling,
) -> Result<Edition> {
    let mut found = editions.iter();
    match (found.next(), found.next()) {
        (None, _) => {
            let what = format!("an archive with {}", names(others.iter().map(String::as_str)));
            Err(nothing(path, what, labelling))
        }
        (Some(&one), None) => {
            check_set(path, one, labelling)?;
            Ok(one)
        }
        (Some(one), Some(other)) => Err(several(path, &[one.name(), other.name()])),
    }
}

/// That an edition is of the set the configuration names.
///
/// # Errors
/// It is of another.
pub(super) fn check_set(path: &Path, edition: Edition, labelling: Labelling) -> Result<()> {
    if edition.set == labelling.set() {
        return Ok(());
    }
    Err(Error::File {
        path: path.into(),
        found: edition.name().into(),
        expected: labelling.set().name().into(),
        hint: format!("`data.set = \"{}\"` reads it", edition.set.name()),
    })
}

/// Nothing that could be read.
pub(super) fn nothing(path: &Path, found: String, labelling: Labelling) -> Error {
    let set = labelling.set();
    let versions = Edition::ALL.into_iter().filter(|edition| edition.set == set).map(|edition| {
        let [train, test] = edition.files();
        let files = [train, test].concat();
        format!("{}, or its .tar.gz: {}", edition.folder(), files.join(", "))
    });
    let inner = shards::inner(set);
    let mut formats = vec![format!(
        "the hub's parquet: {inner}/train-00000-of-00001.parquet and test-00000-of-00001.parquet"
    )];
    formats.extend(versions);
    formats.push("class folders: train/CLASS/*.png and test/CLASS/*.png, or .jpg, .jpeg".into());
    formats.push("a folder that `apl data import` wrote".into());
    if set != Set::Images {
        formats.push("`embedded`: generated images".into());
    }
    Error::File {
        path: path.into(),
        found,
        expected: format!("the images of {}", set.name()),
        hint: format!("a source is one of\n  {}", formats.join("\n  ")),
    }
}

/// More than one format: which was meant?
pub(super) fn several(path: &Path, formats: &[&str]) -> Error {
    Error::File {
        path: path.into(),
        found: formats.join(" and "),
        expected: "one of them".into(),
        hint: "name the inner folder or the archive that is meant, or move the others away".into(),
    }
}

/// The first few of some names, and how many there are more.
pub(super) fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let all: Vec<&str> = names.collect();
    match all.len() {
        0 => "nothing in it".into(),
        1..=SHOWN => all.join(", "),
        count => format!("{} and {} more", all[..SHOWN].join(", "), count - SHOWN),
    }
}
