//! Compact runs: what is kept of a finished run in a repository. All that a report shows and a table counts, without weights,
//! checkpoint and events; of predictions of classes, which were wrong.

use std::path::{Path, PathBuf};

use crate::{
    Error, Result,
    ensemble::is_ensemble,
    record::sample,
    run::{
        Outcomes, Snapshots, Status, Summary,
        activations::{Activations, LayerActivations},
        file,
    },
};

/// The most bytes a compact run has.
pub const MOST_BYTES: u64 = 500_000;
/// The most units of a layer it has.
pub const MOST_UNITS: usize = 1000;

/// Files that are taken as they are.
const WHOLE: [&str; 3] = ["metrics.jsonl", "curves.json", "preprocessing.json"];
/// What stands for a folder of the machine that made the run, which is nobody else's.
const ELSEWHERE: &str = "elsewhere";

/// A compact run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The most units of a layer that are left.
    pub units: usize,
}

/// Writes the compact form of a finished run into `<out>/<scale>/<name>/seed-<n>`, the place it has among all runs. Of every layer it has up to `units`
/// units, the same ones in all runs, and fewer where the run would be larger than [`MOST_BYTES`]. It keeps the run's hash, so it counts as done.
///
/// # Errors
/// A run that is not done or is damaged; another run in its place; what the file system reports.
pub fn compact(run: &Path, out: &Path, units: usize) -> Result<Compact> {
    let summary = Summary::read(run)?;
    if summary.status != Status::Done {
        let problem = format!("the run is {}, expected done", summary.status.name());
        return Err(Error::run(run, problem).with_hint("finish it first"));
    }
    let path = out.join(place(run)?);
    if path.join("model.safetensors").exists() || same(&path, run) {
        let problem = "is a run itself, which would lose what a compact one leaves out";
        return Err(Error::run(&path, problem).with_hint("choose another folder with --out"));
    }
    if Summary::is_in(&path) && Summary::read(&path)?.hash != summary.hash {
        let problem = "holds a run of another configuration or other data";
        return Err(Error::run(&path, problem).with_hint("move it away first"));
    }
    std::fs::create_dir_all(&path).map_err(|error| file::failure(&path, &error))?;
    ensembles(run, &path)?;
    for name in WHOLE {
        let from = run.join(name);
        if from.exists() {
            file::write_text(&path.join(name), &fs_err::read_to_string(from)?)?;
        }
    }
    if let Some(outcomes) = Outcomes::read(run)? {
        outcomes.write(&path)?;
    }
    let config = fs_err::read_to_string(run.join("config.toml"))?;
    file::write_text(&path.join("config.toml"), &without_place(&config))?;
    let (activations, snapshots) = (Activations::read(run)?, Snapshots::read(run)?);
    let mut units = units.min(MOST_UNITS);
    let bytes = loop {
        if let Some(activations) = &activations {
            thinned(activations, units).write(&path)?;
            if let Some(snapshots) = &snapshots {
                let mut snapshots = snapshots.clone();
                for layer in &activations.layers {
                    snapshots.keep(&layer.about.name, &kept(layer, units));
                }
                snapshots.write(&path)?;
            }
        }
        // Last, as its presence says that the rest is there.
        summary.write(&path)?;
        let bytes = size(&path)?;
        if bytes <= MOST_BYTES || units <= 1 {
            break bytes;
        }
        units = units * 3 / 4;
    };
    Ok(Compact { path, bytes, units })
}

fn thinned(activations: &Activations, units: usize) -> Activations {
    let mut thinned = activations.clone();
    for layer in &mut thinned.layers {
        let kept = kept(layer, units);
        let moments = std::iter::once(&mut layer.before).chain(&mut layer.after);
        for units in moments.filter_map(|moment| moment.units.as_mut()) {
            units.keep(&kept);
        }
    }
    thinned
}

/// A configuration whose data comes from no folder in particular: its place changes no number.
fn without_place(config: &str) -> String {
    let Ok(mut document) = config.parse::<toml_edit::DocumentMut>() else { return config.into() };
    let source = document.get_mut("data").and_then(|data| data.get_mut("source"));
    if let Some(source) = source
        && source.as_str().is_some_and(|source| source.contains(['/', '\\']))
    {
        *source = toml_edit::value(ELSEWHERE);
    }
    document.to_string()
}

/// Keeps the ensembles that the run is a member of: they cannot be computed again without predictions.
fn ensembles(run: &Path, path: &Path) -> Result<()> {
    let (Some(from), Some(to)) = (run.parent(), path.parent()) else { return Ok(()) };
    for entry in fs_err::read_dir(from)? {
        let name = entry?.file_name();
        if is_ensemble(&name) {
            file::write_text(&to.join(&name), &fs_err::read_to_string(from.join(&name))?)?;
        }
    }
    Ok(())
}

/// Which units of a layer are kept.
fn kept(layer: &LayerActivations, units: usize) -> Vec<u32> {
    let total = layer.before.units.as_ref().map_or(0, |units| units.total());
    sample(&layer.about.name, total, units)
}

fn same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| fs_err::canonicalize(path).ok();
    whole(one).is_some_and(|one| whole(other) == Some(one))
}

/// `<scale>/<name>/seed-<n>`: the end of a run's path.
fn place(run: &Path) -> Result<PathBuf> {
    let whole = fs_err::canonicalize(run)?;
    let parts: Vec<_> = whole.components().rev().take(3).collect();
    if parts.len() < 3 {
        return Err(Error::run(run, "expected a path that ends in <scale>/<name>/seed-<n>"));
    }
    Ok(parts.into_iter().rev().collect())
}

fn size(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs_err::read_dir(directory)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::without_place;

    #[test]
    fn a_place_of_data_stays_where_it_is() {
        let config = "seed = 1\n[data]\nsource = \"/home/x/cifar10\"\nset = \"cifar10\"\n";
        let expected = "seed = 1\n[data]\nsource = \"elsewhere\"\nset = \"cifar10\"\n";
        assert_eq!(without_place(config), expected);
        for name in ["hub", "embedded"] {
            let config = config.replace("/home/x/cifar10", name);
            assert_eq!(without_place(&config), config);
        }
    }
}
