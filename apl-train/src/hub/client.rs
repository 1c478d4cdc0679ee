//! The requests that are sent to a hub, each once.

use std::time::Duration;

use hf_hub::{
    HFClient,
    repository::{HFRepository, RepoTypeDataset, download::HFByteStream},
};
use reqwest::{Response, Url, header};

use crate::{Error, environment::HUB};

use super::{Request, Settings, patience::wait_for, request::is_commit, trouble::Trouble};

/// A result of one request.
pub(super) type Answer<T> = Result<T, Trouble>;

/// A data set on a hub.
pub(super) struct Client<'a> {
    settings: &'a Settings,
    repository: HFRepository<RepoTypeDataset>,
    /// For metadata; it follows no redirect by itself.
    direct: reqwest::Client,
    /// The address of the repository's files.
    files: Url,
}

/// What a hub says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// The name of its content: SHA-256 if it is in large-file storage, else Git's own.
    pub etag: String,
    /// Its length.
    pub bytes: u64,
}

/// A body on its way.
pub(super) struct Body {
    stream: HFByteStream,
    /// Bytes that come again although they were not asked for.
    skip: u64,
}

/// The address of a hub, which ends with a slash.
///
/// # Errors
/// [`Error::Usage`]: a text that is no address.
pub(super) fn address(endpoint: &str) -> Result<Url, Error> {
    let url = Url::parse(&format!("{endpoint}/")).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()).ok_or_else(|| {
        let problem = format!("found {endpoint:?}, expected an address such as {HUB}");
        Error::usage("HF_ENDPOINT", problem)
    })
}

/// No hub needs more.
const REDIRECTS: usize = 10;

impl<'a> Client<'a> {
    pub(super) fn new(request: &Request, settings: &'a Settings, hub: &Url) -> Answer<Self> {
        let agent = concat!("apl/", env!("CARGO_PKG_VERSION"));
        // Where it is told no token, hf-hub looks for one in the environment; one that no header can hold is sent as none.
        let token = settings.token.as_ref().map_or("\n", |token| token.secret());
        let client = HFClient::builder()
            .endpoint(&settings.endpoint)
            .token(token)
            .user_agent(agent)
            .cache_dir(&settings.cache)
            .retry_max_attempts(0)
            .build()
            .map_err(|error| Trouble::of_hub(&error))?;
        let direct = reqwest::Client::builder()
            .user_agent(agent)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Trouble::of_request(&error))?;
        let path = format!("datasets/{}/resolve/", request.repository);
        let files =
            hub.join(&path).map_err(|_| Trouble::Senseless("an address of no file".into()))?;
        let (owner, name) = hf_hub::split_id(request.repository);
        Ok(Self { settings, repository: client.dataset(owner, name), direct, files })
    }

    /// The full commit of a revision.
    pub(super) async fn commit(&self, revision: &str) -> Answer<String> {
        let asked = self.repository.info().revision(revision).send();
        let info = wait_for(asked, self.settings.patience.answer, self.settings).await?;
        let sha = info.map_err(|error| Trouble::of_hub(&error))?.sha.unwrap_or_default();
        if is_commit(&sha) {
            return Ok(sha);
        }
        Err(Trouble::Senseless(format!("the commit {sha:?}")))
    }

    /// What a file is.
    ///
    /// The hub says it in the answer that names the commit, which for large files is a redirect to their storage. That redirect is not followed.
    pub(super) async fn metadata(&self, commit: &str, file: &str) -> Answer<Metadata> {
        let path = format!("{commit}/{file}");
        let senseless = |what: &str| Trouble::Senseless(what.into());
        let mut url = self.files.join(&path).map_err(|_| senseless("an address of no file"))?;
        for _ in 0..REDIRECTS {
            let answer = self.head(url.clone()).await?;
            let status = answer.status();
            if !status.is_success() && !status.is_redirection() {
                let after = text(&answer, header::RETRY_AFTER.as_str());
                let after = after.and_then(|text| text.trim().parse().ok());
                return Err(Trouble::of_status(status.as_u16(), after.map(Duration::from_secs)));
            }
            if let Some(found) = text(&answer, "x-repo-commit") {
                if found != commit {
                    return Err(Trouble::Senseless(format!(
                        "commit {found:?} instead of {commit}"
                    )));
                }
                return metadata(&answer);
            }
            let location = text(&answer, header::LOCATION.as_str());
            let location = location.filter(|_| status.is_redirection());
            let next = location.and_then(|location| url.join(&location).ok());
            url = next.ok_or_else(|| senseless("an answer without the header X-Repo-Commit"))?;
        }
        Err(senseless("redirects that never end"))
    }

    async fn head(&self, url: Url) -> Answer<Response> {
        let mut head = self.direct.head(url.clone());
        // The token is for the hub alone.
        if let Some(token) = &self.settings.token
            && url.origin() == self.files.origin()
        {
            head = head.bearer_auth(token.secret());
        }
        let answer = wait_for(head.send(), self.settings.patience.answer, self.settings).await?;
        answer.map_err(|error| Trouble::of_request(&error))
    }

    /// Asks for a file of so many bytes from one of them on.
    pub(super) async fn open(
        &self,
        commit: &str,
        file: &str,
        from: u64,
        bytes: u64,
    ) -> Answer<Body> {
        let part = (from > 0).then_some(from..bytes);
        let asked = self.repository.download_file_stream().filename(file).revision(commit);
        let asked = asked.maybe_range(part).send();
        let opened = wait_for(asked, self.settings.patience.answer, self.settings).await?;
        let (length, stream) = opened.map_err(|error| Trouble::of_hub(&error))?;
        // A server that knows no parts sends everything.
        let skip = if length == Some(bytes) { from } else { 0 };
        Ok(Body { stream, skip })
    }

    /// The next bytes of a body that were asked for; `None` at its end.
    pub(super) async fn next(&self, body: &mut Body) -> Answer<Option<impl AsRef<[u8]> + use<>>> {
        loop {
            let next = futures_util::StreamExt::next(&mut body.stream);
            let next = wait_for(next, self.settings.patience.silence, self.settings).await?;
            let Some(piece) = next else { return Ok(None) };
            let mut piece = piece.map_err(|error| Trouble::of_hub(&error))?;
            let skipped = body.skip.min(piece.len() as u64);
            body.skip -= skipped;
            let piece = piece.split_off(skipped as usize);
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}

fn text(answer: &Response, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(String::from)
}

/// The metadata in an answer that names the commit.
fn metadata(answer: &Response) -> Answer<Metadata> {
    let senseless = |what: String| Trouble::Senseless(what);
    let etag = text(answer, "x-linked-etag").or_else(|| text(answer, "etag")).unwrap_or_default();
    let etag = etag.trim_start_matches("W/").trim_matches('"').to_string();
    // It becomes the name of a file.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if etag.is_empty() || etag.len() > 128 || !etag.bytes().all(plain) {
        return Err(senseless(format!("the header ETag {etag:?}")));
    }
    let length = answer.status().is_success().then(|| text(answer, "content-length")).flatten();
    let length = text(answer, "x-linked-size").or(length).unwrap_or_default();
    let bytes = length.parse().map_err(|_| senseless(format!("the length {length:?}")))?;
    Ok(Metadata { etag, bytes })
}
