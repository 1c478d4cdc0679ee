//! The commands, each from its arguments to a call of a crate.

mod bench;
mod data;
mod report;
mod reproduce;
mod train;

use std::path::Path;

use apl_train::{
    Error, Result,
    config::{Document, Override},
    run::Software,
};

pub use bench::bench;
pub use data::data;
pub use report::{compact, report};
pub use reproduce::reproduce;
pub use train::{evaluate, inspect, train};

/// The configuration of a run directory.
fn run_document(run: &Path, overrides: Vec<Override>) -> Result<Document> {
    let path = run.join("config.toml");
    if !path.is_file() {
        let place = run.display().to_string();
        let problem = "not a run directory: found no config.toml in it";
        let hint = "a run's directory is printed when it ends: runs/SCALE/NAME/seed-N";
        return Err(Error::usage(place, problem).with_hint(hint));
    }
    Document::read(&path, overrides)
}

fn source_override(source: Option<&str>) -> Option<Override> {
    source.map(|source| Override::text("data.source", source, format!("--data {source}")))
}

/// Runs work in a pool of so many threads, or of one a core.
fn in_pool<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> Result<R> {
    check_threads(threads)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| Error::usage("--threads", error.to_string()))?;
    Ok(pool.install(work))
}

fn check_threads(threads: Option<usize>) -> Result<()> {
    match threads {
        Some(0) => Err(Error::usage("--threads 0", "expected at least 1")),
        _ => Ok(()),
    }
}

fn software() -> Software {
    let git = option_env!("APL_GIT").map(String::from);
    Software { version: env!("CARGO_PKG_VERSION").into(), git }
}
