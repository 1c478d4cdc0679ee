//! What can go wrong in a request: whether it may pass, and what the user is told if it does not.

use std::time::Duration;

use hf_hub::HFError;

use super::{Request, Settings, cache::Repository, problem};
use crate::Error;

/// Why there is no answer, or none that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no connection, or it broke.
    Unreachable(String),
    /// The hub is too busy or broken; how long it wants to be left alone.
    Busy { status: u16, after: Option<Duration> },
    /// It does not say who we must be, or says we are not (401, 403).
    Refused(u16),
    /// There is no such thing (404).
    NotFound,
    /// The part of the file that was asked for does not exist (416).
    BadRange,
    /// An answer that no hub gives.
    Senseless(String),
    /// A signal came.
    Interrupted,
}

impl Trouble {
    /// Whether it may be gone the next time.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Trouble::Unreachable(_) | Trouble::Busy { .. } | Trouble::BadRange)
    }

    /// From a status that is no success.
    pub(super) fn of_status(status: u16, after: Option<Duration>) -> Self {
        match status {
            401 | 403 => Trouble::Refused(status),
            404 | 410 => Trouble::NotFound,
            416 => Trouble::BadRange,
            408 | 429 | 500..=599 => Trouble::Busy { status, after },
            _ => Trouble::Senseless(format!("the answer {status}")),
        }
    }

    /// From a request that brought no answer.
    pub(super) fn of_request(error: &reqwest::Error) -> Self {
        // The message of the innermost error names the cause and, unlike those around it, no address, which may hold secrets.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        if error.is_redirect() {
            Trouble::Senseless("redirects that never end".into())
        } else if error.is_builder() {
            Trouble::Senseless(format!("an address that cannot be asked ({cause})"))
        } else if cause.is::<serde_json::Error>() {
            Trouble::Senseless("an answer that is not the JSON of a hub".into())
        } else {
            Trouble::Unreachable(cause.to_string())
        }
    }

    /// From an error of hf-hub.
    pub(super) fn of_hub(error: &HFError) -> Self {
        match error {
            HFError::Request { source, .. } => Self::of_request(source),
            HFError::Http { context } | HFError::Conflict { context } => {
                Self::of_status(context.status.as_u16(), None)
            }
            HFError::AuthRequired { context } | HFError::Forbidden { context } => {
                Trouble::Refused(context.status.as_u16())
            }
            HFError::RateLimited { retry_after, context } => {
                Self::of_status(context.status.as_u16(), *retry_after)
            }
            HFError::RepoNotFound { .. }
            | HFError::RevisionNotFound { .. }
            | HFError::EntryNotFound { .. } => Trouble::NotFound,
            HFError::MalformedResponse { what, .. } => Trouble::Senseless(what.clone()),
            HFError::Json(_) => {
                Trouble::Senseless("an answer that is not the JSON of a hub".into())
            }
            HFError::Xet { operation, .. } => {
                Trouble::Unreachable(format!("xet {operation} failed"))
            }
            HFError::Url(_) => Trouble::Senseless("an address that cannot be asked".into()),
            HFError::Io(error) => Trouble::Unreachable(error.to_string()),
            // What is left has to do with other requests than ours.
            _ => Trouble::Senseless("an answer that hf-hub cannot use".into()),
        }
    }
}

/// What was asked for: what errors are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub request: &'a Request<'a>,
    pub repository: &'a Repository,
    pub settings: &'a Settings,
    /// One of the files; `None` where it is the revision.
    pub file: Option<&'a str>,
}

impl Subject<'_> {
    /// What was asked for, in words.
    pub(super) fn name(&self) -> String {
        let Request { repository, revision, .. } = self.request;
        let file = self.file.map_or_else(String::new, |file| format!("{file} of "));
        format!("{file}{repository} at {revision}")
    }

    /// The error that a user reads.
    pub(super) fn error(&self, trouble: Trouble, tries: u32, time: Duration) -> Error {
        let (host, name) = (host(&self.settings.endpoint), self.name());
        let tried = match tries {
            0 | 1 => String::new(),
            _ => format!(" (tried {tries} times in {:.0} s)", time.as_secs_f64().ceil()),
        };
        let out = problem::ways_out(self.request, self.repository);
        let (problem, hint) = match trouble {
            Trouble::Unreachable(why) => (
                format!("cannot be reached for {name}: {why}{tried}"),
                format!(
                    "check the network; HF_ENDPOINT names another hub, HF_HUB_OFFLINE=1 asks none; or {out}"
                ),
            ),
            Trouble::Busy { status, after } => {
                let wants = after.map_or_else(String::new, |after| {
                    format!(", and wants to be left alone for {} s", after.as_secs())
                });
                let problem = format!("answers {status} for {name}{wants}{tried}");
                let hint = format!(
                    "the same command goes on where this one stopped, later; HF_ENDPOINT names another hub; or {out}"
                );
                (problem, hint)
            }
            Trouble::Refused(status) => {
                let whose = match &self.settings.token {
                    None => {
                        "the data set may be gated, private or misspelt: set HF_TOKEN to a token that may read it"
                    }
                    Some(_) => {
                        "the token of HF_TOKEN may not read it: accept the data set's conditions if it is gated, or use another token"
                    }
                };
                (format!("refuses {name} ({status})"), format!("{whose}; or {out}"))
            }
            Trouble::NotFound => (
                format!("has no {name} (404)"),
                format!("data.revision names the revision; or {out}"),
            ),
            Trouble::BadRange => {
                (format!("refuses a part of {name} (416){tried}"), format!("{CHECK}; or {out}"))
            }
            Trouble::Senseless(what) => {
                (format!("found {what} for {name}, expected a hub's"), format!("{CHECK}; or {out}"))
            }
            Trouble::Interrupted => {
                return Error::Interrupted { what: format!("in asking for {name}") };
            }
        };
        Error::Hub { place: host.into(), problem, hint }
    }
}

const CHECK: &str = "check that HF_ENDPOINT names a hub and no proxy changes its answers";

/// The host of an address, without what could be secret in it.
pub(super) fn host(endpoint: &str) -> &str {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_without_its_secrets() {
        for (endpoint, expected) in [
            ("https://huggingface.co", "huggingface.co"),
            ("http://127.0.0.1:80/hub", "127.0.0.1:80"),
            ("https://user:secret@mirror.example/x?y=z", "mirror.example"),
            ("mirror.example", "mirror.example"),
            ("", ""),
        ] {
            assert_eq!(host(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn what_may_pass_is_asked_again() {
        for status in [408, 429, 500, 502, 503, 504, 416] {
            assert!(Trouble::of_status(status, None).may_pass(), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 410, 451] {
            assert!(!Trouble::of_status(status, None).may_pass(), "{status}");
        }
    }
}
