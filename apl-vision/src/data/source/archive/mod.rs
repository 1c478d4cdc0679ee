//! CIFAR's archives, `.tar.gz` or `.tar`, read as streams: nothing is written to disk, so no name in an archive can lead anywhere.

use std::{
    collections::BTreeSet,
    io::{BufReader, Error as IoError, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use tar::Archive;

use crate::{
    Error, Result,
    data::{
        Labelling,
        rows::Rows,
        source::{
            cifar::{self, MOST, Member, too_large},
            formats,
        },
    },
};

/// The most bytes an archive may unpack to: the authors' have less than a fifth.
const MOST_OF_ALL: u64 = 1 << 30;

/// How a file in gzip begins.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Whether a file is an archive, by its first bytes: gzip, or the mark of tar in its first header.
///
/// # Errors
/// The file cannot be read.
pub(super) fn is_archive(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    fs_err::File::open(path)?.take(512).read_to_end(&mut head)?;
    Ok(head.starts_with(&GZIP) || head.get(257..262).is_some_and(|mark| mark == b"ustar"))
}

/// Train and test rows of an archive. Regular files count, by the last part of their names; the others are passed over.
///
/// # Errors
/// Neither of the authors' versions or both, files that are missing, damaged, twice there or too large.
pub(super) fn read(path: &Path, labelling: Labelling) -> Result<[Rows; 2]> {
    let damaged = |error: IoError| Error::File {
        path: path.into(),
        found: error.to_string(),
        expected: "a whole archive, .tar.gz or .tar".into(),
        hint: "download the archive again".into(),
    };
    let mut file = BufReader::with_capacity(1 << 18, fs_err::File::open(path)?);
    let gzip = std::io::BufRead::fill_buf(&mut file)?.starts_with(&GZIP);
    let unpacked: Box<dyn Read> =
        if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = Archive::new(Limited { inner: unpacked, left: MOST_OF_ALL });

    let mut names = BTreeSet::new();
    let mut editions = BTreeSet::new();
    let mut parts: Vec<(Member, Rows)> = Vec::new();
    // Raw: long names of other archivers are not put together, which could take any memory. Ours are short.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = base_name(&entry.path_bytes());
        let Some(member) = cifar::member(&name) else {
            if names.len() < formats::SHOWN {
                names.insert(name);
            }
            continue;
        };
        editions.insert(member.edition);
        if member.edition.set != labelling.set() {
            continue;
        }
        let inside = path.join(&name);
        let size = entry.header().size().map_err(damaged)?;
        if size > MOST {
            return Err(too_large(&inside, &format!("{size} bytes")));
        }
        let mut bytes = Vec::new();
        entry.by_ref().take(size).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 != size {
            return Err(damaged(IoError::other(format!(
                "{} of {size} bytes of {name}",
                bytes.len()
            ))));
        }
        if parts.iter().any(|(other, _)| *other == member) {
            return Err(damaged(IoError::other(format!("two files {name}"))));
        }
        parts.push((member, member.edition.read(&inside, &bytes, labelling)?));
    }
    // To the very end, where gzip has its checksum.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(damaged)?;

    let edition = formats::edition(path, &editions, &names, labelling)?;
    edition.check_complete(path, |name| {
        cifar::member(name).is_some_and(|member| parts.iter().any(|(other, _)| *other == member))
    })?;
    parts.sort_by_key(|(member, _)| member.place);
    let mut splits: [Rows; 2] = Default::default();
    for (member, rows) in parts {
        splits[member.split].append(rows);
    }
    Ok(splits)
}

/// The last part of a name in an archive.
fn base_name(path: &[u8]) -> String {
    let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    String::from_utf8_lossy(last).into_owned()
}

/// A reader that gives so many bytes and then an error.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)? as u64;
        let left = self.left.checked_sub(count);
        self.left = left.ok_or_else(|| {
            IoError::other(format!("more than {MOST_OF_ALL} bytes when it is unpacked"))
        })?;
        Ok(count as usize)
    }
}

#[cfg(test)]
mod tests;
