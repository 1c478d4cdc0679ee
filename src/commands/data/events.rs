//! Collisions.

use std::{path::Path, time::Instant};

use apl_higgs::{
    data::{EventFile, ImportOptions, Survey},
    events::watch,
    generator,
};
use apl_train::{Environment, Error, Result, interrupt::Interrupt, notice::notice};

use crate::{
    arguments::{DataSource, Generate, GenerateWhat, Import, Show, Verify},
    output::{print, print_json},
};

/// Reads a source whole: an event file's contents against its digest, another one by importing it.
pub fn verify(arguments: &Verify) -> Result<()> {
    let survey = survey(&arguments.source)?;
    if arguments.json { print_json(&survey) } else { print(&survey.heading()) }
}

/// The features in numbers.
pub fn show(arguments: &Show) -> Result<()> {
    print(&survey(&arguments.source)?.to_string())
}

fn survey(source: &DataSource) -> Result<Survey> {
    let (path, cache) = (path(source)?, Environment::read().cache);
    let interrupt = Interrupt::install()?;
    let events = watch("importing", false, &interrupt, |progress| {
        apl_higgs::data::open(path, &ImportOptions::default(), &cache, progress)
    })?;
    watch("reading", false, &interrupt, |progress| Survey::of(&events, progress))
}

pub fn import(arguments: &Import) -> Result<()> {
    let Import { source, out, columns } = arguments;
    let path = path(source)?;
    let defaults = ImportOptions::default();
    let options = ImportOptions {
        label: columns.label.clone(),
        weight: columns.weight.clone(),
        features: (!columns.features.is_empty()).then(|| columns.features.clone()),
        data_set: columns.data_set.clone().unwrap_or(defaults.data_set),
        label_set: columns.label_set.clone().unwrap_or(defaults.label_set),
        skip_bad: columns.skip_bad,
        missing: columns.missing,
    };
    let started = Instant::now();
    let imported = watch("importing", false, &Interrupt::install()?, |progress| {
        apl_higgs::data::import(path, &options, out, progress)
    })?;
    let events = imported.events;
    if let Some(why) = imported.first_skipped {
        notice(&format!("warning: {} rows left out, the first: {why}", events.about().skipped));
    }
    let layout = imported.layout.unwrap_or("columns of its own");
    said(&events, &format!("{layout}, {} features", events.features().len()), started)
}

pub fn generate(arguments: &Generate) -> Result<()> {
    let Generate { what: GenerateWhat::Higgs, events, seed, out } = arguments;
    let started = Instant::now();
    let file = watch("generating", false, &Interrupt::install()?, |progress| {
        generator::write(*events, *seed, out, progress)
    })?;
    said(&file, &format!("generated with seed {seed}"), started)
}

fn said(events: &EventFile, what: &str, started: Instant) -> Result<()> {
    let (rows, path) = (events.rows(), events.path().display());
    let speed = rows as f64 / started.elapsed().as_secs_f64();
    print(&format!(
        "{path}: {rows} events, {what} ({speed:.0} events/s)\ngive it as `--data {path}`"
    ))
}

fn path(source: &DataSource) -> Result<&Path> {
    if source.classes.is_some() {
        return Err(Error::usage("--classes", "has no meaning for events"));
    }
    match source.data.as_deref() {
        Some(path) if !["hub", "embedded"].contains(&path) => Ok(Path::new(path)),
        found => {
            let found = found.unwrap_or("nothing");
            let problem = format!("found {found}, expected a file of events");
            Err(Error::usage("--data", problem)
                .with_hint("`apl data generate higgs --events N --out FILE` makes one"))
        }
    }
}
