//! Every environment variable this program reads, in one place.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `APL_CACHE` | where decoded data is kept | `apl` in the platform's cache folder |
//! | `APL_REAL_DATA` | real data for the tests: `hub/uoft-cs/cifar10/...` below it | none: those tests are skipped |
//! | `HF_HUB_CACHE` | the Hugging Face hub's cache | `$HF_HOME/hub` |
//! | `HF_HOME` | the Hugging Face folder | `huggingface` in the platform's cache folder |
//! | `HF_ENDPOINT` | the hub, or a mirror of it | `https://huggingface.co` |
//! | `HF_TOKEN` | a token for gated and private data sets | what the file of `HF_TOKEN_PATH` holds |
//! | `HF_TOKEN_PATH` | a file with the token | `token` in `$HF_HOME` |
//! | `HF_HUB_OFFLINE` | `1`, `true`, `yes` or `on`: only the cache is looked at | off |
//! | `XDG_CACHE_HOME`, `HOME`, `LOCALAPPDATA` | where the platform's cache folder is | |
//! | `NO_COLOR` | read by the progress bar and the help | colours on a terminal |
//!
//! Proxies are those of the system: the client of the hub reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

/// The hub where `HF_ENDPOINT` names no other.
pub const HUB: &str = "https://huggingface.co";

/// The values of the variables that matter, defaults included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Where decoded data is kept.
    pub cache: PathBuf,
    /// The Hugging Face hub's cache.
    pub hub_cache: PathBuf,
    /// The address of the hub or a mirror, without a slash at its end.
    pub hub_endpoint: String,
    /// What opens gated and private data sets.
    pub hub_token: Option<Token>,
    /// Whether nothing but the hub's cache may be looked at.
    pub hub_offline: bool,
}

/// A secret of the user: never printed, by `Debug` neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token in a text, without the white space around it; `None` where nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The secret itself, for the header of a request and nothing else.
    #[cfg(feature = "hub")]
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl Environment {
    /// The environment of this process.
    pub fn read() -> Self {
        let get = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self::from(get, |path| std::fs::read_to_string(path).ok())
    }

    /// From what `get` says of a variable and `text` of a file.
    fn from(
        get: impl Fn(&str) -> Option<OsString>,
        text: impl Fn(&Path) -> Option<String>,
    ) -> Self {
        let path = |name: &str| get(name).map(PathBuf::from);
        let word = |name: &str| get(name).map(|value| value.to_string_lossy().into_owned());
        let platform = path("XDG_CACHE_HOME")
            .or_else(|| path("LOCALAPPDATA"))
            .or_else(|| path("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir);
        let home = path("HF_HOME").unwrap_or_else(|| platform.join("huggingface"));
        let endpoint = word("HF_ENDPOINT").unwrap_or_else(|| HUB.into());
        let token = || {
            let file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
            Token::new(&text(&file)?)
        };
        let yes = |value: String| {
            ["1", "true", "yes", "on"].contains(&value.trim().to_ascii_lowercase().as_str())
        };
        Self {
            cache: path("APL_CACHE").unwrap_or_else(|| platform.join("apl")),
            hub_cache: path("HF_HUB_CACHE").unwrap_or_else(|| home.join("hub")),
            hub_endpoint: endpoint.trim().trim_end_matches('/').into(),
            hub_token: word("HF_TOKEN").and_then(|text| Token::new(&text)).or_else(token),
            hub_offline: word("HF_HUB_OFFLINE").is_some_and(yes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The environment with these variables and these files.
    fn environment(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Environment {
        let find = |pairs: &[(&str, &str)], key: &str| {
            pairs.iter().find(|pair| pair.0 == key).map(|pair| pair.1.to_string())
        };
        Environment::from(
            |name| find(variables, name).map(OsString::from),
            |path| find(files, path.to_str().unwrap()),
        )
    }

    #[test]
    fn the_nearest_variable_counts() {
        let all = environment(&[("HOME", "/h")], &[]);
        assert_eq!(all.cache, PathBuf::from("/h/.cache/apl"));
        assert_eq!(all.hub_cache, PathBuf::from("/h/.cache/huggingface/hub"));
        assert_eq!((all.hub_endpoint.as_str(), all.hub_token, all.hub_offline), (HUB, None, false));
        let all = environment(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/f")], &[]);
        assert_eq!(all.cache, PathBuf::from("/x/apl"));
        assert_eq!(all.hub_cache, PathBuf::from("/f/hub"));
        let variables = [
            ("APL_CACHE", "/a"),
            ("HF_HUB_CACHE", "/c"),
            ("HF_HOME", "/f"),
            ("HF_ENDPOINT", "https://mirror.example/"),
            ("HF_TOKEN", " hf_1 "),
            ("HF_HUB_OFFLINE", "YES"),
        ];
        let expected = Environment {
            cache: "/a".into(),
            hub_cache: "/c".into(),
            hub_endpoint: "https://mirror.example".into(),
            hub_token: Some(Token("hf_1".into())),
            hub_offline: true,
        };
        assert_eq!(environment(&variables, &[("/f/token", "hf_2")]), expected);
    }

    #[test]
    fn the_token_comes_from_the_variable_or_a_file() {
        let token = |variables: &[(&str, &str)], files: &[(&str, &str)]| {
            environment(variables, files).hub_token.map(|token| token.0)
        };
        let files = [("/f/token", "of-home\n"), ("/t", "of-path\n"), ("/empty", " \n")];
        assert_eq!(token(&[("HF_HOME", "/f")], &files).as_deref(), Some("of-home"));
        let path = ("HF_TOKEN_PATH", "/t");
        assert_eq!(token(&[("HF_HOME", "/f"), path], &files).as_deref(), Some("of-path"));
        assert_eq!(token(&[("HF_TOKEN", "x"), path], &files).as_deref(), Some("x"));
        assert_eq!(token(&[("HF_TOKEN", " "), path], &files).as_deref(), Some("of-path"));
        assert_eq!(token(&[("HF_TOKEN_PATH", "/empty"), ("HF_HOME", "/f")], &files), None);
    }

    #[test]
    fn offline_is_a_yes_in_words() {
        for (value, expected) in [("1", true), ("on", true), ("True", true), ("0", false)] {
            let all = environment(&[("HF_HUB_OFFLINE", value)], &[]);
            assert_eq!(all.hub_offline, expected, "{value}");
        }
    }

    #[test]
    fn a_token_is_never_shown() {
        let all = environment(&[("HF_TOKEN", "hf_secret")], &[]);
        let shown = format!("{all:?} {all:#?}");
        assert!(!shown.contains("hf_secret") && shown.contains("Token(hidden)"), "{shown}");
    }
}
