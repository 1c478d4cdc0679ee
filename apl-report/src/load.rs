//! Run directories in memory, each problem kept beside what could be read.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use apl_train::{
    run::{
        Summary,
        activations::Activations,
        curves::{self, Curve},
        metrics::{self, Evaluation},
    },
    table::Record,
};

use crate::{Sources, format, results::Results};

/// A run, with all of its directory but the activations, which are read when they are drawn.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its directory.
    pub path: PathBuf,
    /// The folder of all seeds of its row, in full.
    pub folder: PathBuf,
    /// The folder of its configuration, from the path: `quick`, `cpu`, `paper`; empty where the path has none.
    pub scale: String,
    /// What it is and what it reached.
    pub summary: Summary,
    /// Its evaluations.
    pub metrics: Vec<Evaluation>,
    /// The task's own curves.
    pub curves: Vec<Curve>,
    /// Its configuration as TOML; empty where there is none.
    pub config: String,
    /// What of the directory could not be read.
    pub problems: Vec<String>,
}

/// A table that was run.
#[derive(Debug, Clone)]
pub struct Table {
    /// `<scale>-<table>`: the name of its files and of its anchor.
    pub name: String,
    /// The name of its file: `table1`.
    pub stem: String,
    /// The folder of its runs, in full.
    pub folder: PathBuf,
    /// What it came to.
    pub results: Results,
}

/// A directory, or the record of a table, that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub error: String,
}

/// Runs, tables and what is neither.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// In the order given.
    pub runs: Vec<Run>,
    /// In the order given.
    pub tables: Vec<Table>,
    /// In the order given.
    pub damaged: Vec<Damaged>,
}

/// Reads every directory and every record once.
pub fn all(sources: &Sources) -> Loaded {
    let (mut loaded, mut seen) = (Loaded::default(), BTreeSet::new());
    let mut damaged = |path: &Path, error: apl_train::Error| {
        loaded.damaged.push(Damaged { path: path.to_path_buf(), error: error.to_string() });
    };
    for path in &sources.runs {
        let place = fs_err::canonicalize(path).unwrap_or_else(|_| path.clone());
        if !seen.insert(place.clone()) {
            continue;
        }
        match Run::read(path, &place) {
            Ok(run) => loaded.runs.push(run),
            Err(error) => damaged(path, error),
        }
    }
    for path in &sources.tables {
        match Table::read(path, &loaded.tables) {
            Ok(table) => loaded.tables.push(table),
            Err(error) => damaged(path, error),
        }
    }
    loaded
}

impl Table {
    /// `others` have taken their names.
    fn read(path: &Path, others: &[Self]) -> apl_train::Result<Self> {
        let record = Record::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = format::plain(&format!("{}-{stem}", record.scale));
        let taken = |name: &str| others.iter().any(|table| table.name == name);
        let name = match taken(&name) {
            false => name,
            true => (2..).map(|n| format!("{name}-{n}")).find(|name| !taken(name)).unwrap_or(name),
        };
        let results = Results::read(&record, folder);
        let folder = fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
        Ok(Self { name, stem: stem.into_owned(), folder, results })
    }
}

impl Run {
    /// `place` is the path in full, whose folders name the scale.
    fn read(path: &Path, place: &Path) -> apl_train::Result<Self> {
        let summary = Summary::read(path)?;
        let mut problems = Vec::new();
        let mut note = |error: String| problems.push(error);
        let metrics = metrics::read(path).map_err(|e| note(e.to_string())).unwrap_or_default();
        let curves = curves::read(path).map_err(|e| note(e.to_string())).unwrap_or_default();
        let config = fs_err::read_to_string(path.join("config.toml"));
        let config = config.map_err(|e| note(e.to_string())).unwrap_or_default();
        let scale = scale(place, &summary.id);
        let folder = place.parent().unwrap_or(place).to_path_buf();
        let path = path.to_path_buf();
        Ok(Self { path, folder, scale, summary, metrics, curves, config, problems })
    }

    /// What is recorded about its activations.
    ///
    /// # Errors
    /// A damaged file.
    pub fn activations(&self) -> apl_train::Result<Option<Activations>> {
        Activations::read(&self.path)
    }
}

/// The scale in `<scale>/<id>/seed-<n>`.
fn scale(place: &Path, id: &str) -> String {
    let row = place.parent().filter(|row| row.file_name().is_some_and(|name| name == id));
    let scale = row.and_then(Path::parent).and_then(Path::file_name);
    scale.map_or_else(String::new, |scale| scale.to_string_lossy().into_owned())
}
