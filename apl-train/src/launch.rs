//! From a configuration file to a finished run.

use std::{fmt, path::PathBuf};

use apl_core::{
    nn::{Chain, Parameter, Setup},
    random::Streams,
};
use candle_core::{DType, Device};

use crate::{
    Environment, Error, Result, Task, checkpoint,
    config::{Document, Kind, OptimizerSection},
    device::{self, Place},
    need::Need,
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
    let place = Place::new(request.settings.device)?;
    plan.calculate_on(&place.device).map_err(|error| document.blame(error))?;
    let network = build_on(&plan, &place.device);
    let network = network.map_err(|error| device::explain(document.blame(error)))?;
    let expected = |split| T::expected(&plan.config, split).unwrap_or(0);
    Need::of(&plan, &network, expected).check(&place, document)?;
    let mut warnings = Vec::new();
    let data = load(&plan, document, &request.settings, &mut |text| warnings.push(text))?;
    // The data may be more than was known before.
    let loaded = |split| T::examples(&data, split);
    Need::of(&plan, &network, loaded).check(&place, document)?;
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
