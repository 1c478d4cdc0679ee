//! Class folders: `{train,test}/<class>/*.png`, or `.jpg`, `.jpeg`. Labels are the places of the classes' names in byte order.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Error, Result,
    data::{Labelling, PIXELS, Set, contents, picture, rows::Rows},
};

/// The most bytes a picture's file may have.
const MOST: u64 = 256 << 20;

/// The pictures of both splits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pictures {
    classes: Vec<String>,
    splits: [Vec<File>; 2],
}

/// A picture's file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    path: PathBuf,
    label: u32,
}

impl Pictures {
    /// Finds the files, in byte order of their names.
    ///
    /// # Errors
    /// A split without folder, another number of classes than the set's, classes in one split only, a class without picture, a picture or a folder
    /// where none belongs.
    pub(super) fn list(folder: &Path, labelling: Labelling) -> Result<Self> {
        let [train, test] = ["train", "test"].map(|split| classes(&folder.join(split)));
        let (train, test) = (train?, test?);
        if let Some(class) = test.iter().find(|class| !train.contains(class)) {
            return Err(lone(folder, "test", "train", class));
        }
        if let Some(class) = train.iter().find(|class| !test.contains(class)) {
            return Err(lone(folder, "train", "test", class));
        }
        if train.len() != labelling.classes() {
            let set = labelling.set();
            return Err(Error::File {
                path: folder.join("train"),
                found: format!("{} class folders", train.len()),
                expected: format!("{}", labelling.classes()),
                hint: match set {
                    Set::Images => format!("`data.classes = {}` reads them all", train.len()),
                    _ => format!(
                        "these are not the classes of {}; `data.set = \"images\"` with `data.classes = {}` reads images of one's own",
                        set.name(),
                        train.len()
                    ),
                },
            });
        }
        let files = |split: &str| -> Result<Vec<File>> {
            let mut files = Vec::new();
            for (class, label) in train.iter().zip(0..) {
                let paths = pictures(&folder.join(split).join(class))?;
                files.extend(paths.into_iter().map(|path| File { path, label }));
            }
            Ok(files)
        };
        let splits = [files("train")?, files("test")?];
        let classes = train.iter().map(|class| class.to_string_lossy().into_owned()).collect();
        Ok(Self { classes, splits })
    }

    /// The names of the classes by label.
    pub(super) fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Train and test rows.
    ///
    /// # Errors
    /// The first file that is no picture.
    pub(super) fn read(&self) -> Result<[Rows; 2]> {
        let [train, test] = self.splits.each_ref().map(|files| -> Result<Rows> {
            let mut pixels = vec![0; files.len() * PIXELS];
            let decoded: Vec<Result<bool>> = files
                .par_iter()
                .zip(pixels.par_chunks_exact_mut(PIXELS))
                .map(|(file, to)| decode(&file.path, to))
                .collect();
            let scaled = decoded
                .into_iter()
                .try_fold(0, |count, one| one.map(|s| count + usize::from(s)))?;
            let labels = files.iter().map(|file| file.label).collect();
            Ok(Rows { pixels, labels, scaled })
        });
        Ok([train?, test?])
    }

    /// What names the contents: labels and bytes of all files.
    pub(super) fn keys(&self) -> Result<[String; 2]> {
        let [train, test] = self.splits.each_ref().map(|files| {
            contents::of_labelled(
                &files.iter().map(|f| (f.label, f.path.as_path())).collect::<Vec<_>>(),
            )
        });
        Ok([train?, test?])
    }

    /// Classes that are named otherwise than CIFAR's: labels may be others than everybody's.
    pub(super) fn warning(&self, labelling: Labelling) -> Option<String> {
        let names = labelling.set().class_names()?;
        let (label, (name, found)) = names
            .iter()
            .zip(&self.classes)
            .enumerate()
            .find(|(_, (name, found))| *name != *found)?;
        let set = labelling.set().name();
        Some(format!(
            "class folders are not named as the classes of {set} (label {label} is {found:?}, not {name:?}): labels follow their byte order and may be others than everybody's"
        ))
    }
}

/// Decodes one file; `true` if the picture was scaled.
fn decode(path: &Path, to: &mut [u8]) -> Result<bool> {
    let wrong = |(found, expected)| Error::File {
        path: path.into(),
        found,
        expected,
        hint: "repair or remove the file".into(),
    };
    let length = fs_err::metadata(path)?.len();
    if length > MOST {
        return Err(wrong((format!("{length} bytes"), format!("at most {MOST}"))));
    }
    picture::decode(&fs_err::read(path)?, to).map_err(wrong)
}

/// The class folders of a split, sorted.
fn classes(folder: &Path) -> Result<Vec<OsString>> {
    if !folder.is_dir() {
        let found = if folder.exists() { "a file" } else { "nothing" };
        return Err(misplaced(folder, found, "a folder with a folder for each class"));
    }
    let mut classes = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_hidden(&name) {
            continue;
        }
        if entry.path().is_dir() {
            classes.push(name);
        } else if is_picture(&name) {
            return Err(misplaced(
                &entry.path(),
                "a picture",
                "pictures in the folders of classes",
            ));
        }
    }
    classes.sort();
    Ok(classes)
}

/// The pictures of a class, sorted.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_hidden(&name) {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            return Err(misplaced(&path, "a folder", "pictures in the folder of a class"));
        }
        if is_picture(&name) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(misplaced(folder, "no picture", "*.png, *.jpg or *.jpeg"));
    }
    paths.sort();
    Ok(paths)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_picture(name: &OsStr) -> bool {
    let ending = Path::new(name).extension().map(OsStr::to_ascii_lowercase);
    ending.is_some_and(|ending| ["png", "jpg", "jpeg"].iter().any(|known| ending == *known))
}

fn lone(folder: &Path, with: &str, without: &str, class: &OsStr) -> Error {
    let found = format!("no folder of class {class:?}, which {with} has");
    misplaced(&folder.join(without), &found, "the same classes in train and test")
}

fn misplaced(path: &Path, found: &str, expected: &str) -> Error {
    Error::File {
        path: path.into(),
        found: found.into(),
        expected: expected.into(),
        hint: "pictures lie in train/CLASS/ and test/CLASS/".into(),
    }
}

#[cfg(test)]
mod tests;
