//! Rows: the runs of one configuration over seeds.

use std::path::PathBuf;

use apl_train::run::{Measure, Status};

use crate::{
    baseline, format,
    load::{Run, Table},
};

/// The runs of one configuration.
#[derive(Debug, Clone)]
pub struct Row {
    /// A name for anchors and files: lower-case letters, digits and dashes; unique in a report.
    pub slug: String,
    /// What it is called: by its table, or its id, with its folder where another row has the same.
    pub label: String,
    /// Where the first table that has it shows it.
    pub part: Option<Part>,
    /// By seed; at least one.
    runs: Vec<Run>,
}

/// A part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The table's place among the tables.
    pub table: usize,
    /// The table's title.
    pub title: String,
    /// The section, where the table has sections.
    pub section: Option<String>,
}

/// What rows must share to be compared: the same test examples, at one scale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparison {
    scale: String,
    task: String,
    set: String,
    test: String,
}

impl Comparison {
    /// In words, such as `vision, cifar10, quick`.
    pub fn title(&self) -> String {
        let parts = [&self.task, &self.set, &self.scale];
        let parts: Vec<String> =
            parts.into_iter().filter(|part| !part.is_empty()).cloned().collect();
        parts.join(", ")
    }
}

impl Row {
    /// The first run, by seed.
    fn first(&self) -> &Run {
        &self.runs[0]
    }

    /// Its runs, by seed; there is at least one.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The run's name: its configuration's and its overrides.
    pub fn id(&self) -> &str {
        &self.first().summary.id
    }

    /// The scale; empty where the path names none.
    pub fn scale(&self) -> &str {
        &self.first().scale
    }

    /// The configuration of its first seed.
    pub fn config(&self) -> &str {
        &self.first().config
    }

    /// Whether it is a baseline.
    pub fn is_relu(&self) -> bool {
        self.first().summary.activation.kind == "relu"
    }

    /// Whether its activation has parameters.
    pub fn has_units(&self) -> bool {
        self.first().summary.activation.hinges > 0
    }

    /// The activation in words: `apl, S = 2, per unit, learned`.
    pub fn activation(&self) -> String {
        let about = &self.first().summary.activation;
        let mut words = vec![about.kind.clone()];
        if about.hinges > 0 {
            words.push(format!("S = {}", about.hinges));
        }
        words.extend(about.sharing.as_ref().map(|sharing| format!("per {sharing}")));
        match (&about.slopes, &about.offsets) {
            (Some(slopes), Some(offsets)) if slopes == offsets => words.push(slopes.clone()),
            (slopes, offsets) => {
                words.extend(slopes.as_ref().map(|state| format!("slopes {state}")));
                words.extend(offsets.as_ref().map(|state| format!("offsets {state}")));
            }
        }
        words.join(", ")
    }

    /// What it may be compared with.
    pub fn comparison(&self) -> Comparison {
        let run = self.first();
        let test = run.summary.data.iter().find(|split| split.split == "test");
        Comparison {
            scale: run.scale.clone(),
            task: run.summary.task.clone(),
            set: baseline::value(&run.config, "data.set").unwrap_or_default(),
            test: test.map(|split| split.digest.clone()).unwrap_or_default(),
        }
    }

    /// The first table that has it, its place there and its name there.
    fn place(&self, tables: &[Table]) -> Option<(usize, usize, String)> {
        tables.iter().enumerate().find_map(|(i, table)| {
            let here = self.first().folder.parent() == Some(&table.folder);
            let mut names = table.results.names().enumerate().filter(|_| here);
            let (j, (_, name)) = names.find(|(_, (run, _))| *run == self.id())?;
            Some((i, j, name))
        })
    }

    /// Runs that are done.
    pub fn done(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.summary.status == Status::Done)
    }

    /// What its runs are scored by, once one is done.
    pub fn measure(&self) -> Option<&Measure> {
        self.done().find_map(|run| run.summary.score.as_ref()).map(|score| &score.measure)
    }

    /// The split of its scores.
    pub fn score_split(&self) -> &str {
        let score = self.done().find_map(|run| run.summary.score.as_ref());
        score.map_or("test", |score| &score.split)
    }

    /// Scores of the runs that are done.
    pub fn scores(&self) -> impl Iterator<Item = f64> {
        self.done().filter_map(|run| run.summary.score.as_ref()).map(|score| score.value)
    }

    /// The run whose activations are shown: the first that is done, else the first.
    pub fn shown(&self) -> &Run {
        self.done().next().unwrap_or(self.first())
    }

    /// Keys of the configuration, and other facts, in which its seeds differ though they must not.
    pub fn mismatches(&self) -> Vec<String> {
        let first = self.first();
        let mut found = Vec::new();
        for run in &self.runs[1..] {
            let (one, other) = (&first.summary, &run.summary);
            let mut keys = baseline::differing(&first.config, &run.config);
            keys.extend((!one.same_data(&other.data)).then(|| "data digests".into()));
            keys.extend((one.parameters != other.parameters).then(|| "parameter counts".into()));
            if !keys.is_empty() {
                let (a, b) = (one.seed, other.seed);
                found.push(format!("seeds {a} and {b} differ in {}", format::list(&keys)));
            }
        }
        found
    }
}

/// Groups runs: one row a folder and id, in the order of the tables and, behind these, of their first run; each by seed. A row is called what the first table that shows it calls it.
pub fn group(runs: Vec<Run>, tables: &[Table]) -> Vec<Row> {
    let mut groups: Vec<((PathBuf, String), Vec<Run>)> = Vec::new();
    for run in runs {
        let key = (run.folder.clone(), run.summary.id.clone());
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    let mut rows: Vec<Row> = Vec::with_capacity(groups.len());
    for (_, mut runs) in groups {
        runs.sort_by_key(|run| run.summary.seed);
        let name = format!("{}-{}", runs[0].scale, runs[0].summary.id);
        let slug = unique(&format::plain(&name), &rows);
        rows.push(Row { slug, label: runs[0].summary.id.clone(), part: None, runs });
    }
    label(&mut rows);
    name_after(&mut rows, tables);
    for row in &mut rows {
        row.part = row.place(tables).map(|(table, place, _)| {
            let results = &tables[table].results;
            let section = results.section_of(place).map(String::from);
            Part { table, title: results.title().into(), section }
        });
    }
    rows.sort_by_key(|row| row.place(tables).map_or((tables.len(), 0), |(i, j, _)| (i, j)));
    rows
}

/// Rows by what they share, in the order of the first row of each group; those without a key are left out.
pub fn alike<K: PartialEq>(rows: &[Row], key: impl Fn(&Row) -> Option<K>) -> Vec<(K, Vec<&Row>)> {
    let mut groups: Vec<(K, Vec<&Row>)> = Vec::new();
    for row in rows {
        let Some(key) = key(row) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, members)) => members.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

/// Takes the names of tables for the ids of runs, which hold every changed key, where no other row has the same.
fn name_after(rows: &mut [Row], tables: &[Table]) {
    let named = |row: &Row| {
        let (i, _, name) = row.place(tables)?;
        Some(if tables.len() > 1 { format!("{}: {name}", tables[i].stem) } else { name })
    };
    let names: Vec<Option<String>> = rows.iter().map(named).collect();
    for (i, name) in names.iter().enumerate() {
        let Some(name) = name else { continue };
        let others = names.iter().enumerate().filter(|(j, _)| *j != i);
        if !others.into_iter().any(|(_, other)| other.as_ref() == Some(name)) {
            rows[i].label.clone_from(name);
        }
    }
}

/// Rows of one name at one scale come from different folders: these are named too.
fn label(rows: &mut [Row]) {
    let names: Vec<(String, String)> =
        rows.iter().map(|row| (row.scale().into(), row.id().into())).collect();
    for (row, name) in rows.iter_mut().zip(&names) {
        if names.iter().filter(|other| *other == name).count() > 1 {
            row.label = format!("{} in {}", row.id(), row.first().folder.display());
        }
    }
}

fn unique(slug: &str, rows: &[Row]) -> String {
    let taken = |name: &str| rows.iter().any(|row| row.slug == name);
    if !taken(slug) {
        return slug.into();
    }
    let numbered = |n: usize| format!("{slug}-{n}");
    (2..=rows.len() + 1).map(numbered).find(|name| !taken(name)).unwrap_or_else(|| numbered(0))
}
