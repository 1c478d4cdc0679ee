//! The training loop.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use apl_core::{
    nn::{Chain, Context},
    random::Streams,
};
use candle_core::DType;

use crate::{
    Error, Result, Task,
    checkpoint::{self, Running, State},
    config::OptimizerSection,
    device::{self, Compute},
    divergence, ensemble,
    evaluate::{Outcome, evaluate},
    feed::{Batches, Feed, Shown},
    interrupt::Interrupt,
    learner::Learner,
    ledger::{GATHERED, Ledger, Seen},
    model,
    notice::notice,
    plan::Plan,
    progress::Progress,
    record,
    run::{
        Predictions, Snapshots, Status, Summary,
        activations::Activations,
        curves,
        events::Events,
        metrics::{self, Evaluation},
    },
    start::{Start, start},
    task::{Findings, Split},
};

/// A minute of training without a checkpoint makes one.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(60);
/// An evaluation makes one if so many times its writing have passed since the last: what is lost by a kill stays small beside what is saved.
const APART: u32 = 20;

/// How a run is carried out; nothing here changes what is computed.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Asks the run to stop.
    pub interrupt: Interrupt,
    /// Shows no progress.
    pub quiet: bool,
    /// What computes. Its arithmetic rounds in its own way, so that numbers of different devices agree to rounding only.
    pub device: Compute,
    /// Steps that may pass before their losses are looked at, where the device's own number is not wanted.
    pub gathered: Option<usize>,
}

/// Trains a network, built by the plan and at step 0, from where its run directory says it stands to its end, or until it is interrupted. `summary` is
/// the run's; what comes back is its last state, which `summary.json` holds too.
///
/// # Errors
/// A training that diverges, a full disk, a damaged checkpoint. The summary then says `failed` and why; what was written before stays.
pub fn train<T: Task>(
    plan: &Plan<T>,
    network: Chain,
    data: &T::Dataset,
    directory: &Path,
    summary: Summary,
    settings: &Settings,
) -> Result<Summary> {
    let mut last = summary.clone();
    let begun = Training::start(plan, network, data, directory, summary, settings);
    let ended = begun.and_then(|mut training| {
        let ended = training.run().and_then(|status| training.summarise(status));
        last = training.summary;
        ended
    });
    match ended {
        Ok(()) => {
            if last.status == Status::Done {
                checkpoint::remove(directory);
            }
            Ok(last)
        }
        Err(error) => {
            let error = device::explain(error);
            last.status = Status::Failed { why: error.to_string() };
            // The first error is the one to tell, also where the summary cannot be written for the same reason.
            let _ = last.write(directory);
            Err(error)
        }
    }
}

/// What an evaluation came to.
struct Outcomes {
    /// Of the validation split, where there is one.
    validation: Option<Predictions>,
    test: Outcome,
}

/// A network in training, with all it needs.
struct Training<'a, T: Task> {
    plan: &'a Plan<T>,
    data: &'a T::Dataset,
    directory: &'a Path,
    settings: &'a Settings,
    summary: Summary,
    learner: Learner,
    feed: Feed,
    /// For evaluations.
    batches: Batches,
    ledger: Ledger,
    state: State,
    snapshots: Snapshots,
    activations: Activations,
    /// For TensorBoard, where wanted.
    events: Option<Events>,
    best: Option<f64>,
    progress: Progress,
    last: Last,
}

/// The last checkpoint.
struct Last {
    step: u64,
    /// When it was written, and how long that took.
    at: Instant,
    took: Duration,
    /// The best score that it knew: the network that has it is in a file, which must not be ahead of the checkpoint for long.
    best: Option<f64>,
}

impl<'a, T: Task> Training<'a, T> {
    /// The network at step 0, or at its checkpoint.
    fn start(
        plan: &'a Plan<T>,
        network: Chain,
        data: &'a T::Dataset,
        directory: &'a Path,
        mut summary: Summary,
        settings: &'a Settings,
    ) -> Result<Self> {
        let (dtype, device) = (DType::F32, network.device().clone());
        let batch = plan.config.optimizer.batch;
        // The summary comes first: it tells whose files these are.
        if !Summary::is_in(directory) {
            summary.write(directory)?;
        }
        let streams = Streams::new(plan.config.seed);
        let mut learner = Learner::new(network, &plan.config.optimizer, T::LOSS, streams)?;
        let batches = Batches::new::<T>(data, batch, dtype, &device)?;
        let Start { state, snapshots, activations, events, best, warnings } =
            start(plan, data, directory, &summary, &mut learner, &batches)?;
        for warning in warnings {
            notice(&format!("warning: {warning}"));
            summary.warn(warning);
        }
        let progress =
            Progress::start(settings.quiet, state.step, plan.steps(), batch, T::measure());
        if state.step > 0 {
            progress.say(&format!("resumed at step {} of {}", state.step, plan.steps()));
        }
        let mut training = Self {
            feed: Feed::new::<T>(data, streams, batch, dtype, &device)?,
            last: Last { step: state.step, at: Instant::now(), took: Duration::ZERO, best },
            ledger: Ledger::default(),
            plan,
            data,
            directory,
            settings,
            summary,
            learner,
            batches,
            state,
            snapshots,
            activations,
            events,
            best,
            progress,
        };
        training.summarise(Status::Running)?;
        Ok(training)
    }

    /// Step after step, with evaluations, snapshots and checkpoints where they are due.
    fn run(&mut self) -> Result<Status> {
        let status = self.steps().map_err(|error| self.explain(error));
        self.progress.finish();
        status
    }

    fn steps(&mut self) -> Result<Status> {
        let record = &self.plan.config.record;
        let (steps, interrupt) = (self.plan.steps(), &self.settings.interrupt);
        loop {
            let step = self.state.step;
            let due = step == steps || step.is_multiple_of(record.evaluate_every);
            if due {
                self.settle()?;
            }
            // A run that was interrupted in an evaluation begins with it.
            let seen = self.state.running != Running::default();
            if step == steps || (seen && due) {
                let Some(outcomes) = self.evaluate()? else {
                    self.checkpoint()?;
                    return Ok(Status::Interrupted);
                };
                if step == steps {
                    self.finish(&outcomes)?;
                    return Ok(Status::Done);
                }
            }
            let passed = self.last.at.elapsed();
            let wanted = match record.checkpoint_every {
                Some(every) => step.is_multiple_of(every),
                None => due && (passed >= APART * self.last.took || self.best != self.last.best),
            };
            let wanted = wanted || passed >= CHECKPOINT_AFTER || interrupt.raised();
            if step > self.last.step && wanted {
                self.checkpoint()?;
            }
            if step > 0 && interrupt.raised() {
                return Ok(Status::Interrupted);
            }
            self.step()?;
            let step = self.state.step;
            if Snapshots::due(step, steps) {
                record::snapshot(&mut self.snapshots, &self.learner.network, step, record.units)?;
                self.snapshots.write(self.directory)?;
            }
        }
    }

    /// Forward, loss, backward, update; beside them the next batch is made ready.
    fn step(&mut self) -> Result<()> {
        let started = Instant::now();
        let (step, optimizer) = (self.state.step, &self.plan.config.optimizer);
        let (batch, shown) = self.feed.batch::<T>(self.data, step)?;
        let at_once = self.gathered() == 0;
        let numbers = [self.plan.rates.at(step), self.plan.momentum.at(step)];
        let more = step + 1 < self.plan.steps();
        // A batch that is filled on a GPU is filled in order with the steps.
        let apart = batch.inputs.device().is_cpu();
        let learner = &mut self.learner;
        let mut learn =
            || learner.step(&shown, step, numbers, at_once, |loss| usable(loss, optimizer));
        let mut prepare =
            || if more { self.feed.prepare::<T>(self.data, step + 1) } else { Ok(()) };
        let (learned, prepared) =
            if apart { rayon::join(learn, prepare) } else { (learn(), prepare()) };
        let (scores, loss) = learned?;
        prepared?;
        self.ledger.add(step, loss, &scores, &batch)?;
        self.state.step += 1;
        if self.ledger.len() > self.gathered() {
            self.settle()?;
        }
        let seconds = started.elapsed().as_secs_f64();
        self.state.time.training += seconds;
        self.progress.step(self.state.step, seconds, self.state.running.means());
        Ok(())
    }

    /// Steps that may pass before their losses are looked at.
    fn gathered(&self) -> usize {
        let usual = if self.learner.network.device().is_cpu() { 0 } else { GATHERED };
        self.settings.gathered.unwrap_or(usual)
    }

    /// Looks at the steps that nobody has looked at yet.
    fn settle(&mut self) -> Result<()> {
        let optimizer = &self.plan.config.optimizer;
        for Seen { step, loss, predictions } in self.ledger.settle()? {
            if !usable(loss, optimizer) {
                return Err(self.diverged(step, loss));
            }
            self.state.running.add(optimizer.batch, loss, T::score(&predictions));
        }
        Ok(())
    }

    /// Scores the validation and test splits and writes a line for each, and one for the training since the last. `None`, and nothing written, where
    /// the interrupt came first.
    fn evaluate(&mut self) -> Result<Option<Outcomes>> {
        let started = Instant::now();
        let mut lines = Vec::new();
        if let Some((loss, score)) = self.state.running.means() {
            lines.push(self.line(Split::Train, loss, score));
        }
        let (mut best, mut validation) = (self.best, None);
        if T::examples(self.data, Split::Validation) > 0 {
            let Some(outcome) = self.score(Split::Validation)? else { return Ok(None) };
            lines.push(self.line(Split::Validation, outcome.loss, outcome.score));
            let better = |score| best.is_none_or(|best| T::measure().better.is_better(score, best));
            best = outcome.score.filter(|score| better(*score)).or(best);
            validation = Some(outcome.predictions);
        }
        let Some(test) = self.score(Split::Test)? else { return Ok(None) };
        lines.push(self.line(Split::Test, test.loss, test.score));
        if best != self.best {
            self.best = best;
            self.write_model("best.safetensors")?;
        }
        metrics::append(self.directory, &lines)?;
        if let Some(events) = &self.events {
            events.evaluated(&lines, &record::parameters(&self.learner.network)?)?;
        }
        self.state.running = Running::default();
        self.state.time.evaluation += started.elapsed().as_secs_f64();
        self.progress.evaluated(&lines);
        Ok(Some(Outcomes { validation, test }))
    }

    /// A split's loss and score, or `None` where the interrupt came first; a loss that is no number is a divergence that the next step would find.
    fn score(&mut self, split: Split) -> Result<Option<Outcome>> {
        let (network, interrupt) = (&mut self.learner.network, &self.settings.interrupt);
        let (data, batches) = (self.data, &self.batches);
        let outcome = evaluate::<T>(network, data, split, None, batches, None, interrupt)?;
        let Some(Outcome { loss, .. }) = outcome else { return Ok(None) };
        if loss.is_finite() {
            return Ok(outcome);
        }
        let mut finder = divergence::FirstNotFinite::default();
        let never = Interrupt::default();
        evaluate::<T>(network, data, split, None, batches, Some(&mut finder), &never)?;
        Err(Error::Diverged {
            step: self.state.step,
            what: format!("the {} loss is {loss}", split.name()),
            layer: finder.layer(),
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
        self.settle()?;
        let started = Instant::now();
        let (parameters, hash) = (self.learner.network.parameters(), &self.summary.hash);
        checkpoint::write(self.directory, hash, &self.state, parameters, &self.learner.optimizer)?;
        let at = Instant::now();
        let best = self.best;
        self.last = Last { step: self.state.step, at, took: at - started, best };
        self.summarise(Status::Running)
    }

    /// Writes everything that is kept of a finished run, given its last evaluation.
    fn finish(&mut self, outcomes: &Outcomes) -> Result<()> {
        let started = Instant::now();
        let sampler =
            record::observe(self.plan, self.data, &mut self.learner.network, &self.batches)?;
        record::after(&mut self.activations, &self.learner.network, &sampler)?;
        self.activations.write(self.directory)?;
        if let Some(events) = &self.events {
            events.ended(self.state.step, &self.activations)?;
        }
        let Outcomes { validation, test } = outcomes;
        Predictions::write(self.directory, validation.as_ref(), &test.predictions)?;
        let config = &self.plan.config;
        let findings = T::findings(config, validation.as_ref(), &test.predictions)?;
        let (score, Findings { scores, curves }) =
            ensemble::scores::<T>(self.directory, test.score, findings)?;
        curves::write(self.directory, &curves)?;
        self.write_model("model.safetensors")?;
        self.state.time.evaluation += started.elapsed().as_secs_f64();
        self.summary.score = Some(score);
        self.summary.scores = scores;
        Ok(())
    }

    fn write_model(&self, name: &str) -> Result<()> {
        let parameters = self.learner.network.parameters().iter();
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

    fn diverged(&mut self, step: u64, loss: f64) -> Error {
        let context = Context::training(step, Streams::new(self.plan.config.seed));
        let layer = match self.feed.batch::<T>(self.data, step) {
            Ok((_, Shown { examples: shown, .. })) => {
                divergence::first_layer(&mut self.learner.network, &shown.inputs, context)
            }
            Err(_) => "loss".into(),
        };
        let what = format!("the loss is {loss} (limit {})", self.plan.config.optimizer.loss_limit);
        Error::Diverged { step, what, layer, checkpoint: self.last_good() }
    }

    /// A parameter that is no longer finite means that the training diverged; perhaps a step that nobody has looked at yet says so first.
    fn explain(&mut self, error: Error) -> Error {
        if let Err(earlier @ Error::Diverged { .. }) = self.settle() {
            return earlier;
        }
        match divergence::of_parameter(&error) {
            Some((layer, what)) => {
                Error::Diverged { step: self.state.step, what, layer, checkpoint: self.last_good() }
            }
            None => error,
        }
    }

    fn last_good(&self) -> String {
        divergence::last_good(self.directory, self.last.step)
    }
}

/// Whether training can go on from a loss: NaN is none.
fn usable(loss: f64, optimizer: &OptimizerSection) -> bool {
    loss <= optimizer.loss_limit
}
