//! The training loop.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use apl_core::{
    nn::{Chain, Context, Setup},
    random::Streams,
};
use candle_core::{DType, Device, Tensor};

use crate::{
    Error, Result, Task,
    checkpoint::{self, Running, State},
    divergence,
    evaluate::{Outcome, evaluate, gather},
    feed::{Batches, Feed},
    host::simd_level,
    interrupt::Interrupt,
    model,
    optimizer::Sgd,
    plan::Plan,
    progress::Progress,
    record::{self, Sampler},
    run::{
        Predictions, Score, Snapshots, Status, Summary,
        activations::Activations,
        curves, file,
        metrics::{self, Evaluation},
    },
    task::Split,
};

/// A minute of training without a checkpoint makes one.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(60);

/// How a run is carried out; nothing here changes a number.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Asks the run to stop.
    pub interrupt: Interrupt,
    /// Shows no progress.
    pub quiet: bool,
}

/// Trains a network from where its run directory says it stands to its end, or until it is interrupted. `summary` is the run's; what comes back is
/// its last state, which `summary.json` holds too.
///
/// # Errors
/// A training that diverges, a full disk, a damaged checkpoint. The summary then says `failed` and why; what was written before stays.
pub fn train<T: Task>(
    plan: &Plan<T>,
    data: &T::Dataset,
    directory: &Path,
    summary: Summary,
    settings: &Settings,
) -> Result<Summary> {
    let mut training = Training::start(plan, data, directory, summary, settings)?;
    match training.run() {
        Ok(status) => {
            training.summarise(status)?;
            Ok(training.summary)
        }
        Err(error) => {
            // The first error is the one to tell, also where the summary cannot be written for the same reason.
            let _ = training.summarise(Status::Failed { why: error.to_string() });
            Err(error)
        }
    }
}

/// A network in training, with all it needs.
struct Training<'a, T: Task> {
    plan: &'a Plan<T>,
    data: &'a T::Dataset,
    directory: &'a Path,
    settings: &'a Settings,
    summary: Summary,
    streams: Streams,
    network: Chain,
    optimizer: Sgd,
    feed: Feed,
    batches: Batches,
    gradient: Tensor,
    /// The last batch's outputs.
    seen: Predictions,
    state: State,
    snapshots: Snapshots,
    activations: Activations,
    best: Option<f64>,
    progress: Progress,
    last_checkpoint: (u64, Instant),
}

impl<'a, T: Task> Training<'a, T> {
    /// The network at step 0, or at its checkpoint.
    fn start(
        plan: &'a Plan<T>,
        data: &'a T::Dataset,
        directory: &'a Path,
        mut summary: Summary,
        settings: &'a Settings,
    ) -> Result<Self> {
        let (dtype, device, batch) = (DType::F32, Device::Cpu, plan.config.optimizer.batch);
        let streams = Streams::new(plan.config.seed);
        let setup = Setup { streams, dtype, device: device.clone() };
        let mut network = T::network(&plan.config, &plan.activation, &setup)?;
        let optimizer = Sgd::new(network.parameters(), &plan.config.optimizer)?;
        let batches = Batches::new::<T>(data, batch, dtype, &device)?;
        let scores = network.shapes().last().cloned().unwrap_or_default();
        let gradient = Tensor::zeros([&[batch], scores.as_slice()].concat(), dtype, &device)?;

        // The summary comes first: it tells whose files these are.
        if !directory.join("summary.json").exists() {
            summary.write(directory)?;
        }
        // Step 0 is recorded once; a run that was killed in between records it again, from the same seed.
        let activations = match Activations::read(directory)? {
            Some(activations) => activations,
            None => {
                file::write_text(&directory.join("config.toml"), &plan.config.to_toml()?)?;
                let activation = network.parameters().iter().filter(|p| p.role.is_activation());
                let path = directory.join("initial.safetensors");
                model::write(&path, activation, &summary.hash, 0)?;
                let sampler = sample(plan, data, &mut network, &batches)?;
                let activations = record::before(&network, &sampler)?;
                activations.write(directory)?;
                activations
            }
        };
        let mut snapshots = Snapshots::read(directory)?.unwrap_or_default();
        let fresh = State {
            step: 0,
            running: Running::default(),
            time: Default::default(),
            version: summary.software.version.clone(),
            level: simd_level().into(),
        };
        let restored =
            checkpoint::restore(directory, &summary.hash, network.parameters(), &optimizer)?;
        let mut state = restored.clone().unwrap_or(fresh.clone());
        let known = metrics::cut_back(directory, state.step)?;
        snapshots.cut_back(state.step);
        if restored.is_none() {
            snapshots = Snapshots::default();
            record::snapshot(&mut snapshots, &network, 0, plan.config.record.units)?;
        }
        for (what, now, then) in [
            ("version", &fresh.version, &mut state.version),
            ("CPU level", &fresh.level, &mut state.level),
        ] {
            if now != then {
                let step = state.step;
                summary.warnings.push(format!(
                    "resumed at step {step} with {what} {now} after {then}: not bit-identical to an uninterrupted run"
                ));
                then.clone_from(now);
            }
        }
        let measure = T::measure();
        let validated = known.iter().filter(|line| line.split == Split::Validation.name());
        let best = validated
            .filter_map(|line| line.score)
            .reduce(|best, score| if measure.better.is_better(score, best) { score } else { best });
        let progress =
            Progress::start(settings.quiet, state.step, plan.steps(), batch, T::measure());
        if state.step > 0 {
            progress.say(&format!("resumed at step {} of {}", state.step, plan.steps()));
        }
        let mut training = Self {
            feed: Feed::new(streams, batch),
            last_checkpoint: (state.step, Instant::now()),
            seen: Predictions::default(),
            plan,
            data,
            directory,
            settings,
            summary,
            streams,
            network,
            optimizer,
            batches,
            gradient,
            state,
            snapshots,
            activations,
            best,
            progress,
        };
        training.summarise(Status::Running)?;
        Ok(training)
    }

    /// Step after step, with evaluations, snapshots and checkpoints where they are due.
    fn run(&mut self) -> Result<Status> {
        let record = &self.plan.config.record;
        let steps = self.plan.steps();
        while self.state.step < steps {
            self.step().map_err(|error| self.explain(error))?;
            let step = self.state.step;
            if Snapshots::due(step, steps) {
                record::snapshot(&mut self.snapshots, &self.network, step, record.units)?;
                self.snapshots.write(self.directory)?;
            }
            if step == steps {
                return self.finish();
            }
            let evaluated = step.is_multiple_of(record.evaluate_every);
            if evaluated {
                self.evaluate().map_err(|error| self.explain(error))?;
            }
            let interrupted = self.settings.interrupt.raised();
            let every = record.checkpoint_every.unwrap_or(record.evaluate_every);
            let waited = self.last_checkpoint.1.elapsed() >= CHECKPOINT_AFTER;
            if interrupted || waited || step.is_multiple_of(every) {
                self.checkpoint().map_err(|error| self.explain(error))?;
            }
            if interrupted {
                self.progress.finish();
                return Ok(Status::Interrupted);
            }
        }
        self.finish()
    }

    /// Forward, loss, backward, update.
    fn step(&mut self) -> Result<()> {
        let started = Instant::now();
        let (step, optimizer) = (self.state.step, &self.plan.config.optimizer);
        let (inputs, targets) = self.feed.fill::<T>(self.data, step, &self.batches)?;
        let mut context = Context::training(step, self.streams);
        let scores = self.network.forward(&inputs, &mut context)?;
        let loss = T::LOSS.evaluate(&scores, &targets, Some(&self.gradient))?;
        if loss.is_nan() || loss > optimizer.loss_limit {
            return Err(self.diverged(loss, &inputs));
        }
        self.network.backward(&inputs, &self.gradient, &mut context)?;
        self.optimizer.step(self.plan.rates.at(step), self.plan.momentum.at(step))?;
        self.seen.clear();
        gather(&mut self.seen, &scores, &targets)?;
        self.state.running.add(optimizer.batch, loss, T::score(&self.seen));
        self.state.step += 1;
        self.state.time.training += started.elapsed().as_secs_f64();
        self.progress.step(self.state.step, self.state.running.means());
        Ok(())
    }

    /// Scores the validation and test splits and writes a line for each, and one for the training since the last.
    fn evaluate(&mut self) -> Result<Outcome> {
        let started = Instant::now();
        let mut lines = Vec::new();
        if let Some((loss, score)) = self.state.running.means() {
            lines.push(self.line(Split::Train, loss, Some(score)));
        }
        self.state.running = Running::default();
        if T::examples(self.data, Split::Validation) > 0 {
            let outcome = self.score(Split::Validation)?;
            lines.push(self.line(Split::Validation, outcome.loss, Some(outcome.score)));
            let better = |best| T::measure().better.is_better(outcome.score, best);
            if self.best.is_none_or(better) {
                self.best = Some(outcome.score);
                self.write_model("best.safetensors")?;
            }
        }
        let outcome = self.score(Split::Test)?;
        lines.push(self.line(Split::Test, outcome.loss, Some(outcome.score)));
        self.state.time.evaluation += started.elapsed().as_secs_f64();
        metrics::append(self.directory, &lines)?;
        self.progress.evaluated(&lines);
        Ok(outcome)
    }

    /// A split's loss and score; a loss that is no number is a divergence that the next step would find.
    fn score(&mut self, split: Split) -> Result<Outcome> {
        let network = &mut self.network;
        let outcome = evaluate::<T>(network, self.data, split, None, &self.batches, None)?;
        if outcome.loss.is_finite() {
            return Ok(outcome);
        }
        Err(Error::Diverged {
            step: self.state.step,
            what: format!("the {} loss is {}", split.name(), outcome.loss),
            layer: "loss".into(),
            checkpoint: self.last_good(),
        })
    }

    fn line(&self, split: Split, loss: f64, score: Option<f64>) -> Evaluation {
        let (step, last) = (self.state.step, self.state.step.saturating_sub(1));
        let seen = step as f64 * self.plan.config.optimizer.batch as f64;
        Evaluation {
            step,
            epoch: seen / T::examples(self.data, Split::Train).max(1) as f64,
            split: split.name().into(),
            loss,
            score,
            lr: self.plan.rates.at(last),
            momentum: self.plan.momentum.at(last),
            seconds: self.state.time.training + self.state.time.evaluation,
        }
    }

    /// Where the run can go on from after a kill.
    fn checkpoint(&mut self) -> Result<()> {
        let (parameters, hash) = (self.network.parameters(), &self.summary.hash);
        checkpoint::write(self.directory, hash, &self.state, parameters, &self.optimizer)?;
        self.last_checkpoint = (self.state.step, Instant::now());
        self.summarise(Status::Running)
    }

    /// The last evaluation and everything that is kept of a finished run.
    fn finish(&mut self) -> Result<Status> {
        let outcome = self.evaluate().map_err(|error| self.explain(error))?;
        let started = Instant::now();
        let sampler = sample(self.plan, self.data, &mut self.network, &self.batches)?;
        record::after(&mut self.activations, &self.network, &sampler)?;
        self.activations.write(self.directory)?;
        outcome.predictions.write(self.directory)?;
        curves::write(self.directory, &T::curves(&outcome.predictions))?;
        self.write_model("model.safetensors")?;
        self.state.time.evaluation += started.elapsed().as_secs_f64();
        let (measure, value) = (T::measure(), outcome.score);
        self.summary.score = Some(Score { measure, value, split: Split::Test.name().into() });
        self.summarise(Status::Done)?;
        checkpoint::remove(self.directory)?;
        self.progress.finish();
        Ok(Status::Done)
    }

    fn write_model(&self, name: &str) -> Result<()> {
        let parameters = self.network.parameters().iter();
        let (path, hash) = (self.directory.join(name), &self.summary.hash);
        model::write(&path, parameters, hash, self.state.step)
    }

    fn summarise(&mut self, status: Status) -> Result<()> {
        let mut time = self.state.time;
        let examples = self.state.step as f64 * self.plan.config.optimizer.batch as f64;
        time.examples_per_second = if time.training > 0.0 { examples / time.training } else { 0.0 };
        self.summary.status = status;
        self.summary.step = self.state.step;
        self.summary.time = time;
        self.summary.write(self.directory)
    }

    fn diverged(&mut self, loss: f64, inputs: &Tensor) -> Error {
        let context = Context::training(self.state.step, self.streams);
        let layer = divergence::first_layer(&mut self.network, inputs, context);
        let what = format!("the loss is {loss} (limit {})", self.plan.config.optimizer.loss_limit);
        Error::Diverged { step: self.state.step, what, layer, checkpoint: self.last_good() }
    }

    /// A parameter that is no longer finite means that the training diverged.
    fn explain(&self, error: Error) -> Error {
        match divergence::of_parameter(&error) {
            Some((layer, what)) => {
                Error::Diverged { step: self.state.step, what, layer, checkpoint: self.last_good() }
            }
            None => error,
        }
    }

    fn last_good(&self) -> String {
        divergence::last_good(self.directory, self.last_checkpoint.0)
    }
}

fn sample<T: Task>(
    plan: &Plan<T>,
    data: &T::Dataset,
    network: &mut Chain,
    batches: &Batches,
) -> Result<Sampler> {
    let examples = plan.config.record.sample.min(T::examples(data, Split::Test));
    let mut sampler = Sampler::new(examples.div_ceil(batches.size()));
    let split = Split::Test;
    evaluate::<T>(network, data, split, Some(examples), batches, Some(&mut sampler))?;
    Ok(sampler)
}
