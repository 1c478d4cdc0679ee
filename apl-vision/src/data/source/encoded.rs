//! Files that have to be decoded: what they give, and what names their contents.

use std::path::PathBuf;

use crate::{
    Result,
    data::{
        Labelling, contents,
        rows::Rows,
        source::{
            archive,
            cifar::{self, Edition},
            parquet,
            pictures::Pictures,
            shards::Files,
        },
    },
};

/// Images in one of the formats that have to be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encoded {
    /// Parquet files as the hub has them.
    Parquet(Files),
    /// A folder with the authors' files.
    Cifar(PathBuf, Edition),
    /// An archive; what it holds is found out when it is read.
    Archive(PathBuf),
    /// A folder for each class.
    Pictures(Pictures),
}

impl Encoded {
    /// Train and test rows.
    ///
    /// # Errors
    /// What is wrong with a file.
    pub(crate) fn read(&self, labelling: Labelling) -> Result<[Rows; 2]> {
        match self {
            Encoded::Parquet(files) => {
                let read = |files| parquet::read(files, labelling);
                let (train, test) = rayon::join(|| read(&files.train), || read(&files.test));
                Ok([train?, test?])
            }
            Encoded::Cifar(folder, edition) => cifar::read(folder, *edition, labelling),
            Encoded::Archive(path) => archive::read(path, labelling),
            Encoded::Pictures(pictures) => pictures.read(),
        }
    }

    /// What names the contents of train and of test: all that the rows depend on, but for the labelling.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn keys(&self) -> Result<[String; 2]> {
        match self {
            Encoded::Parquet(files) => {
                Ok([contents::of_files(&files.train)?, contents::of_files(&files.test)?])
            }
            Encoded::Cifar(folder, edition) => {
                let [train, test] = edition.files().map(|names| {
                    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
                    contents::of_files(&paths)
                });
                Ok([train?, test?])
            }
            Encoded::Archive(path) => {
                let key = contents::of_files(std::slice::from_ref(path))?;
                Ok([key.clone(), key])
            }
            Encoded::Pictures(pictures) => pictures.keys(),
        }
    }

    /// What the format is called in reports.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Encoded::Parquet(_) => "parquet files",
            Encoded::Cifar(_, edition) => edition.name(),
            Encoded::Archive(_) => "an archive of its authors' files",
            Encoded::Pictures(_) => "class folders",
        }
    }

    /// The names of the classes, where the files tell them.
    pub(crate) fn class_names(&self) -> Option<&[String]> {
        match self {
            Encoded::Pictures(pictures) => Some(pictures.classes()),
            _ => None,
        }
    }

    /// What looks odd without being wrong.
    pub(crate) fn warning(&self, labelling: Labelling) -> Option<String> {
        match self {
            Encoded::Pictures(pictures) => pictures.warning(labelling),
            _ => None,
        }
    }
}
