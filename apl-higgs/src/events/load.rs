//! The events of a run: read or generated, split, and brought to scale.

use std::{ops::Range, path::Path, sync::Arc};

use apl_core::{
    ops::{access::with_slice_mut, real::Real},
    random::Streams,
};
use apl_train::{
    order::Order,
    resident::Residents,
    task::{Batch, Examples, Split},
};
use candle_core::{DType, Device, Tensor};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    data::{self, EventFile, ImportOptions, Progress},
    events::{
        DataConfig, Missing, Shuffle, Source, Splits, Standard, Weights,
        blocks::WINDOW,
        resident::Resident,
        standardise::Fit,
        store::{Row, Store, WHOLE, bytes},
    },
    generator::{self, Generator, NAMES},
    network::FEATURES,
};

/// Training events that scales are fitted to at most: whole blocks of them, evenly spread.
const FITTED: usize = 2_000_000;
/// Events of a split whose classes are counted.
const COUNTED: usize = 20_000;

/// The events of a run.
#[derive(Debug)]
pub struct Dataset {
    store: Store,
    /// Where the features stand in a row.
    columns: Vec<usize>,
    splits: Splits,
    standard: Standard,
    indicators: bool,
    /// What weights of background and signal are multiplied with, where they count.
    factors: Option<[f64; 2]>,
    shuffle: Shuffle,
    digest: String,
    /// Splits on the GPU that computes, each copied when it is first shown.
    resident: Residents<Resident>,
}

impl Dataset {
    /// Reads or generates the events of a configuration that was checked. What is not an event file is imported into the folder `cache`, once;
    /// `progress` hears of that. Warnings come back with the events.
    ///
    /// # Errors
    /// A file that cannot be used or lacks a feature; fewer events than are asked for; a split with only one class; negative weights.
    pub fn load(
        config: &DataConfig,
        cache: &Path,
        progress: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<(Self, Vec<String>)> {
        Self::within(config, cache, WHOLE, progress)
    }

    /// [`load`](Self::load) with events in memory whole up to so many bytes of features.
    fn within(
        config: &DataConfig,
        cache: &Path,
        whole: u64,
        progress: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<(Self, Vec<String>)> {
        let Events { store, names, rows, digest } = match &config.source {
            Source::Embedded => generated(config, cache, whole, progress)?,
            Source::File(path) => {
                let options = ImportOptions::default();
                in_file(config, data::open(path, &options, cache, progress)?, whole)?
            }
        };
        let columns = columns(config, &names)?;
        let splits = Splits::new(config.split, rows, config.validation, config.test)?;
        let mut dataset = Self {
            columns,
            splits,
            standard: Standard { features: Vec::new(), events: 0 },
            indicators: config.missing == Missing::Indicator,
            factors: None,
            shuffle: config.shuffle,
            digest,
            resident: Residents::default(),
            store,
        };
        let signal = dataset.fit(config)?;
        dataset.check_classes()?;
        let mut warnings = Vec::new();
        let held = dataset.signal_share(Split::Test)?;
        if (held - signal).abs() > 0.05 {
            warnings.push(format!(
                "{:.0} % of the training events are signal and {:.0} % of the test events: is the file sorted? `data.split = \"spread\"` holds events out evenly",
                100.0 * signal,
                100.0 * held
            ));
        }
        Ok((dataset, warnings))
    }

    /// Fits the scales and the factors of the weights; the share of signal among the training events.
    fn fit(&mut self, config: &DataConfig) -> Result<f64> {
        let train = self.len(Split::Train);
        let every = train.div_ceil(FITTED);
        let mut fit = Fit::new(self.columns.len());
        let (mut counts, mut totals) = ([0u64; 2], [0.0f64; 2]);
        let block = self.store.block();
        for first in (0..train).step_by(block * every) {
            self.visit(Split::Train, first..train.min(first + block), |row| {
                fit.add(row, &self.columns);
                counts[usize::from(row.label)] += 1;
                totals[usize::from(row.label)] += f64::from(row.weight);
            })?;
        }
        let fitted = (counts[0] + counts[1]) as f64;
        if config.weights == Weights::Events {
            if totals.iter().any(|total| *total <= 0.0) {
                let found = "training events of one class whose weights are all 0".to_string();
                return Err(wrong("weights", found, "\"none\", or weights above 0".into()));
            }
            self.factors = Some(totals.map(|total| fitted / (2.0 * total)));
        }
        self.standard = fit.standard(&config.names(), config.preprocess);
        Ok(counts[1] as f64 / fitted.max(1.0))
    }

    /// Every split needs both classes.
    fn check_classes(&self) -> Result<()> {
        for split in Split::ALL {
            let mut there = [false; 2];
            let block = self.store.block();
            for first in (0..self.len(split)).step_by(block) {
                self.visit(split, first..self.len(split).min(first + block), |row| {
                    there[usize::from(row.label)] = true;
                })?;
                if there == [true; 2] {
                    break;
                }
            }
            if there != [true; 2] {
                let only = if there[1] { "signal" } else { "background" };
                return Err(Error::Setting {
                    place: format!("data: the {} split", split.name()),
                    found: format!("only {only} among its {} events", self.len(split)),
                    expected: "signal and background; `split = \"spread\"` takes events from the whole of a sorted file".into(),
                });
            }
        }
        Ok(())
    }

    fn signal_share(&self, split: Split) -> Result<f64> {
        let count = self.len(split).min(COUNTED);
        let mut signal = 0usize;
        let rows = (0..count).map(|i| self.splits.row(split, i * self.len(split) / count));
        self.store.visit(rows, |_, row| signal += usize::from(row.label))?;
        Ok(signal as f64 / count as f64)
    }

    fn visit(
        &self,
        split: Split,
        positions: Range<usize>,
        mut show: impl FnMut(Row),
    ) -> Result<()> {
        let rows = positions.map(|position| self.splits.row(split, position));
        self.store.visit(rows, |_, row| show(row))
    }

    /// The size of a split.
    pub fn len(&self, split: Split) -> usize {
        self.splits.len(split)
    }

    /// How many numbers the network sees of an event.
    pub fn inputs(&self) -> usize {
        let features = self.columns.len();
        if self.indicators { 2 * features } else { features }
    }

    /// How features are brought to scale.
    pub fn standard(&self) -> &Standard {
        &self.standard
    }

    /// Brings features to scale as another data set's, of the same features, were.
    ///
    /// # Errors
    /// Other features, in words.
    pub fn set_standard(&mut self, standard: Standard) -> std::result::Result<(), String> {
        let names = |standard: &Standard| {
            standard.features.iter().map(|scale| scale.name.clone()).collect::<Vec<_>>()
        };
        let (found, expected) = (names(&standard), names(&self.standard));
        if found != expected {
            return Err(format!("found scales of {found:?}, expected of {expected:?}"));
        }
        self.standard = standard;
        // What is on a GPU was brought to scale in the other way.
        self.resident = Residents::default();
        Ok(())
    }

    /// Whether events have weights that count.
    pub fn weighted(&self) -> bool {
        self.factors.is_some()
    }

    /// The order of the training events in a pass.
    pub fn order(&self, epoch: u64, streams: Streams) -> Order {
        let epoch = match self.shuffle {
            Shuffle::Epoch => epoch,
            Shuffle::Once => 0,
        };
        Order::blocks(self.len(Split::Train), self.store.block(), WINDOW, streams, epoch)
    }

    /// SHA-256, in hexadecimal, over what the events of a split are: the digest of the whole, and which rows of it.
    pub fn digest(&self, split: Split) -> String {
        let text = format!("{} {}", self.digest, self.splits.describe(split));
        data::hex(&Sha256::digest(text.as_bytes()))
    }

    /// Tensors for so many events.
    ///
    /// # Errors
    /// Memory that the device does not have.
    pub fn tensors(&self, events: usize, dtype: DType, device: &Device) -> Result<Examples> {
        let zeros = |width| Tensor::zeros((events, width), dtype, device);
        let zeros = |width| zeros(width).map_err(apl_core::Error::from);
        Ok(Examples {
            inputs: zeros(self.inputs())?,
            targets: zeros(1)?,
            weights: self.weighted().then(|| zeros(1)).transpose()?,
        })
    }

    /// Writes the events of a batch: inputs `[N, F]`, or `[N, 2 F]` with the indicators behind the features; targets `[N, 1]`; weights `[N, 1]`. On a GPU
    /// they are taken from the split in its memory, the same to the bit.
    ///
    /// # Errors
    /// Tensors of another type or size; a file that cannot be read any more; memory that the GPU does not have.
    pub fn fill(&self, batch: Batch, to: &Examples) -> Result<()> {
        if !to.inputs.device().is_cpu() {
            let resident = self.resident(batch.split, &to.inputs)?;
            return resident.fill(batch.examples, to);
        }
        match to.inputs.dtype() {
            DType::F32 => self.write::<f32>(batch, to),
            DType::F64 => self.write::<f64>(batch, to),
            found => {
                let (place, expected) = ("higgs batch: inputs".into(), "F32 or F64".into());
                Err(apl_core::Error::DType { place, found, expected }.into())
            }
        }
    }

    /// A split on the device of a batch.
    fn resident(&self, split: Split, inputs: &Tensor) -> Result<Arc<Resident>> {
        let make = || Resident::of(self, split, inputs.dtype(), inputs.device());
        self.resident.of(split, make)
    }

    fn write<T: Real>(&self, batch: Batch, to: &Examples) -> Result<()> {
        let (count, width) = (batch.examples.len(), self.inputs());
        check(&to.inputs, "higgs batch: inputs", &[count, width])?;
        check(&to.targets, "higgs batch: targets", &[count, 1])?;
        let rows = batch.examples.iter().map(|&event| self.splits.row(batch.split, event as usize));
        let mut seen = Ok(());
        with_slice_mut(&to.inputs, |inputs: &mut [T]| {
            with_slice_mut(&to.targets, |targets: &mut [T]| {
                let mut each = |i: usize, row: Row, weight: Option<&mut T>| {
                    let to = &mut inputs[i * width..(i + 1) * width];
                    self.show(row, to);
                    targets[i] = T::of(f64::from(row.label));
                    if let (Some(weight), Some(factors)) = (weight, self.factors) {
                        *weight = T::of(f64::from(row.weight) * factors[usize::from(row.label)]);
                    }
                };
                seen = match &to.weights {
                    None => self.store.visit(rows, |i, row| each(i, row, None)),
                    Some(weights) => with_slice_mut(weights, |weights: &mut [T]| {
                        self.store.visit(rows, |i, row| each(i, row, weights.get_mut(i)))
                    })
                    .unwrap_or_else(|error| Err(error.into())),
                };
            })
        })??;
        seen
    }

    /// What the network sees of an event.
    fn show<T: Real>(&self, row: Row, to: &mut [T]) {
        let (values, indicators) = to.split_at_mut(self.columns.len());
        let features = self.columns.iter().zip(&self.standard.features);
        for ((value, (&column, scale)), i) in values.iter_mut().zip(features).zip(0..) {
            let x = row.features[column];
            *value = T::of(scale.apply(x));
            if let Some(indicator) = indicators.get_mut(i) {
                *indicator = if x.is_nan() { T::ONE } else { T::ZERO };
            }
        }
    }
}

/// Events before they are split.
struct Events {
    store: Store,
    names: Vec<String>,
    rows: usize,
    digest: String,
}

/// Generated events, under the digest that a file of them has: in memory, or in a file of the cache where they are many.
fn generated(
    config: &DataConfig,
    cache: &Path,
    whole: u64,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Events> {
    let (rows, sample) = (config.total().unwrap_or(0), config.sample);
    if bytes(rows, FEATURES) > whole {
        let kept = cache.join("higgs").join(format!("generated-{sample}-{rows}.safetensors"));
        let make = || generator::rewrite(rows as u64, sample, &kept, progress);
        return in_file(config, data::once(&kept, make)?, whole);
    }
    let (mut features, mut labels) = (vec![0.0; rows * FEATURES], vec![0; rows]);
    Generator::new(sample).fill(0, &mut features, &mut labels);
    let names = NAMES.map(String::from).to_vec();
    let digest = data::digest(&names, &features, &labels);
    Ok(Events { store: Store::memory(FEATURES, features, labels), names, rows, digest })
}

/// Events of a file.
fn in_file(config: &DataConfig, file: EventFile, whole: u64) -> Result<Events> {
    let rows = rows(config, &file)?;
    if config.weights == Weights::Events {
        match file.about().least_weight {
            None => {
                let found = "\"events\" with a file that has none".to_string();
                return Err(wrong("weights", found, "\"none\", or a file with weights".into()));
            }
            Some(least) if least < 0.0 => {
                let expected = "\"none\", or weights of at least 0".into();
                return Err(wrong("weights", format!("a weight of {least}"), expected));
            }
            Some(_) => {}
        }
    }
    let (names, digest) = (file.features().to_vec(), file.digest().to_string());
    Ok(Events { store: Store::file(file, rows, whole)?, names, rows, digest })
}

/// How many rows of a file are used.
fn rows(config: &DataConfig, file: &EventFile) -> Result<usize> {
    match config.events {
        Some(events) if events > file.rows() => {
            let expected = format!("at most the {} of {}", file.rows(), file.path().display());
            Err(wrong("events", events.to_string(), expected))
        }
        events => Ok(events.unwrap_or(file.rows())),
    }
}

/// Where the features of a configuration stand among a file's. Those of a file without names, whose features are called 1, 2, ..., are taken by their
/// order, if their number is the set's.
fn columns(config: &DataConfig, names: &[String]) -> Result<Vec<usize>> {
    let unnamed = names.iter().zip(1..).all(|(name, number)| *name == number.to_string());
    let by_order = config.set.features().filter(|known| unnamed && known.len() == names.len());
    let place = |name: &String| {
        let among = match by_order {
            Some(known) => known.iter().position(|known| known == name),
            None => names.iter().position(|known| known == name),
        };
        among.ok_or_else(|| {
            let expected = format!("one of the file's features, {}", names.join(", "));
            let key = if config.features.is_some() { "features" } else { "set" };
            wrong(key, format!("the feature {name:?}"), expected)
        })
    };
    config.names().iter().map(place).collect()
}

fn wrong(key: &str, found: String, expected: String) -> Error {
    Error::Setting { place: format!("data.{key}"), found, expected }
}

fn check(tensor: &Tensor, place: &str, expected: &[usize]) -> Result<()> {
    if tensor.dims() == expected {
        return Ok(());
    }
    let (found, expected) = (tensor.dims().to_vec(), format!("{expected:?}"));
    Err(apl_core::Error::Shape { place: place.into(), found, expected }.into())
}

#[cfg(test)]
mod tests;
