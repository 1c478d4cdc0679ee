//! Every environment variable this program reads, in one place.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `APL_CACHE` | where decoded data is kept | `apl` in the platform's cache folder |
//! | `APL_REAL_DATA` | real data for the tests: `hub/uoft-cs/cifar10/...` below it | none: those tests are skipped |
//! | `HF_HUB_CACHE` | the Hugging Face hub's cache | `$HF_HOME/hub` |
//! | `HF_HOME` | the Hugging Face folder | `huggingface` in the platform's cache folder |
//! | `XDG_CACHE_HOME`, `HOME`, `LOCALAPPDATA` | where the platform's cache folder is | |
//! | `NO_COLOR` | read by the progress bar and the help | colours on a terminal |

use std::path::PathBuf;

/// The values of the variables that matter, defaults included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Where decoded data is kept.
    pub cache: PathBuf,
    /// The Hugging Face hub's cache.
    pub hub_cache: PathBuf,
}

impl Environment {
    /// The environment of this process.
    pub fn read() -> Self {
        Self::from(|name| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        })
    }

    fn from(get: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let platform = get("XDG_CACHE_HOME")
            .or_else(|| get("LOCALAPPDATA"))
            .or_else(|| get("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir);
        let hub_cache = get("HF_HUB_CACHE")
            .or_else(|| get("HF_HOME").map(|home| home.join("hub")))
            .unwrap_or_else(|| platform.join("huggingface").join("hub"));
        Self { cache: get("APL_CACHE").unwrap_or_else(|| platform.join("apl")), hub_cache }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn the_nearest_variable_counts() {
        let all = environment(&[("HOME", "/h")]);
        assert_eq!(all.cache, PathBuf::from("/h/.cache/apl"));
        assert_eq!(all.hub_cache, PathBuf::from("/h/.cache/huggingface/hub"));
        let all = environment(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/f")]);
        assert_eq!(all.cache, PathBuf::from("/x/apl"));
        assert_eq!(all.hub_cache, PathBuf::from("/f/hub"));
        let all = environment(&[("APL_CACHE", "/a"), ("HF_HUB_CACHE", "/c"), ("HF_HOME", "/f")]);
        assert_eq!(all, Environment { cache: "/a".into(), hub_cache: "/c".into() });
    }
}
