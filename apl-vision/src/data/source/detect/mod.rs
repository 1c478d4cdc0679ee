//! Finds out from the names in a folder, or the first bytes of a file, in which format images lie there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    Result,
    data::{
        Labelling, Set,
        source::{
            Encoded, Layout, archive,
            cifar::Edition,
            formats::{self, Format},
            imported,
            pictures::Pictures,
            shards,
        },
    },
};

/// The format of what lies at a path. A folder may hold the files themselves or the folder in which the set's publishers keep them.
///
/// # Errors
/// Nothing there, no format, several, one of another set; what is missing of a format.
pub(crate) fn detect(path: &Path, labelling: Labelling) -> Result<Layout> {
    if path.is_file() {
        if archive::is_archive(path)? {
            return Ok(Layout::Encoded(Encoded::Archive(path.into())));
        }
        let found = "a file that is no archive".into();
        return Err(formats::nothing(path, found, labelling));
    }
    if !path.is_dir() {
        return Err(formats::nothing(path, "nothing".into(), labelling));
    }
    let entries = entries(path)?;
    let mut found: Vec<(Format, PathBuf)> =
        formats_of(&entries).map(|f| (f, path.into())).collect();
    for inner in
        inner_folders(labelling.set()).filter(|inner| entries.get(*inner) == Some(&Kind::Folder))
    {
        let inner = path.join(inner);
        found.extend(formats_of(&self::entries(&inner)?).map(|format| (format, inner.clone())));
    }
    match found.as_slice() {
        [] => {
            let found =
                format!("a folder with {}", formats::names(entries.keys().map(String::as_str)));
            Err(formats::nothing(path, found, labelling))
        }
        [(format, place)] => layout(*format, place, labelling),
        several => {
            let names: Vec<&str> = several.iter().map(|(format, _)| format.name()).collect();
            Err(formats::several(path, &names))
        }
    }
}

fn layout(format: Format, place: &Path, labelling: Labelling) -> Result<Layout> {
    Ok(Layout::Encoded(match format {
        Format::Parquet => Encoded::Parquet(shards::in_folder(place, labelling.set())?),
        Format::Cifar(edition) => {
            formats::check_set(place, edition, labelling)?;
            edition.check_complete(place, |name| place.join(name).is_file())?;
            Encoded::Cifar(place.into(), edition)
        }
        Format::Pictures => Encoded::Pictures(Pictures::list(place, labelling)?),
        Format::Imported => return Ok(Layout::Imported(place.into())),
    }))
}

/// The folders in which a set's files lie inside what one downloads.
fn inner_folders(set: Set) -> impl Iterator<Item = &'static str> {
    let editions = Edition::ALL.into_iter().filter(move |edition| edition.set == set);
    editions.map(Edition::folder).chain([shards::inner(set)])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

/// What is in a folder by name, links followed.
fn entries(folder: &Path) -> Result<BTreeMap<String, Kind>> {
    let mut entries = BTreeMap::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let kind = if entry.path().is_dir() { Kind::Folder } else { Kind::File };
        entries.insert(entry.file_name().to_string_lossy().into_owned(), kind);
    }
    Ok(entries)
}

/// The formats of which there is at least a part in a folder.
fn formats_of(entries: &BTreeMap<String, Kind>) -> impl Iterator<Item = Format> {
    let is = |name: &str, kind| entries.get(name) == Some(&kind);
    let any = |names: &[&str], kind| names.iter().any(|name| is(name, kind));
    let parquet = entries.keys().any(|name| shards::is_shard(name));
    let mut formats = Vec::new();
    // The python version of CIFAR-100 has files where class folders have folders of the same names.
    for edition in Edition::ALL {
        if edition.files().into_iter().any(|names| any(names, Kind::File)) {
            formats.push(Format::Cifar(edition));
        }
    }
    if parquet {
        formats.push(Format::Parquet);
    }
    if any(&["train", "test"], Kind::Folder) {
        formats.push(Format::Pictures);
    }
    if is(imported::DESCRIPTION, Kind::File) {
        formats.push(Format::Imported);
    }
    formats.into_iter()
}

#[cfg(test)]
mod tests;
