//! What a run will cost, from a few steps on made-up examples.

use std::time::{Duration, Instant};

use apl_core::{nn::Parameter, random::Streams};

use crate::{
    Result, Task,
    config::Document,
    device::{self, Place},
    launch,
    ledger::GATHERED,
    need::Need,
    plan::Plan,
    run::{Snapshots, events::Events},
    task::Split,
    trial::Trial,
};

/// What a run costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Seconds on every thread of this pool, or of a GPU that has nothing else to do; data loading left out.
    pub seconds: f64,
    /// Bytes that stay on the disk.
    pub kept: u64,
    /// Bytes of a checkpoint, which are there besides while the run is under way.
    pub checkpoint: u64,
    /// Bytes of a GPU's memory, were it to compute: with its splits, where their sizes are known before they are read.
    pub gpu: u64,
}

/// How long steps are timed.
const TIMED: Duration = Duration::from_millis(700);

/// Times steps and evaluations of a configuration's network on a device, on made-up examples.
///
/// # Errors
/// A configuration that cannot be used, or does not fit into the device's memory.
pub fn estimate<T: Task>(document: &Document, place: &Place) -> Result<Estimate> {
    let plan = Plan::<T>::from_document(document)?;
    let (config, steps) = (&plan.config, plan.steps());
    plan.calculate_on(&place.device).map_err(|error| document.blame(error))?;
    let network = launch::build_on(&plan, &place.device);
    let network = network.map_err(|error| device::explain(document.blame(error)))?;
    let need = Need::of(&plan, &network, |split| T::expected(config, split).unwrap_or(0));
    need.check(place, document)?;
    let [weights, activation] = Parameter::counts(network.parameters());
    let velocities = launch::count(&network, &config.optimizer).learned;
    let snapshots = Snapshots::count(steps);
    let layers = network.layers().filter_map(|layer| layer.activation());
    let hinges: Vec<u64> = layers.map(|activation| activation.hinges() as u64).collect();
    let scores: usize = network.shapes().last().map_or(0, |shape| shape.iter().product());
    let test = T::expected(config, Split::Test).unwrap_or(0);
    let evaluated = test + T::expected(config, Split::Validation).unwrap_or(0);
    // Networks twice where there is a best one; the activations at step 0, and before and after in the record.
    let networks = if T::expected(config, Split::Validation).unwrap_or(0) > 0 { 2 } else { 1 };
    let numbers = networks * (weights + activation) + 3 * activation + test * (scores + 1);
    let numbers =
        numbers as u64 + snapshots * config.record.units as u64 * 2 * hinges.iter().sum::<u64>();

    let mut trial = Trial::new(network, &config.optimizer, T::LOSS, Streams::new(config.seed))?;
    let step = match place.device.is_cpu() {
        true => time(|| trial.step().map(drop))?,
        false => time(|| trial.steps(GATHERED))? / GATHERED as f64,
    };
    let evaluation = time(|| trial.evaluate().map(drop))? / config.optimizer.batch as f64;
    let evaluations = steps.div_ceil(config.record.evaluate_every);
    let learning = hinges.iter().filter(|&&hinges| hinges > 0).count() as u64;
    let events = if config.record.tensorboard { Events::bytes(evaluations, learning) } else { 0 };
    Ok(Estimate {
        seconds: steps as f64 * step + evaluations as f64 * evaluated as f64 * evaluation,
        kept: 4 * numbers + events,
        checkpoint: 4 * (weights + activation + velocities) as u64,
        gpu: need.on_gpu(),
    })
}

/// Seconds of one call, the mean of those timed after a first that is not.
fn time(mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    call()?;
    let (started, mut calls) = (Instant::now(), 0);
    while calls == 0 || started.elapsed() < TIMED {
        call()?;
        calls += 1;
    }
    Ok(started.elapsed().as_secs_f64() / f64::from(calls))
}
