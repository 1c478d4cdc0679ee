//! What a hub that behaves says.

use super::{Asked, COMMIT, Hub, hex};

/// What an address stands for.
#[derive(Debug)]
pub enum Place {
    Revision(String, String),
    Resolve(String, String, String),
    Storage(String),
}

/// Reads an address.
pub fn place(path: &str) -> Option<Place> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Some(match parts.as_slice() {
        ["api", "datasets", owner, name, "revision", revision] => {
            Place::Revision(format!("{owner}/{name}"), (*revision).into())
        }
        ["datasets", owner, name, "resolve", commit, file @ ..] => {
            Place::Resolve(format!("{owner}/{name}"), (*commit).into(), file.join("/"))
        }
        ["storage", digest] => Place::Storage((*digest).into()),
        _ => return None,
    })
}

/// An answer before anything is done to it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub whole: Option<Vec<u8>>,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), whole: None }
    }

    /// Sets a header, or takes it away.
    pub fn header(&mut self, name: &str, value: Option<String>) {
        self.headers.retain(|header| header.0 != name);
        self.headers.extend(value.map(|value| (name.to_string(), value)));
    }
}

impl Hub {
    /// The answer to what was asked.
    pub(super) fn answer(&self, asked: &mut Asked, place: &Place) -> Answer {
        let state = self.state();
        match place {
            Place::Revision(repository, revision) => {
                let known =
                    revision == "main" || (revision.len() >= 7 && COMMIT.starts_with(revision));
                if !known || !state.files.keys().any(|key| key.0 == *repository) {
                    return Answer::status(404);
                }
                let mut answer = Answer::status(200);
                answer.body =
                    format!(r#"{{"_id":"1","id":"{repository}","sha":"{COMMIT}"}}"#).into_bytes();
                answer
            }
            Place::Resolve(repository, commit, file) => {
                let content = state.files.get(&(repository.clone(), file.clone()));
                let Some(content) = content.filter(|_| commit == COMMIT) else {
                    return Answer::status(404);
                };
                let digest = hex(content);
                let mut answer = Answer::status(302);
                let target = format!("{}/storage/{digest}", self.endpoint);
                answer.header("location", Some(target));
                answer.header("x-repo-commit", Some(COMMIT.into()));
                answer.header("x-linked-etag", Some(format!("\"{digest}\"")));
                answer.header("x-linked-size", Some(content.len().to_string()));
                answer
            }
            Place::Storage(digest) => {
                let Some(content) = state.files.values().find(|content| hex(content) == *digest)
                else {
                    return Answer::status(404);
                };
                let mut answer = Answer::status(200);
                answer.header("etag", Some("\"of-the-storage\"".into()));
                answer.body = content.clone();
                if let Some(from) = asked.from {
                    if from >= content.len() as u64 {
                        return Answer::status(416);
                    }
                    let last = content.len() - 1;
                    answer.status = 206;
                    let range = format!("bytes {from}-{last}/{}", content.len());
                    answer.header("content-range", Some(range));
                    answer.whole = Some(std::mem::take(&mut answer.body));
                    answer.body = content[from as usize..].to_vec();
                }
                answer
            }
        }
    }
}
