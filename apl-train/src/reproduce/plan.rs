//! The runs of a study.

use std::path::{Path, PathBuf};

use crate::{
    Error, Result, Task,
    config::{Document, Fingerprint, Override},
    launch, naming,
    pattern::matches,
    plan::Plan,
    run::{FORMAT, Identity},
    table::{Record, RecordRow, Table},
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The tables' files.
    pub tables: Vec<PathBuf>,
    /// The scale: the folder of configurations beside the tables.
    pub scale: String,
    /// Only rows whose id one of these matches, those of the first before those of the others; `*` stands for any characters. All where empty.
    pub rows: Vec<String>,
    /// Seeds of a row, 1 to this; the tables' own where absent.
    pub seeds: Option<u32>,
    /// Where data sets are, by their names.
    pub data: Vec<(String, String)>,
    /// What every row changes.
    pub changes: Vec<Override>,
}

/// What is known of a configuration whatever its task.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The run's place among all runs.
    pub identity: Identity,
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// The name of its data set.
    pub data: String,
}

/// Checks the configuration of a document. The network is built only where the optimiser's groups name its parameters: nothing else needs it.
///
/// # Errors
/// A configuration that cannot be used.
pub fn resolve<T: Task>(document: &Document) -> Result<Resolved> {
    let plan = Plan::<T>::from_document(document)?;
    if !plan.config.optimizer.groups.is_empty() {
        launch::build(&plan).map_err(|error| document.blame(error))?;
    }
    Ok(Resolved {
        fingerprint: Fingerprint::of(&plan.config)?,
        data: T::data_set(&plan.config).into(),
        identity: plan.identity,
    })
}

/// Everything to do and to show.
#[derive(Debug, Clone)]
pub struct Study {
    /// The tables, in the order asked for.
    pub tables: Vec<(PathBuf, Record)>,
    /// The rows to run, each once however many tables show it, in the order asked for.
    pub rows: Vec<PlannedRow>,
    /// What every row changes.
    pub changes: Vec<Override>,
}

/// A row to run.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// The rows of tables that show it, as `table3: s1`.
    pub shown_by: Vec<String>,
    /// What the first of these calls it.
    pub label: String,
    /// Its configuration and changes.
    pub document: Document,
    /// The place of its first seed's run.
    pub identity: Identity,
    /// How many seeds it has, from 1.
    pub seeds: u32,
    /// Of how many of these there are ensembles.
    pub ensembles: Vec<u32>,
    /// Which of the patterns asked for it.
    asked: usize,
    fingerprint: Fingerprint,
}

/// One run of a row.
#[derive(Debug, Clone, Copy)]
pub struct PlannedRun<'a> {
    /// Its row.
    pub row: &'a PlannedRow,
    /// Its seed.
    pub seed: u32,
}

impl PlannedRow {
    /// Its runs.
    pub fn runs(&self) -> impl Iterator<Item = PlannedRun<'_>> {
        (1..=self.seeds).map(|seed| PlannedRun { row: self, seed })
    }

    /// The folder of its runs in a folder of runs.
    pub fn folder(&self, runs: &Path) -> PathBuf {
        runs.join(&self.identity.scale).join(&self.identity.id)
    }
}

impl PlannedRun<'_> {
    /// Its directory in a folder of runs.
    pub fn directory(&self, runs: &Path) -> PathBuf {
        Identity { seed: self.seed, ..self.row.identity.clone() }.directory(runs)
    }

    /// What tells it from others.
    pub fn fingerprint(&self) -> Fingerprint {
        self.row.fingerprint.seeded(self.seed)
    }

    /// Its configuration.
    pub fn document(&self) -> Document {
        let seed = self.seed.to_string();
        self.row.document.clone().with(Override::new("seed", &seed, format!("seed {seed}")))
    }

    /// What it is called: `S = 1, not learned, seed 2`.
    pub fn name(&self) -> String {
        format!("{}, seed {}", self.row.label, self.seed)
    }
}

impl Study {
    /// The tables as they are run, each with the file it belongs into: `<runs>/<scale>/<table>.toml`, its name with what every row changes.
    pub fn records(&self, runs: &Path) -> impl Iterator<Item = (PathBuf, &Record)> {
        let place = |table: &Path, record: &Record| {
            runs.join(&record.scale).join(naming::record(table, &self.changes))
        };
        self.tables.iter().map(move |(table, record)| (place(table, record), record))
    }

    /// Every run, the first seeds of all rows first, so that a study that is cut has something of everything.
    pub fn runs(&self) -> Vec<PlannedRun<'_>> {
        let mut runs: Vec<PlannedRun> = self.rows.iter().flat_map(PlannedRow::runs).collect();
        runs.sort_by_key(|run| run.seed);
        runs
    }
}

/// Reads the tables and checks every configuration that they need. `resolve` is [`resolve`] for whichever task a document names.
///
/// # Errors
/// A table or configuration that cannot be used, a pattern that matches no row, a data set that no row uses.
pub fn plan(request: &Request, resolve: &dyn Fn(&Document) -> Result<Resolved>) -> Result<Study> {
    let changes = request.changes.clone();
    let mut study = Study { tables: Vec::new(), rows: Vec::new(), changes };
    if request.seeds == Some(0) {
        return Err(Error::usage("--seeds 0", "expected at least 1"));
    }
    let mut unmatched: Vec<&String> = request.rows.iter().collect();
    let mut unused: Vec<&String> = request.data.iter().map(|(name, _)| name).collect();
    for path in &request.tables {
        let table = Table::read(path)?;
        check_scale(path, &request.scale)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut rows = Vec::new();
        for row in &table.rows {
            let asked = request.rows.iter().position(|pattern| matches(pattern, &row.id));
            if !request.rows.is_empty() && asked.is_none() {
                continue;
            }
            unmatched.retain(|pattern| !matches(pattern, &row.id));
            let seeds = request.seeds.unwrap_or_else(|| table.seeds_at(&request.scale));
            // Who asks for fewer seeds than an ensemble has members gets no ensemble, and no more runs.
            if request.seeds.zip(row.ensemble).is_some_and(|(seeds, members)| seeds < members) {
                continue;
            }
            let seeds = row.ensemble.unwrap_or(seeds);
            let mut record_row = RecordRow {
                id: row.id.clone(),
                label: row.label.clone(),
                section: row.section.clone(),
                column: row.column.clone(),
                seeds: Vec::new(),
                run: None,
                score: row.score.clone(),
                ensemble: row.ensemble.is_some(),
                paper: row.paper,
            };
            if let Some(document) = table.document(row, path, &request.scale)? {
                let (document, resolved) = configure(document, request, resolve, &mut unused)?;
                let Resolved { identity, fingerprint, .. } = resolved;
                record_row.run = Some(identity.id.clone());
                record_row.seeds = (1..=seeds).collect();
                study.add(PlannedRow {
                    shown_by: vec![format!("{stem}: {}", row.id)],
                    label: record_row.name(),
                    document,
                    identity,
                    seeds,
                    ensembles: row.ensemble.into_iter().collect(),
                    asked: asked.unwrap_or(0),
                    fingerprint,
                });
            }
            rows.push(record_row);
        }
        let record = Record {
            format: FORMAT,
            title: titled(&table.title, &request.changes),
            about: table.about.clone(),
            scale: request.scale.clone(),
            incomparable: !table.comparable,
            partial: rows.len() < table.rows.len(),
            contrasts: table.contrasts(),
            rows,
        };
        study.tables.push((path.clone(), record));
    }
    study.rows.sort_by_key(|row| row.asked);
    if let Some(pattern) = unmatched.first() {
        return Err(Error::usage(format!("--row {pattern}"), "matches no row of these tables"));
    }
    if let Some(name) = unused.first() {
        let problem = "no row of these tables uses a data set of this name";
        return Err(Error::usage(format!("--data {name}=..."), problem));
    }
    Ok(study)
}

/// A title that says what every row changes.
fn titled(title: &str, changes: &[Override]) -> String {
    let change = |change: &Override| {
        let (key, value) = change.change();
        format!("{key} = {value}")
    };
    if changes.is_empty() {
        return title.into();
    }
    format!("{title} ({})", changes.iter().map(change).collect::<Vec<_>>().join(", "))
}

/// A row's configuration, changed as it was asked for and checked, its data taken from where it was asked for, which is then no longer `unused`.
fn configure(
    document: Document,
    request: &Request,
    resolve: &dyn Fn(&Document) -> Result<Resolved>,
    unused: &mut Vec<&String>,
) -> Result<(Document, Resolved)> {
    let document = request.changes.iter().cloned().fold(document, Document::with);
    let resolved = resolve(&document)?;
    let folder = &resolved.identity.scale;
    if *folder != request.scale {
        let problem = format!(
            "its configurations are kept under the name `{folder}`, after the folder they really lie in"
        );
        let hint = "name that folder, in letters, digits and dashes";
        return Err(Error::usage(format!("--scale {}", request.scale), problem).with_hint(hint));
    }
    let Some((name, source)) = request.data.iter().find(|(name, _)| *name == resolved.data) else {
        return Ok((document, resolved));
    };
    unused.retain(|other| *other != name);
    let origin = format!("--data {name}={source}");
    Ok((document.with(Override::text("data.source", source, origin)), resolved))
}

impl Study {
    /// Adds a row, or what is new of it where another table has it.
    fn add(&mut self, row: PlannedRow) {
        match self.rows.iter_mut().find(|known| known.identity == row.identity) {
            Some(known) => {
                known.shown_by.extend(row.shown_by);
                known.seeds = known.seeds.max(row.seeds);
                known.asked = known.asked.min(row.asked);
                let new = row.ensembles.into_iter().filter(|n| !known.ensembles.contains(n));
                known.ensembles = known.ensembles.iter().copied().chain(new).collect();
            }
            None => self.rows.push(row),
        }
    }
}

fn check_scale(table: &Path, scale: &str) -> Result<()> {
    let folder = table.parent().unwrap_or(Path::new(""));
    let plain = !scale.is_empty() && !scale.starts_with('.') && !scale.contains(['/', '\\']);
    if plain && folder.join(scale).is_dir() {
        return Ok(());
    }
    let problem = format!("found no folder `{scale}` of configurations beside {}", table.display());
    Err(Error::usage(format!("--scale {scale}"), problem)
        .with_hint("the scales of this project are quick, cpu and paper"))
}
