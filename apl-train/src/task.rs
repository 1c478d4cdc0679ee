//! What an experiment brings to the training it shares with the others.

use std::{fmt::Debug, ops::Range};

use apl_core::{
    nn::{ActivationConfig, Chain, Loss, Setup},
    random::Streams,
};
use candle_core::{DType, Device, Tensor};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Environment, Result,
    config::Config,
    order::Order,
    run::{DataSummary, Measure, Predictions, Score, curves::Curve},
    train::Settings,
};

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// What is learned from.
    Train,
    /// What choices are made on.
    Validation,
    /// What is reported.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// `train`, `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

/// A section of the configuration that a task owns.
pub trait Section: Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send {}

impl<T: Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send> Section for T {}

/// Which examples a batch holds, and how they are to be seen.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The split.
    pub split: Split,
    /// Positions in the split.
    pub examples: &'a [u32],
    /// The pass over the training split for which examples are augmented; `None` shows them as they are.
    pub augment: Option<u64>,
}

/// The tensors of a batch, an example a row.
#[derive(Debug, Clone)]
pub struct Examples {
    /// What the network sees.
    pub inputs: Tensor,
    /// What the loss compares its scores with.
    pub targets: Tensor,
    /// How much each example counts; all the same where absent.
    pub weights: Option<Tensor>,
}

impl Examples {
    /// Views of the rows `range`.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn part(&self, range: Range<usize>) -> Result<Self> {
        let part = |tensor: &Tensor| tensor.narrow(0, range.start, range.len());
        Ok(Self {
            inputs: part(&self.inputs)?,
            targets: part(&self.targets)?,
            weights: self.weights.as_ref().map(part).transpose()?,
        })
    }
}

/// What a task finds in the predictions of a trained network, beside its score.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Further scores.
    pub scores: Vec<Score>,
    /// Drawings.
    pub curves: Vec<Curve>,
}

/// An experiment: its sections of the configuration, its data, its network, its scores.
pub trait Task: Debug + Clone + PartialEq + Sized {
    /// The name in `task = "..."`.
    const NAME: &'static str;
    /// What training makes small.
    const LOSS: Loss;
    /// The section `[data]`.
    type Data: Section;
    /// The section `[network]`.
    type Network: Section;
    /// The data in memory.
    type Dataset: Send + Sync;

    /// Checks the task's sections, alone and against each other.
    ///
    /// # Errors
    /// [`Error::Usage`](crate::Error::Usage) naming the key.
    fn check(config: &Config<Self>) -> Result<()>;

    /// The network; needs no data.
    ///
    /// # Errors
    /// Settings that do not fit each other.
    fn network(
        config: &Config<Self>,
        activation: &ActivationConfig,
        setup: &Setup,
    ) -> Result<Chain>;

    /// The name of the data set a configuration is about, such as `cifar10`.
    fn data_set(config: &Config<Self>) -> &str;

    /// How many examples a split is expected to have, where that is known before it is read.
    fn expected(config: &Config<Self>, split: Split) -> Option<usize>;

    /// Loads the data; `settings` say how a download is shown and interrupted, `warn` is told what a user should know.
    ///
    /// # Errors
    /// Data that is missing or damaged; [`Error::Interrupted`](crate::Error::Interrupted).
    fn load(
        config: &Config<Self>,
        environment: &Environment,
        settings: &Settings,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self::Dataset>;

    /// The splits, their sizes and digests.
    fn describe(data: &Self::Dataset) -> Vec<DataSummary>;

    /// The size of a split.
    fn examples(data: &Self::Dataset, split: Split) -> usize;

    /// The order of the training examples in a pass: a function of the seed and the pass.
    fn order(data: &Self::Dataset, epoch: u64, streams: Streams) -> Order;

    /// Tensors for a batch of this size.
    ///
    /// # Errors
    /// What Candle reports.
    fn tensors(
        data: &Self::Dataset,
        batch: usize,
        dtype: DType,
        device: &Device,
    ) -> Result<Examples>;

    /// Whether [`fill`](Self::fill) can fill tensors of this device; else batches are filled on the processor and copied.
    fn fills(device: &Device) -> bool {
        device.is_cpu()
    }

    /// Bytes that an example takes where a GPU keeps a split whole, to cut its batches there, see [`fills`](Self::fills).
    fn resident_bytes(config: &Config<Self>) -> u64 {
        let _ = config;
        0
    }

    /// Fills the tensors with the examples of a batch.
    ///
    /// # Errors
    /// Tensors of another size; data that cannot be read.
    fn fill(data: &Self::Dataset, batch: Batch, streams: Streams, to: &Examples) -> Result<()>;

    /// How inputs were prepared, where that was fitted to the training split: kept in the run as `preprocessing.json`, so that its network can be used.
    fn preprocessing(data: &Self::Dataset) -> Option<serde_json::Value> {
        let _ = data;
        None
    }

    /// Prepares inputs as another run did, from its `preprocessing.json`, instead of as fitted to these training examples.
    ///
    /// # Errors
    /// What does not belong to these inputs, in words.
    fn prepare_as(
        data: &mut Self::Dataset,
        preprocessing: serde_json::Value,
    ) -> std::result::Result<(), String> {
        let _ = (data, preprocessing);
        Ok(())
    }

    /// What runs are scored by.
    fn measure() -> Measure;

    /// The score of some examples; `None` where they have none, such as those of one class only.
    fn score(predictions: &Predictions) -> Option<f64>;

    /// Further scores of the test split and the task's own drawings. What has to be chosen for them, such as a threshold, is chosen on the validation
    /// split.
    ///
    /// # Errors
    /// Splits that do not allow it.
    fn findings(
        config: &Config<Self>,
        validation: Option<&Predictions>,
        test: &Predictions,
    ) -> Result<Findings> {
        let _ = (config, validation, test);
        Ok(Findings::default())
    }

    /// What several networks say together of the same examples; the labels and weights are those of the first.
    fn ensemble(members: &[Predictions]) -> Predictions;
}
