//! From a configuration file to a finished run.

use std::{fmt, path::PathBuf};

use apl_core::nn::{Chain, Parameter, Setup};
use apl_core::random::Streams;
use candle_core::{DType, Device};

use crate::{
    Environment, Error, Result, Task, checkpoint,
    config::{Document, Kind, OptimizerSection},
    device,
    host::memory,
    notice::notice,
    optimizer::{check_patterns, learned},
    plan::Plan,
    run::{
        ActivationSummary, FORMAT, Host, Opened, ParameterCounts, RunDirectory, Software, Status,
        Summary, Time,
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
        if let Some(score) = score {
            write!(f, ", {score}")?;
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
    let document = &request.document;
    let plan = Plan::<T>::from_document(document)?;
    let device = request.settings.device.open()?;
    let network = build_on(&plan, &device)
        .map_err(device::explain)
        .and_then(|network| check_memory(&network, &plan).map(|()| network))
        .map_err(|error| document.blame(error))?;
    let mut warnings = Vec::new();
    let data = load(&plan, document, &request.settings, &mut |text| warnings.push(text))?;
    for split in [Split::Train, Split::Test] {
        if T::examples(&data, split) == 0 {
            let problem = format!("the {} split has no examples", split.name());
            return Err(document.blame(Error::usage("data", problem)));
        }
    }
    let hash = plan.config.hash(&T::describe(&data))?;
    let path = plan.identity.directory(&request.runs);
    let (directory, found) = RunDirectory::open(&path, &hash, request.fresh)?;
    let mut summary = summary(&plan, &network, &data, hash, request);
    match found {
        Opened::Done(summary) => {
            // A run that was killed at its very end leaves one.
            checkpoint::remove(&path);
            return Ok(Finished { summary: *summary, directory: path, already: true });
        }
        Opened::Unfinished(earlier) => {
            let earlier = *earlier;
            (summary.step, summary.time) = (earlier.step, earlier.time);
            summary.warnings = earlier.warnings;
        }
        Opened::New => {}
    }
    warnings.into_iter().for_each(|warning| summary.warn(warning));
    let summary = train(&plan, network, &data, directory.path(), summary, &request.settings)?;
    Ok(Finished { summary, directory: path, already: false })
}

/// Loads a task's data; warnings are shown, and told to `warn`. An error about a key that an argument set names the argument.
///
/// # Errors
/// What the task reports.
pub fn load<T: Task>(
    plan: &Plan<T>,
    document: &Document,
    settings: &Settings,
    warn: &mut dyn FnMut(String),
) -> Result<T::Dataset> {
    let mut tell = |warning: String| {
        notice(&format!("warning: {warning}"));
        warn(warning);
    };
    T::load(&plan.config, &Environment::read(), settings, &mut tell)
        .map_err(|error| document.blame(error))
}

/// Refuses a batch that cannot fit: better now than when the system ends the process in the middle of a step.
fn check_memory<T: Task>(network: &Chain, plan: &Plan<T>) -> Result<()> {
    let batch = plan.config.optimizer.batch;
    let values: usize = Parameter::counts(network.parameters()).iter().sum();
    // Values, gradients and velocities, beside what flows through the layers.
    let needed = (network.bytes_for(batch) as u64).saturating_add(values as u64 * 3 * 4);
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    match memory() {
        Some(memory) if needed > memory => Err(Error::usage(
            "optimizer.batch",
            format!(
                "found {batch}, whose steps need {:.1} GiB of memory; this machine has {:.1} GiB",
                gib(needed),
                gib(memory)
            ),
        )
        .with_hint("choose smaller batches or a narrower network")),
        _ => Ok(()),
    }
}

/// The network of a plan at step 0, on the processor.
///
/// # Errors
/// What the task reports.
pub fn build<T: Task>(plan: &Plan<T>) -> Result<Chain> {
    build_on(plan, &Device::Cpu)
}

/// The network of a plan at step 0, on a device.
///
/// # Errors
/// What the task reports.
pub(crate) fn build_on<T: Task>(plan: &Plan<T>, device: &Device) -> Result<Chain> {
    let streams = Streams::new(plan.config.seed);
    let setup = Setup { streams, dtype: DType::F32, device: device.clone() };
    let network = T::network(&plan.config, &plan.activation, &setup)?;
    check_patterns(network.parameters(), &plan.config.optimizer)?;
    Ok(network)
}

/// Numbers of a network.
pub fn count(network: &Chain, optimizer: &OptimizerSection) -> ParameterCounts {
    let [weights, activation] = Parameter::counts(network.parameters());
    let learned = learned(network.parameters(), optimizer);
    let learned = learned.map(|(parameter, _)| parameter.value.elem_count()).sum();
    ParameterCounts { weights, activation, learned }
}

fn summary<T: Task>(
    plan: &Plan<T>,
    network: &Chain,
    data: &T::Dataset,
    hash: String,
    request: &Request,
) -> Summary {
    let section = &plan.config.activation;
    let learned = |learned: bool| String::from(if learned { "learned" } else { "frozen" });
    let parameter = |section: Option<crate::config::ParameterSection>| {
        section.filter(|_| plan.config.activation.kind == Kind::Apl).map(|s| learned(s.learned))
    };
    let sharing = network.layers().find_map(|layer| layer.activation()?.sharing());
    Summary {
        format: FORMAT,
        id: plan.identity.id.clone(),
        task: T::NAME.into(),
        seed: plan.config.seed,
        status: Status::Running,
        hash,
        score: None,
        scores: Vec::new(),
        activation: ActivationSummary {
            kind: section.kind.name().into(),
            hinges: section.hinges.unwrap_or(0),
            sharing: sharing.map(|sharing| sharing.name().into()),
            slopes: parameter(section.slopes),
            offsets: parameter(section.offsets),
        },
        parameters: count(network, &plan.config.optimizer),
        step: 0,
        steps: plan.steps(),
        batch: plan.config.optimizer.batch,
        time: Time::default(),
        data: T::describe(data),
        software: request.software.clone(),
        host: Host::this(rayon::current_num_threads(), &device::name(network.device())),
        algorithms: network
            .algorithms(plan.config.optimizer.batch)
            .map(|(layer, algorithm)| (layer.to_string(), algorithm))
            .collect(),
        warnings: Vec::new(),
    }
}
