//! Which files hold a data set: the layout of the Hugging Face hub.

use std::path::{Path, PathBuf};

use crate::{Error, Result, data::Set};

/// The parquet files of each split, in the order of their shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    pub train: Vec<PathBuf>,
    pub test: Vec<PathBuf>,
}

/// The folder inside a data set's folder that holds its files.
pub(crate) fn inner(set: Set) -> &'static str {
    match set {
        Set::Cifar10 => "plain_text",
        Set::Cifar100 => "cifar100",
        Set::Images => "data",
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

/// Whether a file of this name is a shard of a split.
pub(super) fn is_shard(name: &str) -> bool {
    ["train", "test"].into_iter().any(|split| shard(name, split).is_some())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::message;

    /// A folder with empty files of these names.
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn names(folder: &Path, files: &[PathBuf]) -> Vec<String> {
        files.iter().map(|f| f.strip_prefix(folder).unwrap().display().to_string()).collect()
    }

    const BOTH: [&str; 2] = ["train-00000-of-00001.parquet", "test-00000-of-00001.parquet"];
    const HINT: &str = "\nhint: give the folder of uoft-cs/cifar10 as the hub lays it out, with plain_text/train-00000-of-00001.parquet and test-00000-of-00001.parquet inside, or `--data embedded`";

    #[test]
    fn the_outer_and_the_inner_folder_are_the_same() {
        for set in [Set::Cifar10, Set::Cifar100] {
            let inside = BOTH.map(|name| format!("{}/{name}", inner(set)));
            let folder = folder(&inside.each_ref().map(String::as_str));
            let files = in_folder(folder.path(), set).unwrap();
            assert_eq!(names(folder.path(), &files.train), inside[..1]);
            assert_eq!(names(folder.path(), &files.test), inside[1..]);
            assert_eq!(in_folder(&folder.path().join(inner(set)), set).unwrap(), files);
        }
    }

    #[test]
    fn shards_are_found_in_order_among_other_files() {
        let folder = folder(&[
            "train-00001-of-00003.parquet",
            "train-00002-of-00003.parquet",
            "train-00000-of-00003.parquet",
            "test-00000-of-00001.parquet",
            "train-x-of-00003.parquet",
            "train-00000-of-00003.parquet.lock",
            "training-00000-of-00001.parquet",
            "README.md",
        ]);
        let files = in_folder(folder.path(), Set::Cifar10).unwrap();
        let expected = [0, 1, 2].map(|i| format!("train-0000{i}-of-00003.parquet"));
        assert_eq!(names(folder.path(), &files.train), expected);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |files: &[&str]| {
            let folder = folder(files);
            message(in_folder(folder.path(), Set::Cifar10), folder.path())
        };
        assert_eq!(
            error(&[]),
            format!(
                "DIR: found no train file, expected train-00000-of-00001.parquet, or all shards of another number{HINT}"
            )
        );
        assert_eq!(
            error(&BOTH[..1]),
            format!(
                "DIR: found no test file, expected test-00000-of-00001.parquet, or all shards of another number{HINT}"
            )
        );
        assert_eq!(
            error(&["train-00000-of-00003.parquet", "train-00002-of-00003.parquet"]),
            format!(
                "DIR: found 2 of 3 train shards, expected train-00001-of-00003.parquet too{HINT}"
            )
        );
        assert_eq!(
            error(&["train-00000-of-00002.parquet", "train-00000-of-00001.parquet"]),
            format!(
                "DIR: found shards of 1 and shard 0 of 2, expected train shards of one number{HINT}"
            )
        );
        assert!(error(&["train-00000-of-00000.parquet"]).starts_with("DIR: found "));
        assert!(
            error(&["train-00000-of-99999999.parquet"]).starts_with("DIR: found 1 of 99999999")
        );
        let folder = folder(&["a.parquet"]);
        let result = in_folder(&folder.path().join("absent"), Set::Cifar10);
        assert_eq!(
            message(result, folder.path()),
            format!("DIR/absent: found nothing, expected a folder with parquet files{HINT}")
        );
        let result = in_folder(&folder.path().join("a.parquet"), Set::Cifar10);
        assert_eq!(
            message(result, folder.path()),
            format!("DIR/a.parquet: found a file, expected a folder with parquet files{HINT}")
        );
    }
}
