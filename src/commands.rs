//! The commands, each from its arguments to a call of a crate.

use std::{
    io::{stdin, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

use apl_train::{
    Error, Result, Task,
    config::{Document, Override},
    inspect::{Inspection, inspect as look},
    interrupt::Interrupt,
    launch::{Finished, Request, launch},
    notice::notice,
    reproduce,
    rescore::{Rescore, rescore},
    run::{Software, Status, Summary},
    task::Split,
    train::Settings,
};

use apl_report::results::Results;

use crate::{
    arguments::{Bench, Compact, Evaluate, Inspect, PeerName, Report, Reproduce, SplitName, Train},
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
        settings: Settings { interrupt: Interrupt::install()?, quiet },
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

pub fn reproduce(arguments: &Reproduce) -> std::result::Result<ExitCode, Failure> {
    let Reproduce { runs, scale, jobs, threads, .. } = arguments;
    let data = arguments.data.iter().map(|data| parse_data(data)).collect::<Result<_>>()?;
    let request = reproduce::Request {
        tables: tables(&arguments.table)?,
        scale: scale.clone(),
        rows: arguments.rows.clone(),
        seeds: arguments.seeds,
        data,
        runs: runs.clone(),
    };
    let study = reproduce::plan(&request, &|document| with_task(document, Resolve(document)))?;
    if arguments.dry_run {
        let estimate = |document: &Document| with_task(document, Estimate(document));
        let overview = in_pool(*threads, || reproduce::Overview::of(&study, runs, &estimate))??;
        print(&overview.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    check_threads(*threads)?;
    if *jobs == 0 {
        return Err(Error::usage("--jobs 0", "expected at least 1").into());
    }
    let crew = reproduce::Crew {
        program: std::env::current_exe().map_err(Error::from)?,
        jobs: *jobs,
        threads: *threads,
        interrupt: Interrupt::install()?,
        quiet: arguments.no_progress,
    };
    for (path, record) in study.records(runs) {
        record.write(&path)?;
    }
    let outcome = reproduce::run(&study, runs, &crew)?;
    notice(&outcome.to_string());
    if !outcome.interrupted {
        let tables = study
            .records(runs)
            .map(|(path, record)| Results::read(record, path.parent().unwrap_or(runs)).to_string());
        print(&tables.collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::from(outcome.exit_code()))
}

pub fn evaluate(arguments: &Evaluate) -> std::result::Result<ExitCode, Failure> {
    let overrides = source_override(arguments.data.as_deref()).into_iter().collect();
    let document = run_document(&arguments.run, overrides)?;
    let split = match arguments.split {
        SplitName::Train => Split::Train,
        SplitName::Validation => Split::Validation,
        SplitName::Test => Split::Test,
    };
    let score = Score { run: &arguments.run, document: &document, split };
    let rescore = with_task(&document, score)?;
    if arguments.json {
        print_json(&rescore)?;
    } else {
        print(&rescore.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub fn inspect(arguments: &Inspect) -> std::result::Result<ExitCode, Failure> {
    let target = &arguments.target;
    let document = match target.is_dir() {
        true => run_document(target, Vec::new())?,
        false => Document::read(target, Vec::new())?,
    };
    let inspection = with_task(&document, Look(&document))?;
    if arguments.json {
        print_json(&inspection)?;
    } else {
        print(&inspection.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub fn compact(arguments: &Compact) -> std::result::Result<ExitCode, Failure> {
    let (mut written, mut bytes) = (0, 0);
    for folder in &arguments.runs {
        for run in apl_train::run::find(folder)? {
            let status = Summary::read(&run)?.status;
            if status != Status::Done {
                notice(&format!("{}: {}, left out", run.display(), status.name()));
                continue;
            }
            let compact = apl_train::compact::compact(&run, &arguments.out, arguments.units)?;
            (written, bytes) = (written + 1, bytes + compact.bytes);
        }
    }
    let out = arguments.out.display();
    print(&format!("{out}: {written} compact runs, {:.1} MB", bytes as f64 / 1e6))?;
    Ok(ExitCode::SUCCESS)
}

pub fn report(arguments: &Report) -> std::result::Result<ExitCode, Failure> {
    let unit = arguments.unit.as_deref().map(parse_unit).transpose()?;
    let mut runs = Vec::new();
    for folder in &arguments.runs {
        runs.extend(apl_train::run::find(folder)?);
    }
    let page = apl_report::write(&runs, &arguments.out)?;
    print(&page.to_string())?;
    if let (Some((layer, index)), Some(run)) = (unit, runs.first()) {
        let path = arguments.out.join("unit.svg");
        apl_report::write_unit(run, layer, index, &path)?;
        print(&path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub fn bench(arguments: &Bench) -> std::result::Result<ExitCode, Failure> {
    let threads = arguments.threads;
    if let Some(name) = &arguments.worker {
        in_pool(threads, || apl_bench::serve(name, stdin().lock(), stdout().lock()))??;
        return Ok(ExitCode::SUCCESS);
    }
    let report = in_pool(threads, || {
        let threads = rayon::current_num_threads();
        let worker = move |name: &str| {
            let mut command = std::process::Command::new(std::env::current_exe()?);
            command.args(["bench", "--threads", &threads.to_string(), "--worker", name]);
            Ok(command)
        };
        let request = apl_bench::Request {
            peer: arguments.peer.map(|PeerName::Pytorch| apl_bench::Peer::Pytorch {
                python: arguments.python.clone(),
            }),
            rounds: arguments.rounds,
            threads,
            only: arguments.only.clone(),
            worker: Box::new(worker),
        };
        apl_bench::run(&request, &mut notice)
    })??;
    if arguments.json {
        print_json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
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

/// `act5` or `act5:12`.
fn parse_unit(unit: &str) -> Result<(&str, Option<usize>)> {
    let Some((layer, index)) = unit.split_once(':') else { return Ok((unit, None)) };
    let index = index.parse().map_err(|_| {
        let place = format!("--unit {unit}");
        Error::usage(place, "expected a layer's name, or its name, a colon and a number")
    })?;
    Ok((layer, Some(index)))
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
}

impl Action for Score<'_> {
    type Output = Rescore;

    fn run<T: Task>(self) -> Result<Rescore> {
        rescore::<T>(self.run, self.document, self.split)
    }
}

struct Look<'a>(&'a Document);

impl Action for Look<'_> {
    type Output = Inspection;

    fn run<T: Task>(self) -> Result<Inspection> {
        look::<T>(self.0)
    }
}

struct Resolve<'a>(&'a Document);

impl Action for Resolve<'_> {
    type Output = reproduce::Resolved;

    fn run<T: Task>(self) -> Result<reproduce::Resolved> {
        reproduce::resolve::<T>(self.0)
    }
}

struct Estimate<'a>(&'a Document);

impl Action for Estimate<'_> {
    type Output = reproduce::Estimate;

    fn run<T: Task>(self) -> Result<reproduce::Estimate> {
        reproduce::estimate::<T>(self.0)
    }
}

/// The configuration of a run directory.
fn run_document(run: &Path, overrides: Vec<Override>) -> Result<Document> {
    let path = run.join("config.toml");
    if !path.is_file() {
        let place = run.display().to_string();
        let problem = "not a run directory: found no config.toml in it";
        let hint = "a run's directory is printed when it ends: runs/SCALE/NAME/seed-N";
        return Err(Error::usage(place, problem).with_hint(hint));
    }
    Document::read(&path, overrides)
}

fn source_override(source: Option<&str>) -> Option<Override> {
    source.map(|source| Override::text("data.source", source, format!("--data {source}")))
}

/// Runs work in a pool of so many threads, or of one a core.
fn in_pool<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> Result<R> {
    check_threads(threads)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| Error::usage("--threads", error.to_string()))?;
    Ok(pool.install(work))
}

fn check_threads(threads: Option<usize>) -> Result<()> {
    match threads {
        Some(0) => Err(Error::usage("--threads 0", "expected at least 1")),
        _ => Ok(()),
    }
}

fn software() -> Software {
    let git = option_env!("APL_GIT").map(String::from);
    Software { version: env!("CARGO_PKG_VERSION").into(), git }
}
