//! A table as it was run: `runs/<scale>/<table>.toml`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    run::{check_format, file},
    table::Paper,
};

/// The rows of a table, their runs and what the paper says of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of the run directory's format.
    pub format: u32,
    /// What the table shows.
    pub title: String,
    /// What a reader should know besides, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The scale: `quick`, `cpu`, `paper` or another.
    pub scale: String,
    /// Whether the paper's numbers are no yardstick at any scale.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomparable: bool,
    /// Whether some rows of the file were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// The pairs of rows whose difference is claimed: the family of the correction, whatever was run.
    pub contrasts: Vec<[String; 2]>,
    /// The rows in order.
    #[serde(rename = "row")]
    pub rows: Vec<RecordRow>,
}

/// A row of a [`Record`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRow {
    /// Its name in contrasts.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// The part of the table it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The column of its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The name of its runs: `<run>/seed-<n>` beside the record; absent for a constant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Its seeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<u32>,
    /// The name of the score that it shows; the main one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// Whether the networks of all its seeds speak together, as one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ensemble: bool,
    /// What the paper says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
}

impl RecordRow {
    /// What it is called wherever its line alone does not tell: with its column and section.
    pub fn name(&self) -> String {
        let section = self.section.as_ref().map(|section| {
            let mut letters = section.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_lowercase().chain(letters).collect::<String>()
            })
        });
        let parts = [self.column.clone(), Some(self.label.clone()), section];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Record {
    /// Reads a file.
    ///
    /// # Errors
    /// A missing or damaged file, or another format.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs_err::read_to_string(path)?;
        let record: Self = toml::from_str(&text).map_err(|error| {
            Error::run(path, format!("not a record of a table: {}", error.to_string().trim_end()))
        })?;
        check_format(path, record.format)?;
        Ok(record)
    }

    /// Whether it has every row of another, with its seeds at least.
    pub fn covers(&self, other: &Self) -> bool {
        other.rows.iter().all(|row| {
            let mine = self.rows.iter().find(|mine| mine.id == row.id);
            mine.is_some_and(|mine| row.seeds.iter().all(|seed| mine.seeds.contains(seed)))
        })
    }

    /// Writes a file; one that says the same already is left alone.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(|error| Error::run(path, error.to_string()))?;
        if fs_err::read_to_string(path).is_ok_and(|present| present == text) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| file::failure(folder, &error))?;
        }
        file::write_text(path, &text)
    }
}
