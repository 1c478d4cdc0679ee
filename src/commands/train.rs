//! Training a configuration, and looking at what was trained.

use std::{fmt::Display, path::Path, process::ExitCode};

use apl_train::{
    Result, Task,
    config::{Document, Override},
    device::Compute,
    inspect::{Inspection, inspect as look},
    interrupt::Interrupt,
    launch::{Finished, Request, launch},
    prune::{Pruning, prune},
    rescore::{Rescore, rescore},
    run::Status,
    task::Split,
    train::Settings,
};
use serde::Serialize;

use super::{in_pool, run_document, software, source_override};
use crate::{
    arguments::{Evaluate, Inspect, SplitName, Train},
    output::{Failure, print, print_json},
    registry::{Action, with_task},
};

pub fn train(arguments: &Train) -> std::result::Result<ExitCode, Failure> {
    let mut overrides: Vec<Override> =
        arguments.sets.iter().map(|set| Override::parse(set)).collect::<Result<_>>()?;
    if let Some(seed) = arguments.seed {
        overrides.push(Override::new("seed", &seed.to_string(), format!("--seed {seed}")));
    }
    overrides.extend(source_override(arguments.data.as_deref()));
    let quiet = arguments.no_progress;
    let request = Request {
        document: Document::read(&arguments.config, overrides)?,
        runs: arguments.runs.clone(),
        fresh: arguments.fresh,
        software: software(),
        settings: Settings {
            interrupt: Interrupt::install()?,
            quiet,
            device: arguments.device,
            ..Settings::default()
        },
    };
    let finished = in_pool(arguments.threads, || with_task(&request.document, Start(&request)))??;
    if arguments.json {
        print_json(&finished.summary)?;
    } else {
        print(&finished.to_string())?;
    }
    Ok(match finished.summary.status {
        Status::Interrupted => ExitCode::from(Interrupt::EXIT_CODE),
        _ => ExitCode::SUCCESS,
    })
}

pub fn evaluate(arguments: &Evaluate) -> std::result::Result<ExitCode, Failure> {
    let overrides = source_override(arguments.data.as_deref()).into_iter().collect();
    let document = run_document(&arguments.run, overrides)?;
    let split = match arguments.split {
        SplitName::Train => Split::Train,
        SplitName::Validation => Split::Validation,
        SplitName::Test => Split::Test,
    };
    let device = arguments.device;
    let score = Score { run: &arguments.run, document: &document, split, device };
    match arguments.prune {
        Some(tolerance) => show(&with_task(&document, Prune { score, tolerance })?, arguments.json),
        None => show(&with_task(&document, score)?, arguments.json),
    }
}

pub fn inspect(arguments: &Inspect) -> std::result::Result<ExitCode, Failure> {
    let target = &arguments.target;
    let document = match target.is_dir() {
        true => run_document(target, Vec::new())?,
        false => Document::read(target, Vec::new())?,
    };
    show(&with_task(&document, Look(&document))?, arguments.json)
}

/// For a reader, or for a program.
fn show(found: &(impl Display + Serialize), json: bool) -> std::result::Result<ExitCode, Failure> {
    if json {
        print_json(found)?;
    } else {
        print(&found.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Start<'a>(&'a Request);

impl Action for Start<'_> {
    type Output = Finished;

    fn run<T: Task>(self) -> Result<Finished> {
        launch::<T>(self.0)
    }
}

struct Score<'a> {
    run: &'a Path,
    document: &'a Document,
    split: Split,
    device: Compute,
}

impl Action for Score<'_> {
    type Output = Rescore;

    fn run<T: Task>(self) -> Result<Rescore> {
        rescore::<T>(self.run, self.document, self.split, self.device)
    }
}

struct Prune<'a> {
    score: Score<'a>,
    tolerance: f64,
}

impl Action for Prune<'_> {
    type Output = Pruning;

    fn run<T: Task>(self) -> Result<Pruning> {
        let Score { run, document, split, device } = self.score;
        prune::<T>(run, document, split, self.tolerance, device)
    }
}

struct Look<'a>(&'a Document);

impl Action for Look<'_> {
    type Output = Inspection;

    fn run<T: Task>(self) -> Result<Inspection> {
        look::<T>(self.0)
    }
}
