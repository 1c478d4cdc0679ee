//! Whole tables.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use apl_report::results::{Claims, Results};
use apl_train::{
    Error, Result, Task,
    config::{Config, Document, Override},
    device::Place,
    ensemble::Ensemble,
    interrupt::Interrupt,
    notice::notice,
    reproduce,
    table::Record,
};

use super::{check_threads, in_pool};
use crate::{
    arguments::Reproduce,
    output::{Failure, columns, print},
    registry::{Action, with_task},
};

pub fn reproduce(arguments: &Reproduce) -> std::result::Result<ExitCode, Failure> {
    let Reproduce { runs, scale, jobs, threads, .. } = arguments;
    let data = arguments.data.iter().map(|data| parse_data(data)).collect::<Result<_>>()?;
    let request = reproduce::Request {
        tables: tables(&arguments.table)?,
        scale: scale.clone(),
        rows: arguments.rows.clone(),
        seeds: arguments.seeds,
        data,
        changes: arguments.sets.iter().map(|set| Override::parse(set)).collect::<Result<_>>()?,
    };
    let study = reproduce::plan(&request, &|document| with_task(document, Resolve(document)))?;
    check_threads(*threads)?;
    if *jobs == Some(0) {
        return Err(Error::usage("--jobs 0", "expected at least 1").into());
    }
    let jobs = jobs.unwrap_or_else(reproduce::default_jobs);
    if arguments.dry_run {
        print(&overview(arguments, &study, jobs)?.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let crew = reproduce::Crew {
        program: std::env::current_exe().map_err(Error::from)?,
        jobs,
        threads: *threads,
        device: arguments.device,
        interrupt: Interrupt::install()?,
        quiet: arguments.no_progress,
    };
    for (path, record) in study.records(runs) {
        // A look at some rows does not forget the others.
        let forgets = |path: &Path| match Record::read(path) {
            Ok(present) => record.partial && !record.covers(&present),
            Err(_) => record.partial,
        };
        if !(path.exists() && forgets(&path)) {
            record.write(&path)?;
        }
    }
    let outcome = reproduce::run(&study, runs, &crew)?;
    notice(&outcome.to_string());
    let mut code = outcome.exit_code();
    if !outcome.interrupted {
        for row in &study.rows {
            for &members in &row.ensembles {
                if crew.interrupt.raised() {
                    return Ok(ExitCode::from(Interrupt::EXIT_CODE));
                }
                let work = Together { document: &row.document, folder: row.folder(runs), members };
                if let Err(error) = with_task(&row.document, work) {
                    notice(&format!("{}: ensemble of {members}: {error}", row.identity.id));
                    code = code.max(1);
                }
            }
        }
        let results: Vec<Results> = study
            .records(runs)
            .map(|(path, record)| Results::read(record, path.parent().unwrap_or(runs)))
            .collect();
        // Runs may be done and yet not fit together, as where a seed saw other data.
        if results.iter().any(|results| !results.complete()) {
            code = code.max(1);
        }
        // Markdown for a file or another program, columns for a reader.
        let columns = columns();
        let text = |results: &Results| match columns {
            Some(columns) => results.document(Claims::Sentences).terminal(columns),
            None => results.to_string(),
        };
        let tables: Vec<String> = results.iter().map(text).collect();
        print(&tables.join("\n"))?;
    }
    Ok(ExitCode::from(code))
}

/// What a study would do and take, on the devices asked for.
fn overview(
    arguments: &Reproduce,
    study: &reproduce::Study,
    jobs: usize,
) -> Result<reproduce::Overview> {
    let devices = arguments.device.shared();
    let place = Place::new(devices.first().copied().unwrap_or_default())?;
    let estimate = |document: &Document| with_task(document, Estimate(document, &place));
    let threads = arguments.threads.unwrap_or_else(|| reproduce::threads(jobs, jobs - 1));
    in_pool(Some(threads), || {
        reproduce::Overview::of(study, &arguments.runs, jobs, (&place, devices.len()), &estimate)
    })?
}

/// The files of a table's name, or all tables of the project.
fn tables(name: &str) -> Result<Vec<PathBuf>> {
    let configs = Path::new("configs");
    if name == "all" {
        return apl_train::table::find(configs);
    }
    let known = configs.join(format!("{name}.toml"));
    Ok(vec![if known.is_file() { known } else { PathBuf::from(name) }])
}

/// `cifar10=FOLDER`.
fn parse_data(data: &str) -> Result<(String, String)> {
    let parts =
        data.split_once('=').filter(|(name, source)| !name.is_empty() && !source.is_empty());
    let (name, source) = parts.ok_or_else(|| {
        Error::usage(format!("--data {data}"), "expected the name of a data set, = and its source")
            .with_hint("for example --data cifar10=FOLDER")
    })?;
    Ok((name.into(), source.into()))
}

struct Resolve<'a>(&'a Document);

impl Action for Resolve<'_> {
    type Output = reproduce::Resolved;

    fn run<T: Task>(self) -> Result<reproduce::Resolved> {
        reproduce::resolve::<T>(self.0)
    }
}

/// Computes an ensemble where it is missing.
struct Together<'a> {
    document: &'a Document,
    folder: PathBuf,
    members: u32,
}

impl Action for Together<'_> {
    type Output = ();

    fn run<T: Task>(self) -> Result<()> {
        let config = Config::<T>::from_document(self.document)?;
        Ensemble::of(&config, &self.folder, self.members).map(|_| ())
    }
}

struct Estimate<'a>(&'a Document, &'a Place);

impl Action for Estimate<'_> {
    type Output = reproduce::Estimate;

    fn run<T: Task>(self) -> Result<reproduce::Estimate> {
        reproduce::estimate::<T>(self.0, self.1)
    }
}
