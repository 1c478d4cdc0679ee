//! A configuration that was checked, with everything that follows from it.

use std::path::Path;

use apl_core::nn::ActivationConfig;
use sha2::{Digest, Sha256};

use crate::{
    Result, Task,
    config::{Config, Document},
    run::Identity,
    schedule::{Momentum, Rates},
};

/// A run that can begin: nothing in its configuration is out of range.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<T: Task> {
    /// The configuration, its defaults filled in.
    pub config: Config<T>,
    /// The activation.
    pub activation: ActivationConfig,
    /// The momentum's schedule.
    pub momentum: Momentum,
    /// The learning rate's schedule.
    pub rates: Rates,
    /// The run's place among all runs.
    pub identity: Identity,
}

impl<T: Task> Plan<T> {
    /// Parses and checks a document.
    ///
    /// # Errors
    /// [`Error::Usage`](crate::Error::Usage) naming the file and line, the key, or the argument that set it.
    pub fn from_document(document: &Document) -> Result<Self> {
        let config = Config::from_document(document)?;
        let identity = identity(document, config.seed);
        Self::new(config, identity).map_err(|error| document.blame(error))
    }

    /// Checks a configuration.
    ///
    /// # Errors
    /// [`Error::Usage`](crate::Error::Usage) naming the key.
    pub fn new(config: Config<T>, identity: Identity) -> Result<Self> {
        let activation = config.activation.check()?;
        let (momentum, rates) = config.optimizer.check()?;
        config.record.check()?;
        T::check(&config)?;
        Ok(Self { config, activation, momentum, rates, identity })
    }

    /// How many steps the run takes.
    pub fn steps(&self) -> u64 {
        self.rates.steps()
    }
}

/// The scale is the folder of the configuration, the name its file's and its overrides'. The `config.toml` of a run directory has that run's.
fn identity(document: &Document, seed: u32) -> Identity {
    let given = document.path();
    let whole = given.canonicalize();
    let path = whole.as_deref().unwrap_or(given);
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let parent = path.parent();
    let in_run = stem == "config" && name(parent).is_some_and(|name| name.starts_with("seed-"));
    let (scale, mut id) = if in_run {
        let run = parent.and_then(Path::parent);
        (name(run.and_then(Path::parent)), name(run).unwrap_or(stem))
    } else {
        (name(parent), stem)
    };
    // The seed is the folder below, the data shows in its digest, and checkpoints change nothing.
    let unnamed = ["seed", "data.source", "record.checkpoint-every"];
    for change in document.overrides().iter().filter(|o| !unnamed.contains(&o.key.as_str())) {
        id.push_str(&format!(",{}={}", change.key, change.value));
    }
    let scale = scale.filter(|scale| scale != "configs").unwrap_or_else(|| "custom".into());
    Identity { scale: safe(&scale), id: safe(&id), seed }
}

/// A file name: characters that file systems or shells trip over become `_`. A name that had to be changed ends with a digest of what it was, so that
/// two never meet.
fn safe(name: &str) -> String {
    const LONGEST: usize = 120;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,=+".contains(c);
    let mut text: String =
        name.chars().map(|c| if plain(c) { c } else { '_' }).take(LONGEST).collect();
    if text.starts_with('.') {
        text.replace_range(..1, "_");
    }
    if text != name {
        let digest = Sha256::digest(name.as_bytes());
        let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("-{digest}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn names_that_had_to_change_stay_apart() {
        assert_eq!(safe("net,activation.hinges=1"), "net,activation.hinges=1");
        let (one, other) = (safe("net,x=[1]"), safe("net,x={1}"));
        assert!(one.starts_with("net,x=_1_-") && one != other, "{one} {other}");
        assert!(safe(".hidden/..").starts_with("_hidden_..-"));
        let long = |end| safe(&format!("{}{end}", "x".repeat(300)));
        assert!(long("a").len() < 140 && long("a") != long("b"));
        assert!(safe("größe").is_ascii());
    }
}
