//! What a user is told when data cannot be had.

use std::path::Path;

use super::{
    Request,
    cache::{Found, Repository},
};
use crate::Error;

/// The ways out of every trouble with the hub.
pub(crate) fn ways_out(request: &Request, repository: &Repository) -> String {
    let commit = repository.commit(request.revision).ok().flatten();
    let folder = repository.snapshot(commit.as_deref().unwrap_or(request.revision));
    format!(
        "put {} of {} into {}, or name the folder that holds them with --data FOLDER, or take generated data with --data embedded",
        request.files.join(" and "),
        request.repository,
        folder.display()
    )
}

/// Files are missing or damaged and HF_HUB_OFFLINE forbids to ask for them.
pub(crate) fn offline(request: &Request, repository: &Repository, found: &[Found]) -> Error {
    let why = "HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or";
    missing(request, repository, found, why)
}

/// Files are missing or damaged and this build cannot ask for them.
#[cfg(not(feature = "hub"))]
pub(crate) fn without_feature(
    request: &Request,
    repository: &Repository,
    found: &[Found],
) -> Error {
    let why = "this build downloads nothing: build it with the feature `hub`, or";
    missing(request, repository, found, why)
}

fn missing(request: &Request, repository: &Repository, found: &[Found], why: &str) -> Error {
    let (place, problem) = found
        .iter()
        .find_map(|found| match found {
            Found::Here(_) => None,
            Found::Absent { path, .. } => {
                let expected = format!("a file of {} at {}", request.repository, request.revision);
                Some((path, format!("found nothing, expected {expected}")))
            }
            Found::Damaged { path, sha256, expected, .. } => {
                Some((path, format!("damaged: found SHA-256 {sha256}, expected {expected}")))
            }
        })
        .map_or_else(
            || (repository.folder().display().to_string(), String::new()),
            |(path, problem)| (path.display().to_string(), problem),
        );
    Error::Hub { place, problem, hint: format!("{why} {}", ways_out(request, repository)) }
}

/// A file in `refs` that names no commit.
pub(crate) fn bad_reference(path: &Path, found: &str) -> Error {
    Error::Hub {
        place: path.display().to_string(),
        problem: format!("found {found:?}, expected the name of a commit"),
        hint: "delete this file and download the data set again".into(),
    }
}

/// Two snapshots begin with the same digits.
pub(crate) fn ambiguous(folder: &Path, digits: &str, found: [&str; 2]) -> Error {
    Error::Hub {
        place: folder.display().to_string(),
        problem: format!("{digits} stands for {} and {}", found[0], found[1]),
        hint: "give more digits of the commit in data.revision".into(),
    }
}
