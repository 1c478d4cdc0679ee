//! The image experiments as a task that `apl-train` can carry out.

use std::sync::Arc;

use apl_core::{
    nn::{ActivationConfig, Chain, Loss, Setup},
    random::Streams,
};
use apl_train::{
    Environment, Task,
    config::Config,
    hub::{self, Fetched},
    order::Order,
    resident::Residents,
    run::{Better, DataSummary, Measure, Predictions, SourceFile},
    task::{Batch, Examples, Split},
    train::Settings,
};
use candle_core::{DType, Device, Tensor};

use crate::{
    Error,
    data::{self, Augment, Crops, Data, DataConfig, Folders, Images, Resident, Shuffle, Source},
    network::{self, INPUT, NetworkConfig},
};

/// CIFAR-10 and CIFAR-100, tables 1 and 3 of the paper: classification scored by the share of wrong answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Vision;

/// The images of a run and how they are shown.
pub struct Dataset {
    data: Data,
    /// The hub's files that it was read from.
    fetched: Vec<Fetched>,
    shuffle: Shuffle,
    augment: Augment,
    /// Splits on the GPU that computes, each copied when it is first shown.
    resident: Residents<Resident>,
}

impl Dataset {
    /// A split on the device of a batch.
    fn resident(
        &self,
        split: Split,
        images: &Images,
        inputs: &Tensor,
    ) -> crate::Result<Arc<Resident>> {
        self.resident.of(split, || {
            let pixels = self.data.preprocessing.pixels(split);
            Resident::of(images, pixels, inputs.dtype(), inputs.device())
        })
    }

    fn split(&self, split: Split) -> Option<&Images> {
        match split {
            Split::Train => Some(&self.data.train),
            Split::Validation => self.data.validation.as_ref(),
            Split::Test => Some(&self.data.test),
        }
    }

    /// The hub's files that hold a split; validation images are held out of train.
    fn source(&self, split: Split) -> Vec<SourceFile> {
        let beginning = if split == Split::Test { "test-" } else { "train-" };
        let name =
            |file: &Fetched| file.file.rsplit('/').next().map(|name| name.starts_with(beginning));
        let of_split = self.fetched.iter().filter(|file| name(file) == Some(true));
        of_split
            .map(|fetched| SourceFile {
                repository: fetched.repository.clone(),
                commit: fetched.commit.clone(),
                file: fetched.file.clone(),
                sha256: fetched.sha256.clone(),
            })
            .collect()
    }
}

impl Task for Vision {
    const NAME: &'static str = "vision";
    const LOSS: Loss = Loss::SoftmaxCrossEntropy;
    type Data = DataConfig;
    type Network = NetworkConfig;
    type Dataset = Dataset;

    fn check(config: &Config<Self>) -> apl_train::Result<()> {
        config.data.check()?;
        config.network.check().map_err(Error::from)?;
        Ok(())
    }

    fn network(
        config: &Config<Self>,
        activation: &ActivationConfig,
        setup: &Setup,
    ) -> apl_train::Result<Chain> {
        let classes = config.data.labelling()?.classes();
        Ok(network::build(&config.network, classes, activation, setup)?)
    }

    fn data_set(config: &Config<Self>) -> &str {
        config.data.set.name()
    }

    fn expected(config: &Config<Self>, split: Split) -> Option<usize> {
        config.data.expected(split == Split::Test).map(|count| match split {
            Split::Train => count.saturating_sub(config.data.validation),
            Split::Validation => config.data.validation,
            Split::Test => count,
        })
    }

    fn load(
        config: &Config<Self>,
        environment: &Environment,
        settings: &Settings,
        warn: &mut dyn FnMut(String),
    ) -> apl_train::Result<Dataset> {
        let DataConfig { source, set, revision, .. } = &config.data;
        let fetched = match source {
            Source::Hub => {
                let settings = hub::Settings::new(environment, settings.quiet, &settings.interrupt);
                data::hub::fetch(*set, revision.as_deref(), &settings)?
            }
            _ => Vec::new(),
        };
        let mut data = Data::load(&config.data, Folders::from(environment))?;
        data.warnings.drain(..).for_each(warn);
        let DataConfig { shuffle, augment, .. } = config.data;
        Ok(Dataset { data, fetched, shuffle, augment, resident: Residents::default() })
    }

    fn describe(dataset: &Dataset) -> Vec<DataSummary> {
        let describe = |split: Split| {
            dataset.split(split).map(|images| DataSummary {
                split: split.name().into(),
                examples: images.len(),
                digest: images.digest().into(),
                source: dataset.source(split),
            })
        };
        Split::ALL.into_iter().filter_map(describe).collect()
    }

    fn examples(dataset: &Dataset, split: Split) -> usize {
        dataset.split(split).map_or(0, Images::len)
    }

    fn order(dataset: &Dataset, epoch: u64, streams: Streams) -> Order {
        let mut order = Vec::new();
        data::order(dataset.shuffle, streams, epoch, dataset.data.train.len(), &mut order);
        Order::listed(order)
    }

    fn tensors(
        _: &Dataset,
        batch: usize,
        dtype: DType,
        device: &Device,
    ) -> apl_train::Result<Examples> {
        let inputs = Tensor::zeros([&[batch], INPUT.as_slice()].concat(), dtype, device)?;
        let targets = Tensor::zeros(batch, DType::U32, device)?;
        Ok(Examples { inputs, targets, weights: None })
    }

    /// On a GPU, batches are cut where the images are.
    fn fills(_: &Device) -> bool {
        true
    }

    fn resident_bytes(config: &Config<Self>) -> u64 {
        config.data.preprocess.image_bytes()
    }

    fn fill(
        dataset: &Dataset,
        batch: Batch,
        streams: Streams,
        to: &Examples,
    ) -> apl_train::Result<()> {
        let Some(images) = dataset.split(batch.split) else { return Ok(()) };
        let augmented = dataset.augment == Augment::PadCropFlip;
        let epoch = batch.augment.filter(|_| augmented);
        let crops = epoch.map(|epoch| Crops { streams, epoch });
        if !to.inputs.device().is_cpu() {
            let resident = dataset.resident(batch.split, images, &to.inputs)?;
            return Ok(resident.fill(batch.examples, crops, &to.inputs, &to.targets)?);
        }
        let pixels = dataset.data.preprocessing.pixels(batch.split);
        Ok(data::fill(images, batch.examples, pixels, crops, &to.inputs, &to.targets)?)
    }

    fn measure() -> Measure {
        Measure { name: "error".into(), unit: "%".into(), better: Better::Lower }
    }

    fn score(predictions: &Predictions) -> Option<f64> {
        predictions.error_percent()
    }

    /// The mean of the members' class probabilities.
    fn ensemble(members: &[Predictions]) -> Predictions {
        let Some(first) = members.first() else { return Predictions::default() };
        let mut together = Predictions { scores: Vec::new(), ..first.clone() };
        let mut sums = vec![0.0; first.outputs];
        for example in 0..first.labels.len() {
            sums.fill(0.0);
            for member in members {
                let scores = &member.scores[example * first.outputs..][..first.outputs];
                add_probabilities(scores, &mut sums);
            }
            let mean = |sum: &f64| (sum / members.len() as f64) as f32;
            together.scores.extend(sums.iter().map(mean));
        }
        together
    }
}

/// Adds the softmax of scores.
fn add_probabilities(scores: &[f32], sums: &mut [f64]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let power = |score: &f32| libm::exp(f64::from(score - largest));
    let total: f64 = scores.iter().map(power).sum();
    sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += power(score) / total);
}

impl From<Error> for apl_train::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Setting { place, found, expected }
            | Error::Core(apl_core::Error::Setting { place, found, expected }) => {
                apl_train::Error::usage(place, format!("found {found}, expected {expected}"))
            }
            Error::Core(error) => error.into(),
            Error::Io(error) => error.into(),
            Error::Hub(error) => *error,
            other => apl_train::Error::Task(Box::new(other)),
        }
    }
}
