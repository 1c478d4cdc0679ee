//! CIFAR as its authors publish it: a handful of files for each of two versions, in a folder or an archive.

use std::path::Path;

use rayon::prelude::*;

use crate::{
    Error, Result,
    data::{
        Labelling, Set,
        rows::Rows,
        source::{binary, python},
    },
};

/// The most bytes a file may have: CIFAR-100's training file has 156 million.
pub(super) const MOST: u64 = 256 << 20;

/// How the authors' files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// Rows of bytes.
    Binary,
    /// Pickled dictionaries.
    Python,
}

/// A set in a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edition {
    pub set: Set,
    pub version: Version,
}

/// A file of an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub edition: Edition,
    /// 0 for train, 1 for test.
    pub split: usize,
    /// Its place among the files of the split.
    pub place: usize,
}

impl Edition {
    /// All there are.
    pub(super) const ALL: [Self; 4] = [
        Self { set: Set::Cifar10, version: Version::Binary },
        Self { set: Set::Cifar10, version: Version::Python },
        Self { set: Set::Cifar100, version: Version::Binary },
        Self { set: Set::Cifar100, version: Version::Python },
    ];

    /// The names of its files, of train and of test.
    pub(super) fn files(self) -> [&'static [&'static str]; 2] {
        match (self.set, self.version) {
            (Set::Cifar100, Version::Binary) => [&["train.bin"], &["test.bin"]],
            (Set::Cifar100, Version::Python) => [&["train"], &["test"]],
            (_, Version::Binary) => [
                &[
                    "data_batch_1.bin",
                    "data_batch_2.bin",
                    "data_batch_3.bin",
                    "data_batch_4.bin",
                    "data_batch_5.bin",
                ],
                &["test_batch.bin"],
            ],
            (_, Version::Python) => [
                &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
                &["test_batch"],
            ],
        }
    }

    /// The folder its archive holds.
    pub(super) fn folder(self) -> &'static str {
        match (self.set, self.version) {
            (Set::Cifar100, Version::Binary) => "cifar-100-binary",
            (Set::Cifar100, Version::Python) => "cifar-100-python",
            (_, Version::Binary) => "cifar-10-batches-bin",
            (_, Version::Python) => "cifar-10-batches-py",
        }
    }

    /// What it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match (self.set, self.version) {
            (Set::Cifar100, Version::Binary) => "CIFAR-100's binary version",
            (Set::Cifar100, Version::Python) => "CIFAR-100's python version",
            (_, Version::Binary) => "CIFAR-10's binary version",
            (_, Version::Python) => "CIFAR-10's python version",
        }
    }

    /// The rows of one of its files. `path` names it in errors.
    pub(super) fn read(self, path: &Path, bytes: &[u8], labelling: Labelling) -> Result<Rows> {
        match self.version {
            Version::Binary => binary::read(path, bytes, labelling),
            Version::Python => python::read(path, bytes, labelling),
        }
    }

    /// That no file is missing; `has` tells of each name whether it is there.
    pub(super) fn check_complete(self, place: &Path, has: impl Fn(&str) -> bool) -> Result<()> {
        let names = || self.files().into_iter().flatten();
        let missing: Vec<&str> = names().copied().filter(|name| !has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let all: Vec<&str> = names().copied().collect();
        Err(Error::File {
            path: place.into(),
            found: format!("{} without {}", self.name(), missing.join(", ")),
            expected: all.join(", "),
            hint: "download the data set again; its authors' archive holds all of these".into(),
        })
    }
}

/// Which file of which edition has this name.
pub(super) fn member(name: &str) -> Option<Member> {
    Edition::ALL.into_iter().find_map(|edition| {
        edition.files().into_iter().enumerate().find_map(|(split, names)| {
            let place = names.iter().position(|other| *other == name)?;
            Some(Member { edition, split, place })
        })
    })
}

/// Train and test rows of a folder with the files of an edition.
///
/// # Errors
/// Files that are missing, too large, damaged.
pub(super) fn read(folder: &Path, edition: Edition, labelling: Labelling) -> Result<[Rows; 2]> {
    edition.check_complete(folder, |name| folder.join(name).is_file())?;
    let read = |name: &&str| {
        let path = folder.join(name);
        let length = fs_err::metadata(&path)?.len();
        if length > MOST {
            return Err(too_large(&path, &format!("{length} bytes")));
        }
        edition.read(&path, &fs_err::read(&path)?, labelling)
    };
    let [train, test] = edition.files().map(|names| -> Result<Rows> {
        let parts: Vec<Result<Rows>> = names.par_iter().map(read).collect();
        let mut rows = Rows::default();
        for part in parts {
            rows.append(part?);
        }
        Ok(rows)
    });
    Ok([train?, test?])
}

/// A file that is larger than any of CIFAR's.
pub(super) fn too_large(path: &Path, found: &str) -> Error {
    Error::File {
        path: path.into(),
        found: found.into(),
        expected: format!("at most {MOST} bytes"),
        hint: "CIFAR's files are smaller; is this another data set?".into(),
    }
}
