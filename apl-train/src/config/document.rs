//! Configuration files as documents: read with their positions, changed by overrides, parsed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::{Error, Result};

/// A change to one key, and where it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The key, with dots.
    pub key: String,
    /// The value as TOML; what is no TOML is a string.
    pub value: String,
    /// What to name in an error, such as `--set optimizer.batch=0`.
    pub origin: String,
}

impl Override {
    /// Reads `key=value` of an argument `--set`.
    ///
    /// # Errors
    /// No `=`, or no key before it.
    pub fn parse(argument: &str) -> Result<Self> {
        match argument.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self::new(key.trim(), value.trim(), format!("--set {argument}")))
            }
            _ => Err(Error::usage(format!("--set {argument}"), "expected key=value")
                .with_hint("for example --set activation.hinges=2")),
        }
    }

    /// The key and its value, as they were written.
    pub fn change(&self) -> (&str, &str) {
        (&self.key, &self.value)
    }

    /// A change by another argument, such as `--seed`.
    pub fn new(key: &str, value: &str, origin: String) -> Self {
        Self { key: key.into(), value: value.into(), origin }
    }

    /// A change to a text, such as a path; one of digits is no number.
    pub fn text(key: &str, text: &str, origin: String) -> Self {
        Self::new(key, &Value::from(text).to_string(), origin)
    }

    fn value(&self) -> Value {
        self.value.parse().unwrap_or_else(|_| Value::from(self.value.as_str()))
    }
}

/// A configuration file and the changes asked for.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    text: String,
    overrides: Vec<Override>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// A missing or unreadable file, which counts as bad usage.
    pub fn read(path: &Path, overrides: Vec<Override>) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let problem = format!("cannot read the configuration: {error}");
            Error::usage(path.display().to_string(), problem)
                .with_hint("configurations of this project are in `configs/`")
        })?;
        Ok(Self { path: path.to_path_buf(), text, overrides })
    }

    /// The same with one change more.
    pub fn with(mut self, change: Override) -> Self {
        self.overrides.push(change);
        self
    }

    /// The key `task`, which selects the type the rest is parsed as.
    ///
    /// # Errors
    /// No TOML, no such key, no string, or a change of it: the rest of the file is for one task.
    pub fn task(&self) -> Result<String> {
        if let Some(change) = self.overrides.iter().find(|change| change.key == "task") {
            return Err(Error::usage(&change.origin, "the task of a configuration cannot change")
                .with_hint("begin with a configuration of that task"));
        }
        let document = self.document(&self.text)?;
        match document.get("task").and_then(Item::as_str) {
            Some(task) => Ok(task.to_string()),
            None => Err(Error::usage(self.place(), "found no key `task` with the task's name")
                .with_hint("begin the file with task = \"vision\"")),
        }
    }

    /// Parses the document, changes included. The file is parsed first as it stands, then again after each change, so that an error is laid at the
    /// door it came in by.
    ///
    /// # Errors
    /// A syntax error, an unknown key, a wrong type or a missing key: with line and caret in the file, with the argument in a change.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        let mut parsed = toml::from_str::<T>(&self.text).map_err(|error| self.syntax(&error))?;
        let mut document = self.document(&self.text)?;
        for change in &self.overrides {
            set(document.as_table_mut(), change)?;
            parsed = toml::from_str(&document.to_string())
                .map_err(|error| Error::usage(&change.origin, error.message().to_string()))?;
        }
        Ok(parsed)
    }

    /// Names the argument instead of the key in an error about a key that an argument set, and the file elsewhere.
    pub fn blame(&self, error: Error) -> Error {
        let Error::Usage { place, problem, hint } = error else { return error };
        let below = |key: &str, parent: &str| {
            key.strip_prefix(parent)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let about = |change: &&Override| below(&place, &change.key) || below(&change.key, &place);
        let set_by = self.overrides.iter().rev().find(about);
        let place = match set_by {
            Some(change) => format!("{}: {place}", change.origin),
            None => format!("{}: {place}", self.place()),
        };
        Error::Usage { place, problem, hint }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The changes.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// What is changed in the file: keys in their order, each with its last value in words. A value that the file has already is no change.
    pub fn changes(&self) -> BTreeMap<String, String> {
        let file = self.text.parse::<DocumentMut>().unwrap_or_default();
        let mut changes = BTreeMap::new();
        for change in &self.overrides {
            let key = change.key.split('.').map(str::trim).collect::<Vec<_>>().join(".");
            let value = words(&change.value());
            if at(file.as_table(), &key).map(words).as_ref() == Some(&value) {
                changes.remove(&key);
            } else {
                changes.insert(key, value);
            }
        }
        changes
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn document(&self, text: &str) -> Result<DocumentMut> {
        text.parse::<DocumentMut>()
            .map_err(|error| Error::usage(self.place(), error.to_string().trim_end().to_string()))
    }

    fn syntax(&self, error: &toml::de::Error) -> Error {
        Error::usage(self.place(), error.to_string().trim_end().to_string())
    }
}

/// The value of a key, if the file has one.
fn at<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = table.get(parts.next()?)?;
    parts.try_fold(first, |item, part| item.as_table_like()?.get(part))?.as_value()
}

/// A value as one would say it: text without quotes, anything else as TOML.
fn words(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_string(),
        None => value.clone().decorated("", "").to_string(),
    }
}

/// Sets a key, making the tables on the way.
fn set(table: &mut Table, change: &Override) -> Result<()> {
    let mut parts: Vec<&str> = change.key.split('.').map(str::trim).collect();
    let last = parts.pop().unwrap_or_default();
    if last.is_empty() || parts.iter().any(|part| part.is_empty()) {
        return Err(Error::usage(&change.origin, "an empty part in the key"));
    }
    let mut at: &mut dyn toml_edit::TableLike = table;
    for part in parts {
        let item = at.entry(part).or_insert_with(toml_edit::table);
        at = item.as_table_like_mut().ok_or_else(|| {
            Error::usage(&change.origin, format!("`{part}` is a value, not a table of keys"))
        })?;
    }
    at.insert(last, Item::Value(change.value()));
    Ok(())
}
