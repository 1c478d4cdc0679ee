//! Data sets from the Hugging Face hub: from its cache on this machine and, with the cargo feature `hub`, downloaded into it.
//!
//! ```text
//! Request -> cache (refs, snapshots, blobs)         what is there, without a socket
//!         -> online: revision -> metadata -> blob   what is not, with the feature `hub`
//! ```
//!
//! The cache is laid out as every tool of the hub does it, so that a file is downloaded once for all of them. What comes is checked: its length
//! and, for files in large-file storage, its SHA-256 against the hub's. A download that is cut, killed or interrupted goes on where it stopped.
//!
//! | what happens | what is done |
//! |---|---|
//! | no connection, a cut body, silence, 408, 429, 5xx | asked again, as [`Patience`] says, from the byte where it stopped |
//! | another content or length than the hub promised | thrown away, asked once more from the first byte, then an error |
//! | 401, 403, 404, an answer that makes no sense | an error at once |
//! | [`Interrupt`] | [`Error::Interrupted`](crate::Error::Interrupted); what came is kept |
//!
//! Requests go through [hf-hub](https://docs.rs/hf-hub) 1.0, which is told the address, the token and the cache and reads no environment here.
//! It lacks four things, which stand here: to go on with a cut download, to limit silence, to check the content, and the metadata of large files,
//! which it loses in following the redirect to their storage.

#[cfg(feature = "hub")]
mod bar;
#[cfg(feature = "hub")]
mod blob;
pub mod cache;
#[cfg(feature = "hub")]
mod client;
#[cfg(feature = "hub")]
mod keep;
#[cfg(feature = "hub")]
mod online;
#[cfg(feature = "hub")]
mod partial;
#[cfg(feature = "hub")]
mod patience;
mod problem;
pub mod request;
#[cfg(test)]
mod testing;
#[cfg(feature = "hub")]
mod trouble;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cache::{Found, Repository};
pub use request::Request;

use crate::{Environment, Result, environment::Token, interrupt::Interrupt};

/// Where data sets come from and how long they are waited for.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hub's cache; made when needed.
    pub cache: PathBuf,
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// What opens gated and private data sets.
    pub token: Option<Token>,
    /// Looks at nothing but the cache.
    pub offline: bool,
    /// Shows no progress.
    pub quiet: bool,
    /// Asks a download to stop.
    pub interrupt: Interrupt,
    /// How long it is waited.
    pub patience: Patience,
}

impl Settings {
    /// What the environment says.
    pub fn new(environment: &Environment, quiet: bool, interrupt: &Interrupt) -> Self {
        Self {
            cache: environment.hub_cache.clone(),
            endpoint: environment.hub_endpoint.clone(),
            token: environment.hub_token.clone(),
            offline: environment.hub_offline,
            quiet,
            interrupt: interrupt.clone(),
            patience: Patience::default(),
        }
    }
}

/// How long a hub is waited for, and how often it is asked again.
///
/// The wait before try k + 1 is `min(first · 2^(k−1), longest)` times a factor from 1/2 to 1, the k-th of a fixed sequence; where the hub says
/// how long to wait (`Retry-After`), it is at least that. Tries are counted anew when a hundredth of the file has come since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until an answer begins, the connection included.
    pub answer: Duration,
    /// Between two pieces of a body.
    pub silence: Duration,
    /// How often something is tried, from 1.
    pub tries: u32,
    /// The first wait.
    pub first: Duration,
    /// The longest wait that is not asked for.
    pub longest: Duration,
    /// The longest wait that a hub may ask for.
    pub asked: Duration,
}

impl Default for Patience {
    /// 30 s for an answer and between two pieces, 5 tries, waits from 1 s to 30 s, and up to 5 minutes if asked: the hub counts requests by 5 minutes.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(30),
            tries: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            asked: Duration::from_secs(300),
        }
    }
}

/// A file of a data set on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The repository, `owner/name`.
    pub repository: String,
    /// The full commit.
    pub commit: String,
    /// The file's path in the repository.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its content as it is here, in hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Whether this call downloaded it.
    pub downloaded: bool,
}

/// The files of a request, in its order, from the cache or else from the hub.
///
/// A file that the cache has at that revision is taken without a request; one whose content is not what its name in the cache says is thrown away and
/// downloaded again.
///
/// ```no_run
/// use apl_train::{Environment, hub, interrupt::Interrupt};
/// let settings = hub::Settings::new(&Environment::read(), false, &Interrupt::install()?);
/// let request = hub::Request {
///     repository: "uoft-cs/cifar10",
///     revision: "main",
///     files: &["plain_text/test-00000-of-00001.parquet"],
/// };
/// for file in hub::fetch(&request, &settings)? {
///     println!("{} {} {}", file.path.display(), file.bytes, file.sha256);
/// }
/// # Ok::<(), apl_train::Error>(())
/// ```
///
/// # Errors
/// [`Error::Usage`](crate::Error::Usage): a name that cannot be one. [`Error::Hub`](crate::Error::Hub): what the hub or its cache lacks or refuses.
/// [`Error::Interrupted`](crate::Error::Interrupted). [`Error::Run`](crate::Error::Run): a cache that cannot be written.
pub fn fetch(request: &Request, settings: &Settings) -> Result<Vec<Fetched>> {
    let repository = Repository::new(&settings.cache, request)?;
    let found = repository.look(request)?;
    if let Some(all) = cache::complete(&found) {
        return Ok(all);
    }
    if settings.offline {
        return Err(problem::offline(request, &repository, &found));
    }
    #[cfg(feature = "hub")]
    return online::fetch(request, settings, &repository, found);
    #[cfg(not(feature = "hub"))]
    Err(problem::without_feature(request, &repository, &found))
}

/// The files of a request where the cache has them all at that revision; nothing is asked.
///
/// # Errors
/// As [`fetch`], and files whose content is not what their names in the cache say.
pub fn cached(request: &Request, cache: &Path) -> Result<Option<Vec<Fetched>>> {
    let repository = Repository::new(cache, request)?;
    let found = repository.look(request)?;
    if found.iter().any(|found| matches!(found, Found::Damaged { .. })) {
        return Err(problem::offline(request, &repository, &found));
    }
    Ok(cache::complete(&found))
}
