//! Which files hold a data set: the layouts of the Hugging Face hub, on disk or in its cache.

use std::path::{Path, PathBuf};

use crate::{Error, Result, data::Set};

/// The parquet files of each split, in the order of their shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    pub train: Vec<PathBuf>,
    pub test: Vec<PathBuf>,
}

/// The folder inside a data set's folder that holds its files.
fn inner(set: Set) -> &'static str {
    match set {
        Set::Cifar10 => "plain_text",
        Set::Cifar100 => "cifar100",
    }
}

/// The files in `folder`, or in the folder of the hub's layout inside it (`plain_text` or `cifar100`).
///
/// # Errors
/// No such folder, a folder without both splits, shards missing.
pub(crate) fn in_folder(folder: &Path, set: Set) -> Result<Files> {
    if !folder.is_dir() {
        let found = if folder.exists() { "a file" } else { "nothing" };
        return Err(wrong(folder, found, "a folder with parquet files", set));
    }
    let inside = folder.join(inner(set));
    let folder = if inside.is_dir() { &inside } else { folder };
    Ok(Files { train: shards(folder, "train", set)?, test: shards(folder, "test", set)? })
}

/// The files in the hub's cache: `datasets--uoft-cs--<set>/snapshots/<commit>`, where `refs/main` names the commit.
///
/// # Errors
/// The data set is not in the cache, or not completely.
pub(crate) fn in_hub(cache: &Path, set: Set) -> Result<Files> {
    let folder = cache.join(format!("datasets--uoft-cs--{}", set.name()));
    let reference = folder.join("refs").join("main");
    let absent = |path: &Path, expected: &str| Error::File {
        path: path.into(),
        found: "nothing".into(),
        expected: expected.into(),
        hint: format!(
            "this run downloads nothing; download uoft-cs/{} into this cache, or give the folder with its files by `--data PATH`, or generated images by `--data embedded`",
            set.name()
        ),
    };
    if !folder.is_dir() {
        return Err(absent(&folder, "the hub's cached data set"));
    }
    if !reference.is_file() {
        return Err(absent(&reference, "a file that names the cached commit"));
    }
    let commit = fs_err::read_to_string(&reference)?;
    let commit = commit.trim();
    // A commit is a file name: anything else would lead out of the cache.
    if commit.is_empty() || !commit.chars().all(|c| c.is_ascii_alphanumeric()) {
        let hint = "delete this file and download the data set again".into();
        let (found, expected) = (format!("{commit:?}"), "the name of a commit".into());
        return Err(Error::File { path: reference, found, expected, hint });
    }
    let snapshot = folder.join("snapshots").join(commit);
    if !snapshot.is_dir() {
        return Err(absent(&snapshot, "the snapshot that refs/main names"));
    }
    in_folder(&snapshot, set)
}

/// The files `<split>-<i>-of-<n>.parquet` of a split, all n of them.
fn shards(folder: &Path, split: &str, set: Set) -> Result<Vec<PathBuf>> {
    let mut found: Vec<(u32, u32, PathBuf)> = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if let Some((index, count)) = entry.file_name().to_str().and_then(|n| shard(n, split)) {
            found.push((index, count, entry.path()));
        }
    }
    found.sort();
    let expected = format!("{split}-00000-of-00001.parquet, or all shards of another number");
    let Some(&(_, count, _)) = found.first() else {
        return Err(wrong(folder, &format!("no {split} file"), &expected, set));
    };
    if let Some((index, other, _)) = found.iter().find(|shard| shard.1 != count) {
        let text = format!("shards of {count} and shard {index} of {other}");
        return Err(wrong(folder, &text, &format!("{split} shards of one number"), set));
    }
    for expected in 0..count {
        if found.get(expected as usize).is_none_or(|shard| shard.0 != expected) {
            let text = format!("{} of {count} {split} shards", found.len());
            let expected = format!("{split}-{expected:05}-of-{count:05}.parquet too");
            return Err(wrong(folder, &text, &expected, set));
        }
    }
    Ok(found.into_iter().map(|shard| shard.2).collect())
}

/// Index and number of shards in the name of a file of this split.
fn shard(name: &str, split: &str) -> Option<(u32, u32)> {
    let rest = name.strip_prefix(split)?.strip_prefix('-')?.strip_suffix(".parquet")?;
    let (index, count) = rest.split_once("-of-")?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(index) || !digits(count) {
        return None;
    }
    Some((index.parse().ok()?, count.parse().ok()?))
}

fn wrong(path: &Path, found: &str, expected: &str, set: Set) -> Error {
    Error::File {
        path: path.into(),
        found: found.into(),
        expected: expected.into(),
        hint: format!(
            "give the folder of uoft-cs/{} as the hub lays it out, with {}/train-00000-of-00001.parquet and test-00000-of-00001.parquet inside, or `--data embedded`",
            set.name(),
            inner(set)
        ),
    }
}
