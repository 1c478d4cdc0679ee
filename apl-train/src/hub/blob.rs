//! The download of one content.

use super::{
    bar::Bar,
    cache::Repository,
    client::{Client, Metadata},
    partial::Partial,
    patience::{Tries, lock},
    trouble::{Subject, Trouble, host},
};
use crate::{Error, Result, notice::notice};

/// A content that is to come.
pub(super) struct Wanted<'a> {
    pub commit: &'a str,
    pub file: &'a str,
    pub metadata: &'a Metadata,
}

/// Downloads a content into its blob; `false` if it is there by now. A piece of another content or length is thrown away and asked for once more.
pub(super) async fn download(
    client: &Client<'_>,
    wanted: &Wanted<'_>,
    subject: Subject<'_>,
    bar: &mut Bar,
) -> Result<bool> {
    let Metadata { etag, bytes } = wanted.metadata;
    let repository: &Repository = subject.repository;
    let blob = repository.blob(etag);
    let _held = lock(&repository.lock(etag), subject).await?;
    if blob.metadata().is_ok_and(|found| found.len() == *bytes) {
        bar.reached(*bytes, false);
        return Ok(false);
    }
    let path = repository.partial(etag);
    let mut partial = Partial::open(path.clone(), *bytes)?;
    bar.reached(partial.length(), false);
    fill(client, wanted, subject, &mut partial, bar).await?;
    if let Some(fault) = partial.fault(etag) {
        if !subject.settings.quiet {
            notice(&format!("{}: {fault}; downloading it anew", subject.name()));
        }
        partial.clear()?;
        bar.reached(0, false);
        fill(client, wanted, subject, &mut partial, bar).await?;
        if let Some(fault) = partial.fault(etag) {
            partial.clear()?;
            let _ = std::fs::remove_file(&path);
            return Err(Error::Hub {
                place: host(&subject.settings.endpoint).into(),
                problem: format!("{}: {fault}, twice", subject.name()),
                hint: "a proxy or mirror changes the content: set HF_ENDPOINT to another hub; or give the data with --data FOLDER or --data embedded".into(),
            });
        }
    }
    partial.finish(blob)?;
    Ok(true)
}

/// Pours until nothing more is to come, however often the body is cut.
async fn fill(
    client: &Client<'_>,
    wanted: &Wanted<'_>,
    subject: Subject<'_>,
    partial: &mut Partial,
    bar: &mut Bar,
) -> Result<()> {
    let bytes = wanted.metadata.bytes;
    let mut tries = Tries::new(subject);
    while !partial.is_full() {
        let before = partial.length();
        let poured = pour(client, wanted, partial, bar).await?;
        if partial.length() - before >= (bytes / 100).max(1) {
            tries.came();
        }
        if partial.is_full() {
            break;
        }
        match poured {
            Err(Trouble::Interrupted) => {
                let (name, length) = (subject.name(), partial.length());
                return Err(Error::Interrupted {
                    what: format!("at byte {length} of {bytes} of {name}"),
                });
            }
            Err(trouble) => {
                if trouble == Trouble::BadRange {
                    partial.clear()?;
                }
                tries.failed(trouble).await?;
            }
            Ok(()) => {
                let what = format!("the body ended at byte {} of {bytes}", partial.length());
                tries.failed(Trouble::Unreachable(what)).await?;
            }
        }
    }
    Ok(())
}

/// One request's body, as far as it comes. The outer error is of the disk, the inner one of the hub.
async fn pour(
    client: &Client<'_>,
    wanted: &Wanted<'_>,
    partial: &mut Partial,
    bar: &mut Bar,
) -> Result<std::result::Result<(), Trouble>> {
    let (from, bytes) = (partial.length(), wanted.metadata.bytes);
    let mut body = match client.open(wanted.commit, wanted.file, from, bytes).await {
        Ok(body) => body,
        Err(trouble) => return Ok(Err(trouble)),
    };
    loop {
        match client.next(&mut body).await {
            Ok(Some(piece)) => {
                partial.push(piece.as_ref())?;
                bar.reached(partial.length(), true);
                if partial.is_excessive() {
                    return Ok(Ok(()));
                }
            }
            Ok(None) => return Ok(Ok(())),
            // All that was wanted has come.
            Err(_) if partial.is_full() => return Ok(Ok(())),
            Err(trouble) => return Ok(Err(trouble)),
        }
    }
}
