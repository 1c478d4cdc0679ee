//! `events.out.tfevents.apl`: what `tensorboard --logdir runs` shows of a run, while it trains and afterwards.
//!
//! | tag | kind | at | what |
//! |---|---|---|---|
//! | `loss/<split>`, `<measure>/<split>` | scalar | every evaluation | a line of `metrics.jsonl`, such as `loss/train`, `error/test` |
//! | `optimizer/lr`, `optimizer/momentum` | scalar | every evaluation | those of the last step |
//! | `<layer>/a`, `<layer>/b` | histogram | step 0, every evaluation | slopes and offsets of all units, where there are any |
//! | `<layer>/outputs` | histogram | step 0, the last | outputs as `activations.safetensors` has them: without the outermost values' places |
//!
//! An evaluation is one record, so it is there whole or not at all. The file is appended to and only ever shortened, in place: who reads it along keeps
//! its place. The same run writes the same bytes but for the times, which are the clock's.

mod histogram;
mod message;
mod record;

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    Result,
    run::{
        activations::{Activations, BINS, LayerActivations, Units},
        events::{
            histogram::Histogram,
            message::{Datum, Value},
        },
        file,
        metrics::Evaluation,
    },
};

/// The file's name: of those that TensorBoard knows event files by, and one only, so that a run that goes on goes on in it.
const FILE: &str = "events.out.tfevents.apl";

/// The event file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    path: PathBuf,
    /// What the run is scored by, such as `error`.
    measure: String,
}

/// What is there when a run begins or goes on.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Events of fewer steps are kept.
    pub before: u64,
    /// The evaluations of fewer steps.
    pub evaluations: &'a [Evaluation],
    /// The activations at step 0.
    pub activations: &'a Activations,
}

impl Events {
    /// Begins the file of a run with step 0, or cuts an earlier one back: later events and a torn record are dropped. Evaluations that it lacks, as the
    /// run began without it or it was damaged, get their scalars.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn open(directory: &Path, measure: &str, known: Known) -> Result<Self> {
        let events = Self { path: directory.join(FILE), measure: measure.into() };
        let last = match events.cut_back(known.before)? {
            Some(last) => last,
            None => {
                events.begin(known.activations)?;
                0
            }
        };
        let lacking = known.evaluations.iter().filter(|line| line.step > last);
        let lacking: Vec<Evaluation> = lacking.cloned().collect();
        for lines in lacking.chunk_by(|one, other| one.step == other.step) {
            events.evaluated(lines, &[])?;
        }
        Ok(events)
    }

    /// Adds an evaluation: its lines, and the parameters of the layers that have some.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn evaluated(&self, lines: &[Evaluation], parameters: &[(String, Units)]) -> Result<()> {
        let Some(first) = lines.first() else { return Ok(()) };
        let scalar = |tag: String, value: f64| Value { tag, datum: Datum::Scalar(value as f32) };
        let mut values = Vec::new();
        for Evaluation { split, loss, score, .. } in lines {
            values.push(scalar(format!("loss/{split}"), *loss));
            let score = score.map(|score| scalar(format!("{}/{split}", self.measure), score));
            values.extend(score);
        }
        values.push(scalar("optimizer/lr".into(), first.lr));
        values.push(scalar("optimizer/momentum".into(), first.momentum));
        for (layer, units) in parameters {
            values.extend(of_units(layer, units));
        }
        self.append(&message::event(now(), first.step, &values))
    }

    /// Adds the outputs after training.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn ended(&self, step: u64, activations: &Activations) -> Result<()> {
        let layers = activations.layers.iter();
        let outputs = |LayerActivations { about, after, .. }: &LayerActivations| {
            Some(histogram(&about.name, "outputs", (&after.as_ref()?.outputs).into()))
        };
        let values: Vec<Value> = layers.filter_map(outputs).collect();
        self.append(&message::event(now(), step, &values))
    }

    /// About how many bytes the file of a run has, given its evaluations and how many of its layers have parameters.
    pub fn bytes(evaluations: u64, layers: u64) -> u64 {
        // Slopes and offsets, at step 0 too: a limit and a count a bucket.
        (evaluations + 1) * layers * 2 * BINS as u64 * 16
    }

    fn begin(&self, activations: &Activations) -> Result<()> {
        let mut values = Vec::new();
        for LayerActivations { about, before, .. } in &activations.layers {
            values.extend(before.units.iter().flat_map(|units| of_units(&about.name, units)));
            values.push(histogram(&about.name, "outputs", (&before.outputs).into()));
        }
        let mut bytes = Vec::new();
        record::push(&mut bytes, &message::version(now()));
        record::push(&mut bytes, &message::event(now(), 0, &values));
        file::replace(&self.path, |file| file.write_all(&bytes))
    }

    /// The step of the last event that is kept; `None`, and nothing changed, where there is no beginning to keep.
    fn cut_back(&self, before: u64) -> Result<Option<u64>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let bytes = fs_err::read(&self.path)?;
        let steps =
            record::whole(&bytes).map_while(|(event, end)| Some((message::step(event)?, end)));
        let kept: Vec<(u64, usize)> = steps.take_while(|(step, _)| *step < before).collect();
        // The version and step 0 come together.
        let [_, .., (last, end)] = kept[..] else { return Ok(None) };
        if end < bytes.len() {
            let cut = || {
                let file = OpenOptions::new().write(true).open(&self.path)?;
                file.set_len(end as u64)?;
                file.sync_all()
            };
            cut().map_err(|error| file::failure(&self.path, &error))?;
        }
        Ok(Some(last))
    }

    /// Synced, so that a kill loses nothing older.
    fn append(&self, event: &[u8]) -> Result<()> {
        let mut bytes = Vec::new();
        record::push(&mut bytes, event);
        let write = || {
            let mut file = OpenOptions::new().append(true).open(&self.path)?;
            file.write_all(&bytes)?;
            file.sync_data()
        };
        write().map_err(|error| file::failure(&self.path, &error))
    }
}

fn of_units(layer: &str, units: &Units) -> [Value; 2] {
    [("a", &units.slopes), ("b", &units.offsets)]
        .map(|(name, values)| histogram(layer, name, Histogram::of(values)))
}

fn histogram(layer: &str, name: &str, histogram: Histogram) -> Value {
    Value { tag: format!("{layer}/{name}"), datum: Datum::Histogram(histogram) }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests;
