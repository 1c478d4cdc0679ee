//! What the cache lacks of a request, from the hub.

use super::{
    Fetched, Request, Settings,
    bar::Bar,
    blob::{Wanted, download},
    cache::{Found, Repository},
    client::{Answer, Client, Metadata, address},
    keep::cannot_write,
    patience::Tries,
    request::Revision,
    trouble::{Subject, Trouble},
};
use crate::{Error, Result, notice::notice};

/// Downloads what was not found.
pub(super) fn fetch(
    request: &Request,
    settings: &Settings,
    repository: &Repository,
    found: Vec<Found>,
) -> Result<Vec<Fetched>> {
    // A thread of its own: an executor must not be started inside another, and a caller may have one.
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let fetched = runtime.block_on(fetch_missing(request, settings, repository, found));
            // A look-up of a name that hangs is not waited for.
            runtime.shutdown_background();
            fetched
        });
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

async fn fetch_missing(
    request: &Request<'_>,
    settings: &Settings,
    repository: &Repository,
    found: Vec<Found>,
) -> Result<Vec<Fetched>> {
    let subject = Subject { request, repository, settings, file: None };
    let hub = address(&settings.endpoint)?;
    let client = Client::new(request, settings, &hub)
        .map_err(|trouble| subject.error(trouble, 1, Default::default()))?;
    let commit = commit(&client, subject, &found).await?;
    let mut metadata = Vec::new();
    for found in &found {
        metadata.push(match found {
            Found::Here(_) => None,
            Found::Absent { file, .. } => Some(ask_metadata(&client, subject, &commit, file).await?),
            Found::Damaged { file, path, sha256, expected } => {
                if !settings.quiet {
                    let path = path.display();
                    notice(&format!("{path}: damaged: found SHA-256 {sha256}, expected {expected}; downloading it anew"));
                }
                let blob = repository.blob(expected);
                std::fs::remove_file(&blob).map_err(|error| cannot_write(&blob, &error))?;
                Some(ask_metadata(&client, subject, &commit, file).await?)
            }
        });
    }
    let bytes = metadata.iter().flatten().map(|metadata| metadata.bytes).sum();
    let mut bar = Bar::start(settings.quiet, request.repository, bytes);
    let mut came = Vec::new();
    for (file, metadata) in request.files.iter().zip(&metadata) {
        let Some(metadata) = metadata else { continue };
        let wanted = Wanted { commit: &commit, file, metadata };
        let downloaded = download(&client, &wanted, of(subject, file), &mut bar).await;
        if downloaded.is_err() {
            bar.finish();
        }
        if downloaded? {
            came.push(*file);
        }
        bar.next();
        repository.link(&commit, file, &metadata.etag)?;
    }
    bar.finish();
    repository.refer(request.revision, &commit)?;
    // The files as the cache has them now, read once more: what is handed out is what is on the disk.
    let commit = Request { revision: &commit, ..*request };
    let here = super::cache::complete(&repository.look(&commit)?);
    let mut here = here.ok_or_else(|| Error::Hub {
        place: repository.snapshot(commit.revision).display().to_string(),
        problem: "found other files than were just downloaded".into(),
        hint: "another program changes the cache: try again".into(),
    })?;
    here.iter_mut().for_each(|fetched| fetched.downloaded = came.contains(&fetched.file.as_str()));
    Ok(here)
}

/// The subject's file.
fn of<'a>(subject: Subject<'a>, file: &'a str) -> Subject<'a> {
    Subject { file: Some(file), ..subject }
}

/// The full commit that a request is about. Where the cache has a part of the files, it is theirs.
async fn commit(client: &Client<'_>, subject: Subject<'_>, found: &[Found]) -> Result<String> {
    let revision = subject.request.revision;
    let here = found.iter().find_map(|found| match found {
        Found::Here(fetched) => Some(fetched.commit.clone()),
        _ => None,
    });
    match (Revision::parse(revision), here) {
        (_, Some(commit)) => Ok(commit),
        (Some(Revision::Commit(commit)), _) => Ok(commit.into()),
        (Some(Revision::Beginning(digits)), _) => full(client, subject, digits).await,
        _ => match ask_commit(client, subject, revision).await? {
            Some(commit) => Ok(commit),
            None => Err(subject.error(Trouble::NotFound, 1, Default::default())),
        },
    }
}

/// The full commit of its first digits: what the hub says of them, or `main` if it begins with them.
async fn full(client: &Client<'_>, subject: Subject<'_>, digits: &str) -> Result<String> {
    let mut found = Vec::new();
    for revision in [digits, "main"] {
        match ask_commit(client, subject, revision).await? {
            Some(commit) if commit.starts_with(digits) => return Ok(commit),
            Some(commit) => found.push(commit),
            None => {}
        }
    }
    let name = subject.request.repository;
    let latest = found.pop().map_or("no commit".into(), |commit| format!("{commit} as main"));
    Err(Error::Hub {
        place: format!("data.revision of {name}"),
        problem: format!("found {latest}, expected a commit that begins with {digits}"),
        hint: "set data.revision to all 40 digits of the commit, or to main for the latest".into(),
    })
}

/// The commit of a revision; `None` if the hub knows none.
async fn ask_commit(
    client: &Client<'_>,
    subject: Subject<'_>,
    revision: &str,
) -> Result<Option<String>> {
    let mut tries = Tries::new(subject);
    loop {
        match client.commit(revision).await {
            Ok(commit) => return Ok(Some(commit)),
            Err(Trouble::NotFound) => return Ok(None),
            Err(trouble) => tries.failed(trouble).await?,
        }
    }
}

async fn ask_metadata(
    client: &Client<'_>,
    subject: Subject<'_>,
    commit: &str,
    file: &str,
) -> Result<Metadata> {
    let mut tries = Tries::new(of(subject, file));
    loop {
        let answer: Answer<Metadata> = client.metadata(commit, file).await;
        match answer {
            Ok(metadata) => return Ok(metadata),
            Err(trouble) => tries.failed(trouble).await?,
        }
    }
}
