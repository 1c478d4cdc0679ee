//! Where a run begins: at step 0, which is recorded, or at its checkpoint.

use std::path::Path;

use crate::{
    Result, Task,
    checkpoint::{self, Running, State},
    device,
    feed::Batches,
    host::simd_level,
    learner::Learner,
    model,
    plan::Plan,
    record,
    run::{
        Snapshots, Summary,
        activations::Activations,
        events::{Events, Known},
        file, metrics, preprocessing,
    },
    task::Split,
};

/// What a run knows when it begins or goes on.
pub struct Start {
    /// The step and the sums since the last evaluation.
    pub state: State,
    /// The snapshots up to that step.
    pub snapshots: Snapshots,
    /// The activations at step 0.
    pub activations: Activations,
    /// The event file, where one is wanted.
    pub events: Option<Events>,
    /// The best score on the validation split so far.
    pub best: Option<f64>,
    /// What a reader of the numbers should know.
    pub warnings: Vec<String>,
}

/// Records step 0 of a new run; puts network and optimiser of an unfinished one back to its checkpoint, and its files back to what they were then.
///
/// # Errors
/// A damaged checkpoint or record; what the file system reports.
pub fn start<T: Task>(
    plan: &Plan<T>,
    data: &T::Dataset,
    directory: &Path,
    summary: &Summary,
    learner: &mut Learner,
    batches: &Batches,
) -> Result<Start> {
    let Learner { network, optimizer, .. } = learner;
    // Step 0 is recorded once; a run that was killed in between records it again, from the same seed.
    let activations = match Activations::read(directory)? {
        Some(activations) => activations,
        None => {
            file::write_text(&directory.join("config.toml"), &plan.config.to_toml()?)?;
            if let Some(fitted) = T::preprocessing(data) {
                preprocessing::write(directory, &fitted)?;
            }
            let activation = network.parameters().iter().filter(|p| p.role.is_activation());
            let path = directory.join("initial.safetensors");
            model::write(&path, activation, &summary.hash, 0)?;
            let sampler = record::observe(plan, data, network, batches)?;
            let activations = record::before(network, &sampler)?;
            activations.write(directory)?;
            activations
        }
    };
    let restored = checkpoint::restore(directory, &summary.hash, network.parameters(), optimizer)?;
    let mut snapshots = match restored {
        Some(_) => Snapshots::read(directory)?.unwrap_or_default(),
        None => {
            let mut snapshots = Snapshots::default();
            record::snapshot(&mut snapshots, network, 0, plan.config.record.units)?;
            snapshots
        }
    };
    let new = State {
        step: 0,
        running: Running::default(),
        time: Default::default(),
        version: summary.software.version.clone(),
        level: simd_level().into(),
        device: device::name(network.device()),
    };
    let mut state = restored.unwrap_or_else(|| new.clone());
    snapshots.cut_back(state.step);
    // Sums that are not empty belong to an evaluation that is still to come, perhaps of this very step.
    let evaluated = state.running == Running::default();
    let before = state.step + u64::from(evaluated);
    let known = metrics::cut_back(directory, before)?;
    let events = plan.config.record.tensorboard.then(|| {
        let known = Known { before, evaluations: &known, activations: &activations };
        Events::open(directory, &T::measure().name, known)
    });
    let events = events.transpose()?;
    let mut warnings = Vec::new();
    for (what, now, then) in [
        ("version", new.version, &mut state.version),
        ("CPU level", new.level, &mut state.level),
        ("device", new.device, &mut state.device),
    ] {
        if then.is_empty() {
            *then = now;
        } else if now != *then {
            warnings.push(format!(
                "resumed at step {} with {what} {now} after {then}: not bit-identical to an uninterrupted run",
                state.step
            ));
            *then = now;
        }
    }
    let better = T::measure().better;
    let validated = known.iter().filter(|line| line.split == Split::Validation.name());
    let best = validated
        .filter_map(|line| line.score)
        .reduce(|best, score| if better.is_better(score, best) { score } else { best });
    Ok(Start { state, snapshots, activations, events, best, warnings })
}
