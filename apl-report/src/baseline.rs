//! Which ReLU row a row is to be compared with.

use std::collections::BTreeMap;

use apl_train::config::WITHOUT_EFFECT;
use toml::{Table, Value};

use crate::row::Row;

/// The configuration of a run, key by key (`optimizer.batch`), without the keys that tell runs of one row apart or do not change numbers.
pub fn settings(config: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    if let Ok(table) = config.parse::<Table>() {
        flatten("", &table, &mut settings);
    }
    for key in ["seed"].iter().chain(&WITHOUT_EFFECT) {
        settings.remove(*key);
    }
    settings
}

fn flatten(prefix: &str, table: &Table, settings: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => flatten(&format!("{key}."), inner, settings),
            value => {
                settings.insert(key, value.to_string());
            }
        }
    }
}

/// A value of a configuration by its key.
pub fn value(config: &str, key: &str) -> Option<String> {
    settings(config).get(key).map(|value| value.trim_matches('"').to_string())
}

/// Keys in which two configurations differ.
pub fn differing(one: &str, other: &str) -> Vec<String> {
    let (one, other) = (settings(one), settings(other));
    let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

/// A ReLU row to compare with.
#[derive(Debug, Clone, Copy)]
pub struct Baseline {
    /// Its place among the rows.
    pub row: usize,
    /// Whether only the section `[activation]` differs.
    pub same_otherwise: bool,
}

/// The ReLU row of the same comparison whose configuration differs in the activation alone; else the comparison's only ReLU row; else none.
pub fn find(rows: &[Row], row: usize) -> Option<Baseline> {
    let subject = rows.get(row)?;
    if subject.is_relu() {
        return None;
    }
    let relu = rows.iter().enumerate();
    let relu =
        relu.filter(|(_, other)| other.is_relu() && other.comparison() == subject.comparison());
    let candidates: Vec<Baseline> = relu
        .map(|(row, other)| {
            let keys = differing(subject.config(), other.config());
            let same_otherwise = !subject.config().is_empty()
                && keys.iter().all(|key| key.starts_with("activation."));
            Baseline { row, same_otherwise }
        })
        .collect();
    let same = candidates.iter().find(|candidate| candidate.same_otherwise);
    match (same, candidates.as_slice()) {
        (Some(same), _) => Some(*same),
        (None, [only]) => Some(*only),
        _ => None,
    }
}
