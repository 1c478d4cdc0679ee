//! A finished run's network and its data, ready to be looked at again.

use std::path::Path;

use apl_core::nn::{Chain, Observer};
use candle_core::DType;

use crate::{
    Error, Result, Task,
    config::Document,
    device::{self, Compute},
    evaluate::{Outcome, evaluate},
    feed::Batches,
    interrupt::Interrupt,
    launch, model,
    plan::Plan,
    run::{Summary, preprocessing},
    task::Split,
    train::Settings,
};

/// The network of a run directory with its data.
pub struct Trained<T: Task> {
    /// What the run is.
    pub summary: Summary,
    /// The network as training left it.
    pub network: Chain,
    data: T::Dataset,
    batches: Batches,
}

impl<T: Task> Trained<T> {
    /// Loads a run onto a device, whatever device it was trained on; `document` is its `config.toml`, with the source of the data changed if asked for.
    /// Inputs are prepared as the run prepared them.
    ///
    /// # Errors
    /// A run that is not done or kept no weights, a damaged file, data that cannot be read; a device that cannot be used, or whose memory is full.
    pub fn open(run: &Path, document: &Document, compute: Compute) -> Result<Self> {
        let summary = Summary::read(run)?;
        let path = run.join("model.safetensors");
        if !path.exists() {
            let problem = format!("no network to score: the run is {}", summary.status.name());
            let hint =
                "finish it with `apl train` on its config.toml; compact runs keep no weights";
            return Err(Error::run(&path, problem).with_hint(hint));
        }
        let plan = Plan::<T>::from_document(document)?;
        if plan.config.hash(&summary.data)? != summary.hash {
            let problem = "is not the configuration that summary.json is about";
            let hint = "put the file back as training wrote it";
            return Err(Error::run(&run.join("config.toml"), problem).with_hint(hint));
        }
        let device = compute.open()?;
        // A processor computes in f32, whatever a GPU was allowed to round.
        if !device.is_cpu() {
            plan.calculate_on(&device)?;
        }
        let network = launch::build_on(&plan, &device)
            .map_err(|error| device::explain(document.blame(error)))?;
        model::read(&path, network.parameters())?;
        let mut data = launch::load(&plan, document, &Settings::default(), &mut |_| ())?;
        if let Some(preprocessing) = preprocessing::read(run)? {
            T::prepare_as(&mut data, preprocessing)
                .map_err(|problem| Error::run(&preprocessing::path(run), problem))?;
        }
        let batch = plan.config.optimizer.batch;
        let batches = Batches::new::<T>(&data, batch, DType::F32, &device);
        let batches = batches.map_err(device::explain)?;
        Ok(Self { summary, network, data, batches })
    }

    /// Whether the data are the very ones the run was made with.
    pub fn same_data(&self) -> bool {
        self.summary.same_data(&T::describe(&self.data))
    }

    /// How many examples a split has.
    ///
    /// # Errors
    /// None at all.
    pub fn examples(&self, split: Split) -> Result<usize> {
        match T::examples(&self.data, split) {
            0 => {
                let place = format!("--split {}", split.name());
                let error = Error::usage(place, "has no examples in this run");
                Err(error.with_hint("data.validation holds images out"))
            }
            examples => Ok(examples),
        }
    }

    /// Shows the network a split as it is, without dropout or augmentation; `observer` sees every layer.
    ///
    /// # Errors
    /// What the task or a layer reports; a GPU whose memory is full.
    pub fn score(&mut self, split: Split, observer: Option<&mut dyn Observer>) -> Result<Outcome> {
        let Self { network, data, batches, .. } = self;
        let never = Interrupt::default();
        let outcome = evaluate::<T>(network, data, split, None, batches, observer, &never);
        outcome
            .map_err(device::explain)?
            .ok_or_else(|| Error::Interrupted { what: "in scoring a network".into() })
    }
}
