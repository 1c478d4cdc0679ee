//! A configuration that was checked, with everything that follows from it.

use std::path::Path;

use apl_core::nn::ActivationConfig;

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
    let path = document.path();
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
    // Seed and source are not part of the name: the one is the folder below, the other shows in the data's digest.
    let named = document.overrides().iter().filter(|o| o.key != "seed" && o.key != "data.source");
    for change in named {
        id.push_str(&format!(",{}={}", change.key, change.value));
    }
    let scale = scale.filter(|scale| scale != "configs").unwrap_or_else(|| "custom".into());
    Identity { scale: safe(&scale), id: safe(&id), seed }
}

/// A file name: characters that file systems or shells trip over become `_`.
fn safe(name: &str) -> String {
    const LONGEST: usize = 180;
    let plain = |c: char| if c.is_alphanumeric() || "-_.,=+".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).take(LONGEST).collect();
    name.strip_prefix('.').map_or_else(|| name.clone(), |rest| format!("_{rest}"))
}
