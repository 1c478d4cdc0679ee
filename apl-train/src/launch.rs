//! From a configuration file to a finished run.

use std::{fmt, path::PathBuf};

use apl_core::nn::{Chain, Setup};
use apl_core::random::Streams;
use candle_core::{DType, Device};

use crate::{
    Environment, Error, Result, Task,
    config::{Document, Kind},
    optimizer::Sgd,
    plan::Plan,
    run::{
        ActivationSummary, FORMAT, Host, Measure, Opened, ParameterCounts, RunDirectory, Score,
        Software, Status, Summary, Time,
    },
    task::Split,
    train::{Settings, train},
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The configuration and its overrides.
    pub document: Document,
    /// Where runs are kept.
    pub runs: PathBuf,
    /// Move an earlier run aside and start anew.
    pub fresh: bool,
    /// The program.
    pub software: Software,
    /// How it is carried out.
    pub settings: Settings,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The run's summary.
    pub summary: Summary,
    /// The run's directory.
    pub directory: PathBuf,
    /// Whether it was done before.
    pub already: bool,
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { id, seed, status, score, step, steps, time, .. } = &self.summary;
        let mut state = status.name().to_string();
        if self.already {
            state.push_str(" before");
        }
        write!(f, "{id}, seed {seed}: {state}")?;
        if let Some(Score { measure: Measure { name, unit, .. }, value, split }) = score {
            write!(f, ", {split} {name} {value:.2} {unit}")?;
        } else {
            write!(f, " at step {step} of {steps}; the same command goes on from there")?;
        }
        let seconds = time.training + time.evaluation;
        writeln!(f, " ({seconds:.0} s, {:.0} examples/s)", time.examples_per_second)?;
        writeln!(f, "{}", self.directory.display())
    }
}

/// Trains what a request asks for, from the beginning, from where it was interrupted, or not at all where it is done.
///
/// # Errors
/// A configuration that cannot be used, data that cannot be read, a directory that cannot be used, a training that fails.
pub fn launch<T: Task>(request: &Request) -> Result<Finished> {
    let plan = Plan::<T>::from_document(&request.document)?;
    let network = build(&plan).map_err(|error| request.document.blame(error))?;
    let mut warnings = Vec::new();
    let data = T::load(&plan.config, &Environment::read(), &mut |text| warnings.push(text))?;
    if !request.settings.quiet {
        warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    }
    for split in [Split::Train, Split::Test] {
        if T::examples(&data, split) == 0 {
            let problem = format!("the {} split has no examples", split.name());
            return Err(Error::usage("data", problem));
        }
    }
    let hash = plan.config.hash(&T::describe(&data))?;
    let path = plan.identity.directory(&request.runs);
    let (directory, found) = RunDirectory::open(&path, &hash, request.fresh)?;
    let mut summary = summary(&plan, &network, &data, hash, request)?;
    match found {
        Opened::Done(summary) => {
            return Ok(Finished { summary: *summary, directory: path, already: true });
        }
        Opened::Unfinished(earlier) => summary.warnings = earlier.warnings,
        Opened::New => {}
    }
    for warning in warnings {
        if !summary.warnings.contains(&warning) {
            summary.warnings.push(warning);
        }
    }
    drop(network);
    let summary = train(&plan, &data, directory.path(), summary, &request.settings)?;
    Ok(Finished { summary, directory: path, already: false })
}

/// The network of a plan at step 0.
///
/// # Errors
/// What the task reports.
pub fn build<T: Task>(plan: &Plan<T>) -> Result<Chain> {
    let streams = Streams::new(plan.config.seed);
    let setup = Setup { streams, dtype: DType::F32, device: Device::Cpu };
    let network = T::network(&plan.config, &plan.activation, &setup)?;
    // The patterns of optimizer.groups are checked against the names.
    Sgd::new(network.parameters(), &plan.config.optimizer)?;
    Ok(network)
}

/// Numbers of a network.
pub fn count(network: &Chain, optimizer: &Sgd) -> ParameterCounts {
    let of = |activation: bool| {
        let some = network.parameters().iter().filter(|p| p.role.is_activation() == activation);
        some.map(|parameter| parameter.value.elem_count()).sum()
    };
    ParameterCounts { weights: of(false), activation: of(true), learned: optimizer.learned() }
}

fn summary<T: Task>(
    plan: &Plan<T>,
    network: &Chain,
    data: &T::Dataset,
    hash: String,
    request: &Request,
) -> Result<Summary> {
    let section = &plan.config.activation;
    let learned = |learned: bool| String::from(if learned { "learned" } else { "frozen" });
    let parameter = |section: Option<crate::config::ParameterSection>| {
        section.filter(|_| plan.config.activation.kind == Kind::Apl).map(|s| learned(s.learned))
    };
    let sharing = network.layers().find_map(|layer| layer.activation()?.sharing());
    let optimizer = Sgd::new(network.parameters(), &plan.config.optimizer)?;
    Ok(Summary {
        format: FORMAT,
        id: plan.identity.id.clone(),
        task: T::NAME.into(),
        seed: plan.config.seed,
        status: Status::Running,
        hash,
        score: None,
        activation: ActivationSummary {
            kind: section.kind.name().into(),
            hinges: section.hinges.unwrap_or(0),
            sharing: sharing.map(|sharing| sharing.name().into()),
            slopes: parameter(section.slopes),
            offsets: parameter(section.offsets),
        },
        parameters: count(network, &optimizer),
        step: 0,
        steps: plan.steps(),
        batch: plan.config.optimizer.batch,
        time: Time::default(),
        data: T::describe(data),
        software: request.software.clone(),
        host: Host::this(rayon::current_num_threads(), "cpu"),
        warnings: Vec::new(),
    })
}
