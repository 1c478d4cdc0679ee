//! The file of a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    config::{Document, Override},
};

/// A table's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What the table shows.
    pub title: String,
    /// What a reader should know besides, in Markdown.
    #[serde(default)]
    pub about: Option<String>,
    /// Whether rows at scale `paper` can be compared with the paper's numbers: not where its data is not to be had.
    #[serde(default = "yes")]
    pub comparable: bool,
    /// Seeds of a row at each scale.
    #[serde(default)]
    pub seeds: BTreeMap<String, u32>,
    /// Keys of the configuration that every row changes at a scale; a row's own `set` goes before.
    #[serde(default)]
    pub common: BTreeMap<String, toml::Table>,
    /// The row that others are compared with where `contrasts` is absent.
    #[serde(default)]
    pub baseline: Option<String>,
    /// Pairs of rows whose difference is claimed; each row of ours, but for ensembles, against the baseline where absent.
    #[serde(default)]
    pub contrasts: Option<Vec<[String; 2]>>,
    /// The rows in order.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

/// A row: runs of one configuration over seeds, or a constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its name in contrasts and arguments.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// The part of the table it belongs to.
    #[serde(default)]
    pub section: Option<String>,
    /// The column of its numbers, where a line of the table has several.
    #[serde(default)]
    pub column: Option<String>,
    /// The configuration, without folder and extension; absent for a constant.
    #[serde(default)]
    pub config: Option<String>,
    /// Keys of the configuration that the row changes.
    #[serde(default)]
    pub set: toml::Table,
    /// The name of the score that the row shows; the task's main one where absent.
    #[serde(default)]
    pub score: Option<String>,
    /// How many networks speak together, those of the first seeds, as one; each for itself where absent.
    #[serde(default)]
    pub ensemble: Option<u32>,
    /// What the paper says.
    #[serde(default)]
    pub paper: Option<Paper>,
}

/// A number of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// The mean over seeds, in the unit of the task's score.
    pub mean: f64,
    /// The standard deviation over seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// How sure the number is.
    pub evidence: Evidence,
}

/// How sure a number of the paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The mean was found in an independent source too.
    Confirmed,
    /// Recalled from the paper and not read again.
    Remembered,
}

fn yes() -> bool {
    true
}

/// Seeds of a row where the table does not say.
const SEEDS: u32 = 5;

impl Table {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// A missing file; what is no TOML, an unknown key, a wrong type, with line and caret; two rows of one id, a contrast or a baseline that names no row
    /// of ours, a row without numbers. All count as bad usage.
    pub fn read(path: &Path) -> Result<Self> {
        let place = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::usage(place(), format!("cannot read the table: {error}"))
                .with_hint("tables of this project are in `configs/`")
        })?;
        let table: Self = toml::from_str(&text)
            .map_err(|error| Error::usage(place(), error.to_string().trim_end()))?;
        table.check().map_err(|problem| Error::usage(place(), problem))?;
        Ok(table)
    }

    fn check(&self) -> std::result::Result<(), String> {
        let mut ids = BTreeSet::new();
        for row in &self.rows {
            if row.id.is_empty() || !ids.insert(&row.id) {
                return Err(format!("row \"{}\": found twice, expected an id of its own", row.id));
            }
            if row.config.is_none() && row.paper.is_none() {
                let problem = "found neither `config` nor `paper`, expected one of them";
                return Err(format!("row \"{}\": {problem}", row.id));
            }
            if let Some(key) = kept(&row.set) {
                return Err(format!("row \"{}\": a row cannot set `{key}`", row.id));
            }
            let line = |other: &&Row| {
                (&other.label, &other.section, &other.column)
                    == (&row.label, &row.section, &row.column)
            };
            if self.rows.iter().filter(line).count() > 1 {
                let problem = "found another row of this label, section and column";
                return Err(format!("row \"{}\": {problem}", row.id));
            }
            let meant_for_runs = [
                ("set", !row.set.is_empty()),
                ("score", row.score.is_some()),
                ("ensemble", row.ensemble.is_some()),
            ];
            if let Some((key, _)) = meant_for_runs.iter().find(|(_, there)| *there)
                && row.config.is_none()
            {
                return Err(format!("row \"{}\": `{key}` has no meaning without `config`", row.id));
            }
            if let Some(networks @ (0 | 1)) = row.ensemble {
                let problem = format!("ensemble: found {networks}, expected at least 2 networks");
                return Err(format!("row \"{}\": {problem}", row.id));
            }
        }
        for (scale, common) in &self.common {
            if let Some(key) = kept(common) {
                return Err(format!("common.{scale}: a table cannot set `{key}`"));
            }
        }
        if let Some((scale, _)) = self.seeds.iter().find(|(_, seeds)| **seeds == 0) {
            return Err(format!("seeds.{scale}: found 0, expected at least 1"));
        }
        let ours = |id: &String| self.rows.iter().any(|row| row.id == *id && row.config.is_some());
        let named = self.contrasts.iter().flatten().flatten().chain(&self.baseline);
        for id in named {
            if !ours(id) {
                return Err(format!("\"{id}\" is no row with a `config`"));
            }
        }
        let pairs = self.contrasts();
        for [one, other] in &pairs {
            if one == other {
                return Err(format!("contrasts: found \"{one}\" against itself"));
            }
        }
        let unordered = pairs.iter().map(|[one, other]| [one.min(other), one.max(other)]);
        if unordered.collect::<BTreeSet<_>>().len() < pairs.len() {
            return Err("contrasts: found a pair twice".into());
        }
        Ok(())
    }

    /// The pairs of rows whose difference is claimed.
    pub fn contrasts(&self) -> Vec<[String; 2]> {
        if let Some(contrasts) = &self.contrasts {
            return contrasts.clone();
        }
        let Some(baseline) = &self.baseline else { return Vec::new() };
        let ours = self.rows.iter().filter(|row| row.config.is_some() && row.ensemble.is_none());
        let ours = ours.filter(|row| row.id != *baseline);
        ours.map(|row| [row.id.clone(), baseline.clone()]).collect()
    }

    /// Seeds of a row at a scale.
    pub fn seeds_at(&self, scale: &str) -> u32 {
        self.seeds.get(scale).copied().unwrap_or(SEEDS)
    }

    /// The configuration of a row at a scale, its changes made; `None` for a constant. `path` is the table's file, whose folder has the scale's.
    ///
    /// # Errors
    /// A configuration that is missing.
    pub fn document(&self, row: &Row, path: &Path, scale: &str) -> Result<Option<Document>> {
        let Some(config) = &row.config else { return Ok(None) };
        let own = changes(&row.set);
        let common = self.common.get(scale).map(changes).unwrap_or_default();
        let common = common.into_iter().filter(|(key, _)| !own.iter().any(|(o, _)| o == key));
        // Each names its place in errors.
        let place = |part: &str, (key, value): &(String, &toml::Value)| {
            let origin = format!("{}: {part}: {key} = {value}", path.display());
            Override::new(key, &value.to_string(), origin)
        };
        let of_table = common.map(|change| place(&format!("common.{scale}"), &change));
        let of_row = own.iter().map(|change| place(&format!("row \"{}\"", row.id), change));
        let overrides = of_table.chain(of_row).collect();
        Document::read(&config_path(path, scale, config), overrides).map(Some)
    }
}

/// The keys of a table, tables in it taken apart: they change keys and replace no section.
fn changes(table: &toml::Table) -> Vec<(String, &toml::Value)> {
    fn flatten<'a>(prefix: &str, table: &'a toml::Table, to: &mut Vec<(String, &'a toml::Value)>) {
        for (key, value) in table {
            let key = format!("{prefix}{key}");
            match value {
                toml::Value::Table(inner) => flatten(&format!("{key}."), inner, to),
                value => to.push((key, value)),
            }
        }
    }
    let mut changes = Vec::new();
    flatten("", table, &mut changes);
    changes
}

/// The first key that no table may change: it belongs to the study or to who runs it.
fn kept(table: &toml::Table) -> Option<String> {
    let kept = ["task", "seed", "data.source", "data.revision"];
    changes(table).into_iter().map(|(key, _)| key).find(|key| kept.contains(&key.as_str()))
}

/// Every table of a folder.
///
/// # Errors
/// A folder that cannot be read or has none.
pub fn find(folder: &Path) -> Result<Vec<PathBuf>> {
    let place = || folder.display().to_string();
    let hint = "start the command where `configs/` is, or name a table's file";
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Error::usage(place(), format!("cannot be read: {error}")).with_hint(hint)
    })?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    if found.is_empty() {
        return Err(Error::usage(place(), "found no table, a file `NAME.toml`").with_hint(hint));
    }
    found.sort();
    Ok(found)
}

/// `<folder of the table>/<scale>/<config>.toml`.
fn config_path(table: &Path, scale: &str, config: &str) -> PathBuf {
    let folder = table.parent().unwrap_or(Path::new(""));
    folder.join(scale).join(format!("{config}.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.toml");
        std::fs::write(&path, text).unwrap();
        Table::read(&path)
    }

    const ROWS: &str = "title = \"T\"\nbaseline = \"relu\"\n[[row]]\nid = \"lit\"\nlabel = \"L\"\npaper = { mean = 1, evidence = \"remembered\" }\n[[row]]\nid = \"relu\"\nlabel = \"R\"\nconfig = \"c\"\n[[row]]\nid = \"apl\"\nlabel = \"A\"\nconfig = \"c\"\nset = { \"activation.hinges\" = 2 }\n";

    #[test]
    fn every_row_of_ours_is_compared_with_the_baseline_unless_the_file_says_otherwise() {
        let table = read(ROWS).unwrap();
        assert_eq!(table.contrasts(), [["apl".to_string(), "relu".to_string()]]);
        assert_eq!((table.seeds_at("quick"), table.rows[0].paper.unwrap().mean), (5, 1.0));
        let none = read(&format!("contrasts = []\n{ROWS}")).unwrap();
        assert!(none.contrasts().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (from, to, expected) in [
            (
                "id = \"apl\"",
                "id = \"relu\"",
                "row \"relu\": found twice, expected an id of its own",
            ),
            ("baseline = \"relu\"", "baseline = \"lit\"", "\"lit\" is no row with a `config`"),
            ("title", "contrasts = [[\"apl\", \"x\"]]\ntitle", "\"x\" is no row with a `config`"),
            ("title", "contrasts = [[\"apl\", \"apl\"]]\ntitle", "found \"apl\" against itself"),
            (
                "paper = { mean = 1, evidence = \"remembered\" }",
                "",
                "row \"lit\": found neither `config` nor `paper`, expected one of them",
            ),
            ("evidence = \"remembered\"", "evidence = \"sure\"", "unknown variant `sure`"),
            ("label = \"A\"", "lable = \"A\"", "unknown field `lable`"),
            ("label = \"A\"", "label = \"R\"", "found another row of this label"),
            ("title", "seeds = { cpu = 0 }\ntitle", "seeds.cpu: found 0, expected at least 1"),
            ("\"activation.hinges\" = 2", "seed = 2", "a row cannot set `seed`"),
            ("title", "common.cpu = { seed = 2 }\ntitle", "common.cpu: a table cannot set `seed`"),
            (
                "id = \"apl\"",
                "ensemble = 1\nid = \"apl\"",
                "row \"apl\": ensemble: found 1, expected at least 2 networks",
            ),
            ("paper =", "score = \"AUC\"\npaper =", "row \"lit\": `score` has no meaning"),
            ("\"activation.hinges\" = 2", "data.source = \"x\"", "a row cannot set `data.source`"),
            (
                "title",
                "contrasts = [[\"apl\", \"relu\"], [\"relu\", \"apl\"]]\ntitle",
                "contrasts: found a pair twice",
            ),
        ] {
            let error = read(&ROWS.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_row_changes_its_configuration_and_is_named_in_errors() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cpu")).unwrap();
        let config = folder.path().join("cpu/c.toml");
        std::fs::write(&config, "[activation]\nhinges = 5\n").unwrap();
        let path = folder.path().join("t.toml");
        std::fs::write(&path, ROWS).unwrap();
        let table = Table::read(&path).unwrap();
        let document = |row: usize, scale| table.document(&table.rows[row], &path, scale);
        assert_eq!(document(0, "cpu").unwrap().map(|_| ()), None);
        assert_eq!(document(1, "none").unwrap_err().exit_code(), 2);
        let document = document(2, "cpu").unwrap().unwrap();
        assert_eq!(document.path(), config);
        let change = &document.overrides()[0];
        assert_eq!((change.key.as_str(), change.value.as_str()), ("activation.hinges", "2"));
        assert!(change.origin.ends_with("t.toml: row \"apl\": activation.hinges = 2"));
    }

    #[test]
    fn what_all_rows_change_differs_from_scale_to_scale_and_gives_way_to_a_row() {
        let folder = tempfile::tempdir().unwrap();
        for scale in ["cpu", "quick"] {
            std::fs::create_dir(folder.path().join(scale)).unwrap();
            std::fs::write(folder.path().join(scale).join("c.toml"), "").unwrap();
        }
        let path = folder.path().join("t.toml");
        let common = "[common.cpu]\n\"activation.hinges\" = 7\ndata.validation = 9\n";
        std::fs::write(&path, format!("{ROWS}{common}")).unwrap();
        let table = Table::read(&path).unwrap();
        let changed = |row: usize, scale| -> Vec<(String, String)> {
            let document = table.document(&table.rows[row], &path, scale).unwrap().unwrap();
            let overrides = document.overrides().iter();
            overrides.map(|change| (change.key.clone(), change.value.clone())).collect()
        };
        let pair = |key: &str, value: &str| (key.to_string(), value.to_string());
        let (hinges, validation) = ("activation.hinges", pair("data.validation", "9"));
        assert_eq!(changed(1, "cpu"), [pair(hinges, "7"), validation.clone()]);
        assert_eq!(changed(2, "cpu"), [validation, pair(hinges, "2")]);
        assert_eq!(changed(1, "quick"), []);
        let document = table.document(&table.rows[1], &path, "cpu").unwrap().unwrap();
        let origin = &document.overrides()[0].origin;
        assert!(origin.ends_with("t.toml: common.cpu: activation.hinges = 7"), "{origin}");
    }
}
