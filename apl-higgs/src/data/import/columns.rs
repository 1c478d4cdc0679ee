//! Which column of a table is what: by the layout of a known set, or as the caller says.

use std::{collections::HashSet, path::Path};

use super::ImportOptions;
use crate::{
    Error, Result,
    data::layout::{LAYOUTS, Layout},
};

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing that is read.
    None,
    /// The label.
    Label,
    /// The weight.
    Weight,
    /// The feature with this number.
    Feature(usize),
}

/// How the rows of a table are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// The names of the columns in the order of the source.
    pub(super) columns: Vec<String>,
    /// What each of them is.
    pub(super) roles: Vec<Role>,
    /// The names of the features in the order of the event file.
    pub(super) features: Vec<String>,
    /// Whether there are weights.
    pub(super) weights: bool,
    /// What stands for a missing feature, if one may be missing.
    pub(super) missing: Option<f32>,
    /// Whether bad rows are left out.
    pub(super) skip_bad: bool,
    /// The set that was recognised.
    pub(super) layout: Option<&'static str>,
}

/// The names of a table's columns.
struct Table<'a> {
    path: &'a Path,
    columns: &'a [String],
    /// The names without capitals and marks.
    simple: Vec<String>,
    /// Whether columns have numbers, from 1, for names.
    numbered: bool,
}

impl Plan {
    /// The plan for a table with these columns. Where it has no header they may be called by their numbers.
    ///
    /// # Errors
    /// Two columns of one name; a label, weight or feature that is missing or not named; a feature that tells the label.
    pub(super) fn choose(
        path: &Path,
        columns: Vec<String>,
        numbered: bool,
        options: &ImportOptions,
    ) -> Result<Self> {
        let simple = columns.iter().map(|name| simplified(name)).collect();
        let table = Table { path, columns: &columns, simple, numbered };
        table.check_different()?;
        let layout = table.recognise();
        let label = table.label(layout, options)?;
        let weight = match (&options.weight, layout) {
            (Some(name), _) => Some(table.named("weight", name)?),
            (None, Some(layout)) => table.any(layout.weight),
            (None, None) => None,
        };
        let features = match (&options.features, layout) {
            (Some(names), _) => table.named_features(names)?,
            (None, Some(layout)) => table.layout_features(layout)?,
            (None, None) => table.other_features(label, weight),
        };
        let mut roles = vec![Role::None; columns.len()];
        roles[label] = Role::Label;
        if let Some(weight) = weight {
            if weight == label {
                return Err(setting("weight", &columns[weight], "another column than the label"));
            }
            roles[weight] = Role::Weight;
        }
        for (number, (name, column)) in features.iter().enumerate() {
            if roles[*column] != Role::None {
                return Err(setting(
                    "features",
                    name,
                    "each column once, and neither label nor weight",
                ));
            }
            roles[*column] = Role::Feature(number);
        }
        if features.is_empty() {
            let found = format!("columns {}", list(&columns));
            return Err(table.wrong(
                found,
                "features beside the label",
                "`apl data import --features` names them",
            ));
        }
        let features = features.into_iter().map(|(name, _)| name).collect();
        Ok(Self {
            roles,
            features,
            weights: weight.is_some(),
            missing: options.missing.or(layout.and_then(|layout| layout.missing)),
            skip_bad: options.skip_bad,
            layout: layout.map(|layout| layout.name),
            columns,
        })
    }

    /// The plan for the columns alone that are read, and their numbers.
    pub(super) fn of_used(mut self) -> (Self, Vec<usize>) {
        let used: Vec<usize> =
            (0..self.roles.len()).filter(|&column| self.roles[column] != Role::None).collect();
        self.columns = used.iter().map(|&column| self.columns[column].clone()).collect();
        self.roles.retain(|role| *role != Role::None);
        (self, used)
    }
}

impl Table<'_> {
    fn wrong(&self, found: String, expected: impl Into<String>, hint: &str) -> Error {
        let path = self.path.into();
        Error::File { path, found, expected: expected.into(), hint: hint.into() }
    }

    fn check_different(&self) -> Result<()> {
        let mut seen = HashSet::new();
        match self.columns.iter().find(|name| !seen.insert(name.as_str())) {
            Some(twice) => Err(self.wrong(
                format!("two columns `{twice}`"),
                "columns of different names",
                "give one of them another name",
            )),
            None => Ok(()),
        }
    }

    /// The column of a name: exactly, or the only one but for capitals and marks, or by its number.
    fn find(&self, name: &str) -> Option<usize> {
        if let Some(column) = self.columns.iter().position(|column| column == name) {
            return Some(column);
        }
        let simple = simplified(name);
        let mut alike = (0..self.simple.len())
            .filter(|&column| !simple.is_empty() && self.simple[column] == simple);
        if let (Some(column), None) = (alike.next(), alike.next()) {
            return Some(column);
        }
        let number = self.numbered.then(|| name.parse().ok()).flatten();
        number.filter(|number| (1..=self.columns.len()).contains(number)).map(|number| number - 1)
    }

    fn any(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.find(name))
    }

    /// The known set of whose features there are most, and at least half.
    fn recognise(&self) -> Option<&'static Layout> {
        let share = |layout: &Layout| {
            let found = layout.features.iter().filter(|name| self.find(name).is_some()).count();
            found as f64 / layout.features.len() as f64
        };
        let shares = LAYOUTS.iter().map(|layout| (share(layout), layout));
        let best = shares.max_by(|(one, _), (other, _)| one.total_cmp(other));
        best.filter(|(share, _)| *share >= 0.5).map(|(_, layout)| layout)
    }

    fn label(&self, layout: Option<&Layout>, options: &ImportOptions) -> Result<usize> {
        if let Some(name) = &options.label {
            return self.named("label", name);
        }
        let found = format!("columns {}", list(self.columns));
        match layout {
            Some(layout) => self.any(layout.label).ok_or_else(|| {
                let expected =
                    format!("the label of {}: {}", layout.name, layout.label.join(" or "));
                self.wrong(
                    found,
                    expected,
                    "`apl data import --label` names the column if it is called otherwise",
                )
            }),
            None => {
                let names: Vec<&str> = LAYOUTS.iter().map(|layout| layout.name).collect();
                let expected = format!("those of {}", names.join(", "));
                Err(self.wrong(
                    found,
                    expected,
                    "of another table, `apl data import --label` names the column of the label",
                ))
            }
        }
    }

    fn named(&self, option: &str, name: &str) -> Result<usize> {
        self.find(name).ok_or_else(|| {
            let found = format!("columns {}", list(self.columns));
            let hint = format!("`--{option}` names a column as the file has it");
            self.wrong(found, format!("one called `{name}`"), &hint)
        })
    }

    fn named_features(&self, names: &[String]) -> Result<Vec<(String, usize)>> {
        let never = never();
        let one = |name: &String| {
            let column = self.named("features", name)?;
            if never.contains(&self.simple[column]) {
                let expected =
                    "measured quantities: this one tells the label or numbers the events";
                return Err(setting("features", name, expected));
            }
            Ok((name.clone(), column))
        };
        names.iter().map(one).collect()
    }

    fn layout_features(&self, layout: &Layout) -> Result<Vec<(String, usize)>> {
        let (mut features, mut missing) = (Vec::new(), Vec::new());
        for name in layout.features {
            match self.find(name) {
                Some(column) => features.push((name.to_string(), column)),
                None => missing.push(name.to_string()),
            }
        }
        if missing.is_empty() {
            return Ok(features);
        }
        Err(self.wrong(
            format!("{} without {}", layout.name, list(&missing)),
            format!("all its {} features", layout.features.len()),
            "`apl data import --features` names those that shall be used",
        ))
    }

    /// All columns but the label, the weight, what no known set has as a feature, and the numbers of rows that pandas writes without a name.
    fn other_features(&self, label: usize, weight: Option<usize>) -> Vec<(String, usize)> {
        let never = never();
        let rest = self.columns.iter().enumerate().filter(|(column, name)| {
            *column != label
                && Some(*column) != weight
                && !name.is_empty()
                && !never.contains(&self.simple[*column])
        });
        rest.map(|(column, name)| (name.clone(), column)).collect()
    }
}

/// The columns, simplified, that are no measurement in any known set.
fn never() -> HashSet<String> {
    LAYOUTS.iter().flat_map(|layout| layout.never).map(|name| simplified(name)).collect()
}

fn setting(place: &str, found: &str, expected: &str) -> Error {
    Error::Setting { place: place.into(), found: format!("`{found}`"), expected: expected.into() }
}

/// A name without capitals and marks.
fn simplified(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Names for a message, the first of them where there are many.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| name.chars().take(SHOWN * 5).collect::<String>().escape_debug().to_string())
        .collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
