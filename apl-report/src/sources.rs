//! What a report is made of.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use apl_train::{
    run::{Summary, find, seed_folder},
    table::Record,
};

use crate::Result;

/// Run directories, and the records of tables that stand beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Run directories.
    pub runs: Vec<PathBuf>,
    /// Records, `<scale>/<table>.toml`.
    pub tables: Vec<PathBuf>,
}

impl Sources {
    /// Everything at or below some folders, in their order, sorted below each; of a table's record, the table and its runs.
    ///
    /// # Errors
    /// A folder that cannot be read, or without any run; a file that is no record, or whose table has no run yet.
    pub fn find(places: &[PathBuf]) -> Result<Self> {
        let mut found = Self::default();
        let mut seen = BTreeSet::new();
        for place in places {
            let (runs, tables) = match place.is_file() {
                true => (runs_of(place)?, vec![place.clone()]),
                false => below(place)?,
            };
            found.runs.extend(runs);
            found.tables.extend(tables.into_iter().filter(|table| seen.insert(table.clone())));
        }
        Ok(found)
    }
}

/// Runs and records at or below a folder: a run is `<scale>/<name>/seed-<n>`, a record `<scale>/<table>.toml`.
fn below(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let runs = find(folder)?;
    let scales: BTreeSet<&Path> = runs
        .iter()
        .filter_map(|run| run.parent()?.parent())
        .filter(|scale| scale.starts_with(folder))
        .collect();
    let mut tables = Vec::new();
    for scale in scales {
        let mut records: Vec<PathBuf> =
            fs_err::read_dir(scale)?.flatten().map(|entry| entry.path()).collect();
        records.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        records.sort();
        tables.extend(records);
    }
    Ok((runs, tables))
}

/// The runs of a table that are there.
fn runs_of(record: &Path) -> Result<Vec<PathBuf>> {
    let folder = record.parent().unwrap_or(Path::new(""));
    let rows = Record::read(record)?.rows;
    let seeds = rows.iter().flat_map(|row| {
        let of_row = row.run.iter().map(|run| folder.join(run));
        of_row.flat_map(|runs| row.seeds.iter().map(move |&seed| seed_folder(&runs, seed)))
    });
    let runs: BTreeSet<PathBuf> = seeds.filter(|run| Summary::is_in(run)).collect();
    if runs.is_empty() {
        let problem = "none of the table's runs is there";
        return Err(apl_train::Error::run(record, problem).into());
    }
    Ok(runs.into_iter().collect())
}
