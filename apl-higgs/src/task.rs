//! The Higgs study as a task that `apl-train` can carry out.

use apl_core::{
    nn::{ActivationConfig, Chain, Loss, Setup},
    random::Streams,
};
use apl_train::{
    Environment, Task,
    config::Config,
    order::Order,
    run::{Better, DataSummary, Measure, Predictions},
    task::{Batch, Examples, Findings, Split},
    train::Settings,
};
use candle_core::{DType, Device};

use crate::{
    Error,
    events::{DataConfig, Dataset, watch},
    findings,
    metrics::{Scored, auc},
    network::{self, NetworkConfig},
};

/// Table 2 of the paper: signal against background, scored by the area under the ROC curve and the expected significance of a discovery.
#[derive(Debug, Clone, PartialEq)]
pub struct Higgs;

impl Task for Higgs {
    const NAME: &'static str = "higgs";
    const LOSS: Loss = Loss::SigmoidCrossEntropy;
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
        Ok(network::build(&config.network, config.data.inputs(), activation, setup)?)
    }

    fn data_set(config: &Config<Self>) -> &str {
        config.data.set.name()
    }

    fn expected(config: &Config<Self>, split: Split) -> Option<usize> {
        let DataConfig { validation, test, .. } = config.data;
        match split {
            Split::Train => config.data.total()?.checked_sub(validation + test),
            Split::Validation => Some(validation),
            Split::Test => Some(test),
        }
    }

    fn load(
        config: &Config<Self>,
        environment: &Environment,
        settings: &Settings,
        warn: &mut dyn FnMut(String),
    ) -> apl_train::Result<Dataset> {
        let (quiet, interrupt) = (settings.quiet, &settings.interrupt);
        let (dataset, warnings) = watch("importing", quiet, interrupt, |progress| {
            Dataset::load(&config.data, &environment.cache, progress)
        })?;
        warnings.into_iter().for_each(warn);
        Ok(dataset)
    }

    fn describe(dataset: &Dataset) -> Vec<DataSummary> {
        let describe = |split: Split| DataSummary {
            split: split.name().into(),
            examples: dataset.len(split),
            digest: dataset.digest(split),
            source: Vec::new(),
        };
        Split::ALL.map(describe).to_vec()
    }

    fn examples(dataset: &Dataset, split: Split) -> usize {
        dataset.len(split)
    }

    fn order(dataset: &Dataset, epoch: u64, streams: Streams) -> Order {
        dataset.order(epoch, streams)
    }

    fn tensors(
        dataset: &Dataset,
        batch: usize,
        dtype: DType,
        device: &Device,
    ) -> apl_train::Result<Examples> {
        Ok(dataset.tensors(batch, dtype, device)?)
    }

    /// On a GPU, batches are gathered where the events are.
    fn fills(_: &Device) -> bool {
        true
    }

    fn resident_bytes(config: &Config<Self>) -> u64 {
        config.data.event_bytes()
    }

    fn fill(dataset: &Dataset, batch: Batch, _: Streams, to: &Examples) -> apl_train::Result<()> {
        Ok(dataset.fill(batch, to)?)
    }

    fn preprocessing(dataset: &Dataset) -> Option<serde_json::Value> {
        serde_json::to_value(dataset.standard()).ok()
    }

    fn prepare_as(dataset: &mut Dataset, preprocessing: serde_json::Value) -> Result<(), String> {
        let standard = serde_json::from_value(preprocessing).map_err(|error| error.to_string())?;
        dataset.set_standard(standard)
    }

    fn measure() -> Measure {
        Measure { name: "AUC".into(), unit: String::new(), better: Better::Higher }
    }

    fn score(predictions: &Predictions) -> Option<f64> {
        auc(&scored(predictions).ok()?)
    }

    fn findings(
        config: &Config<Self>,
        validation: Option<&Predictions>,
        test: &Predictions,
    ) -> apl_train::Result<Findings> {
        let Some(validation) = validation else { return Ok(Findings::default()) };
        let significance = &config.data.significance;
        Ok(findings::findings(significance, &scored(validation)?, &scored(test)?)?)
    }

    /// The logit of the mean of the members' sigmoid outputs.
    fn ensemble(members: &[Predictions]) -> Predictions {
        let Some(first) = members.first() else { return Predictions::default() };
        let logit = |event: usize| {
            let mean = |sign: f64| {
                let probability = |member: &Predictions| {
                    let logit = member.scores.get(event).copied().unwrap_or(f32::NAN);
                    1.0 / (1.0 + libm::exp(-sign * f64::from(logit)))
                };
                members.iter().map(probability).sum::<f64>()
            };
            (libm::log(mean(1.0)) - libm::log(mean(-1.0))) as f32
        };
        Predictions { scores: (0..first.labels.len()).map(logit).collect(), ..first.clone() }
    }
}

/// The events of a split by their logits.
pub(crate) fn scored(predictions: &Predictions) -> crate::Result<Scored> {
    let Predictions { scores, labels, weights, .. } = predictions;
    Scored::new(scores, labels, (!weights.is_empty()).then_some(weights))
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
            Error::Interrupted => {
                apl_train::Error::Interrupted { what: "in reading or making events".into() }
            }
            other => apl_train::Error::Task(Box::new(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use apl_train::{
        config::Document,
        device::{Compute, Place},
        reproduce::estimate,
    };

    use super::*;

    /// Every event is counted, whatever its split: 25 inputs and a target of four bytes.
    #[test]
    fn events_count_in_the_memory_of_a_gpu() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.toml");
        let place = Place::new(Compute::Cpu).unwrap();
        let [few, many] = [3000, 5_003_000].map(|events| {
            let text = format!(
                "task = \"higgs\"\nseed = 1\n[data]\nsource = \"embedded\"\nevents = {events}\nvalidation = 600\ntest = 1000\n\
                 [network]\nhidden = [4]\n[activation]\nkind = \"relu\"\n\
                 [optimizer]\nbatch = 50\nmomentum = {{ from = 0.9 }}\nrates = [{{ until = 9, lr = 0.02 }}]\n[record]\nevaluate-every = 9\n"
            );
            std::fs::write(&path, text).unwrap();
            let document = Document::read(&path, Vec::new()).unwrap();
            estimate::<Higgs>(&document, &place).unwrap().gpu
        });
        assert_eq!(many - few, 5_000_000 * 4 * 26);
    }
}
