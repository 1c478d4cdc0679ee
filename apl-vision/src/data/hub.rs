//! CIFAR-10 and CIFAR-100 on the Hugging Face hub: which files, at which commit, and what the cache has of them.
//!
//! | set | repository | commit | files |
//! |---|---|---|---|
//! | `cifar10` | `uoft-cs/cifar10` | `0b2714987fa478483af9968de7c934580d0bb9a2` | `plain_text/train-00000-of-00001.parquet` (120 MB), `plain_text/test-00000-of-00001.parquet` (24 MB) |
//! | `cifar100` | `uoft-cs/cifar100` | `aadb3af77e9048adbea6b47c21a81e47dd092ae5` | `cifar100/train-00000-of-00001.parquet` (119 MB), `cifar100/test-00000-of-00001.parquet` (24 MB) |
//!
//! The commits are those of `main`; the digests of the images tell whether another one holds the same.

use std::path::{Path, PathBuf};

use apl_train::hub::{self, Fetched, Request, Settings, cache::Repository};

use crate::{
    Error, Result,
    data::{Set, source},
};

/// What is asked of the hub for a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The repository, `owner/name`.
    pub repository: &'static str,
    /// The full commit that is taken where no other is asked for.
    pub commit: &'static str,
    /// Train and test.
    pub files: [&'static str; 2],
}

/// Where a set is on the hub.
///
/// # Errors
/// A set of one's own, which it does not have.
pub fn published(set: Set) -> apl_train::Result<Published> {
    Ok(match set {
        Set::Images => {
            let problem = "found `images`, a set of one's own, expected `cifar10` or `cifar100`";
            return Err(apl_train::Error::usage("data.set", problem)
                .with_hint("name the folder that holds them with `--data FOLDER`"));
        }
        Set::Cifar10 => Published {
            repository: "uoft-cs/cifar10",
            commit: "0b2714987fa478483af9968de7c934580d0bb9a2",
            files: [
                "plain_text/train-00000-of-00001.parquet",
                "plain_text/test-00000-of-00001.parquet",
            ],
        },
        Set::Cifar100 => Published {
            repository: "uoft-cs/cifar100",
            commit: "aadb3af77e9048adbea6b47c21a81e47dd092ae5",
            files: [
                "cifar100/train-00000-of-00001.parquet",
                "cifar100/test-00000-of-00001.parquet",
            ],
        },
    })
}

impl Published {
    fn request<'a>(&'a self, revision: Option<&'a str>) -> Request<'a> {
        let revision = revision.unwrap_or(self.commit);
        Request { repository: self.repository, revision, files: &self.files }
    }
}

/// The files of a set, both splits: from the cache, at the revision or, without one, at the commit above or else at whatever `main` was when it was
/// cached; what the cache lacks is downloaded, at the revision or the commit above.
///
/// # Errors
/// As [`apl_train::hub::fetch`].
pub fn fetch(
    set: Set,
    revision: Option<&str>,
    settings: &Settings,
) -> apl_train::Result<Vec<Fetched>> {
    if let Some(all) = cached(set, revision, &settings.cache)? {
        return Ok(all);
    }
    hub::fetch(&published(set)?.request(revision), settings)
}

/// The files of a set that [`fetch`] would take from the cache, where it would take them all; no socket is opened.
///
/// # Errors
/// A file of the cache that cannot be read, or that names no commit.
pub fn cached(
    set: Set,
    revision: Option<&str>,
    cache: &Path,
) -> apl_train::Result<Option<Vec<Fetched>>> {
    let published = published(set)?;
    let repository = Repository::new(cache, &published.request(revision))?;
    for commit in commits(&repository, &published, revision)? {
        if source::shards::in_folder(&repository.snapshot(&commit), set).is_ok()
            && let Some(all) = repository.files(&commit, source::shards::inner(set), "parquet")?
        {
            return Ok(Some(all));
        }
    }
    Ok(None)
}

/// The snapshot of the cache that holds both splits.
///
/// # Errors
/// [`Error::File`]: there is none. [`Error::Hub`]: a file of the cache that names no commit.
pub(crate) fn snapshot(cache: &Path, set: Set, revision: Option<&str>) -> Result<PathBuf> {
    let published = published(set)?;
    let request = published.request(revision);
    let repository = Repository::new(cache, &request)?;
    let commits = commits(&repository, &published, revision)?;
    let mut snapshots = commits.iter().map(|commit| repository.snapshot(commit));
    let whole = |folder: &PathBuf| source::shards::in_folder(folder, set).is_ok();
    snapshots.find(whole).ok_or_else(|| Error::File {
        path: repository.snapshot(commits.first().map_or(request.revision, String::as_str)),
        found: "nothing, or not both splits".into(),
        expected: format!("the files of {} in the hub's cache", request.repository),
        hint: format!(
            "put {} there, or name the folder that holds them with `--data FOLDER`, or take generated images with `--data embedded`",
            request.files.join(" and ")
        ),
    })
}

/// The commits that serve, the best first.
fn commits(
    repository: &Repository,
    published: &Published,
    revision: Option<&str>,
) -> apl_train::Result<Vec<String>> {
    let mut commits: Vec<String> =
        repository.commit(revision.unwrap_or(published.commit))?.into_iter().collect();
    if revision.is_none() {
        commits.extend(repository.commit("main")?);
    }
    Ok(commits)
}

#[cfg(test)]
mod tests;
