//! What is asked of the hub, and what its names may be.

use crate::{Error, Result};

/// Files of a data set at one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The repository, `owner/name`.
    pub repository: &'a str,
    /// A full commit, the first 7 digits of one or more, a branch or a tag; see [`Revision`].
    pub revision: &'a str,
    /// Paths in the repository.
    pub files: &'a [&'a str],
}

/// What the text of a revision is.
///
/// A full commit is asked for as it is. The hub's own documentation wants all 40 digits of a commit; its API is reported to take fewer. The first
/// digits of one are therefore sent to the API, which answers with the full commit, and where it knows none, `main` is taken if it begins with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision<'a> {
    /// All 40 digits of a commit.
    Commit(&'a str),
    /// The first digits of a commit, from 7.
    Beginning(&'a str),
    /// A branch or a tag.
    Name(&'a str),
}

/// The fewest digits that stand for a commit.
const FEWEST: usize = 7;
/// The digits of a commit.
const DIGITS: usize = 40;

impl<'a> Revision<'a> {
    /// Reads a revision; `None` if it cannot be one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match text.len() {
            DIGITS if digits => Some(Self::Commit(text)),
            FEWEST..DIGITS if digits => Some(Self::Beginning(text)),
            _ => is_path(text).then_some(Self::Name(text)),
        }
    }
}

/// What a text that [`Revision::parse`] refuses should have been.
pub const REVISION: &str = "a commit, its first 7 digits or more, a branch or a tag";

/// Whether a text is a commit as the hub names it.
#[cfg(feature = "hub")]
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(Revision::parse(text), Some(Revision::Commit(_)))
}

/// Names become paths in the cache and parts of addresses: whatever could lead elsewhere is refused.
fn is_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+".contains(&b);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    text.len() <= 200 && text.split('/').all(part)
}

impl<'a> Request<'a> {
    /// Checks every name and reads the revision.
    ///
    /// # Errors
    /// [`Error::Usage`] naming what cannot be a name.
    pub(crate) fn check(&self) -> Result<Revision<'a>> {
        let wrong = |place: &str, found: &str, expected: &str| {
            Error::usage(place, format!("found {found:?}, expected {expected}"))
        };
        let Self { repository, revision, files } = self;
        if !is_path(repository) || repository.split('/').count() != 2 || repository.contains("--") {
            return Err(wrong("repository", repository, "owner/name"));
        }
        if let Some(file) = files.iter().find(|file| !is_path(file)) {
            return Err(wrong("file", file, "a path inside the repository"));
        }
        Revision::parse(revision).ok_or_else(|| wrong("data.revision", revision, REVISION))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_told_apart() {
        let full = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(Revision::parse(full), Some(Revision::Commit(full)));
        assert_eq!(Revision::parse("0b27149"), Some(Revision::Beginning("0b27149")));
        assert_eq!(Revision::parse(&full[..39]), Some(Revision::Beginning(&full[..39])));
        for name in ["main", "0b2714", "refs/convert/parquet", "v1.0", "ABCDEF0"] {
            assert_eq!(Revision::parse(name), Some(Revision::Name(name)), "{name}");
        }
        for wrong in ["", "/", "../x", "a/../b", "a//b", ".hidden", "a b", "a\\b", "a?b", "ä", "/a"]
        {
            assert_eq!(Revision::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Revision::parse(&"a/".repeat(150)), None);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let error = |repository, revision, file| {
            Request { repository, revision, files: &["a.csv", file] }.check().unwrap_err()
        };
        for repository in ["", "a", "a/b/c", "../b", "a/..", "a/b--c", "a/b?"] {
            let text = format!("repository: found {repository:?}, expected owner/name");
            assert_eq!(error(repository, "main", "b").to_string(), text);
        }
        assert_eq!(
            error("a/b", "main", "../x").to_string(),
            "file: found \"../x\", expected a path inside the repository"
        );
        let refused = error("a/b", "..", "x");
        assert_eq!(
            refused.to_string(),
            "data.revision: found \"..\", expected a commit, its first 7 digits or more, a branch or a tag"
        );
        assert_eq!(refused.exit_code(), 2);
    }
}
