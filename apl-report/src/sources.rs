//! What a report is made of.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
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
    /// All at or below some folders, in their order, sorted below each.
    ///
    /// # Errors
    /// A folder that cannot be read, or without any run.
    pub fn find(folders: &[PathBuf]) -> Result<Self> {
        let mut found = Self::default();
        let mut seen = BTreeSet::new();
        for folder in folders {
            let runs = apl_train::run::find(folder)?;
            // A run is `<scale>/<name>/seed-<n>`, a record `<scale>/<table>.toml`.
            let scales: BTreeSet<&Path> = runs
                .iter()
                .filter_map(|run| run.parent()?.parent())
                .filter(|scale| scale.starts_with(folder))
                .collect();
            for scale in scales {
                let mut records: Vec<PathBuf> =
                    fs_err::read_dir(scale)?.flatten().map(|entry| entry.path()).collect();
                records.retain(|path| path.extension().is_some_and(|end| end == "toml"));
                records.sort();
                found.tables.extend(records.into_iter().filter(|path| seen.insert(path.clone())));
            }
            found.runs.extend(runs);
        }
        Ok(found)
    }
}
