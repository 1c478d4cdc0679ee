//! A configuration that was checked, with everything that follows from it.

use apl_core::{nn::ActivationConfig, ops::cuda::calculate_in};
use candle_core::Device;

use crate::{
    Error, Result, Task,
    config::{Config, Document},
    naming::identity,
    run::Identity,
    schedule::{Momentum, Rates},
};

/// A run that can begin: nothing in its configuration is out of range.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<T: Task> {
    /// The configuration, its defaults filled in.
    pub config: Config<T>,
    /// The activation.
    pub activation: ActivationConfig,
    /// The momentum's schedule.
    pub momentum: Momentum,
    /// The learning rate's schedule.
    pub rates: Rates,
    /// The run's place among all runs.
    pub identity: Identity,
}

impl<T: Task> Plan<T> {
    /// Parses and checks a document.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the file and line, the key, or the argument that set it.
    pub fn from_document(document: &Document) -> Result<Self> {
        let config = Config::from_document(document)?;
        let identity = identity(document, config.seed);
        Self::new(config, identity).map_err(|error| document.blame(error))
    }

    /// Checks a configuration.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the key.
    pub fn new(config: Config<T>, identity: Identity) -> Result<Self> {
        let activation = config.activation.check()?;
        let (momentum, rates) = config.optimizer.check()?;
        config.record.check()?;
        T::check(&config)?;
        Ok(Self { config, activation, momentum, rates, identity })
    }

    /// Lets a device compute in the configuration's arithmetic from now on.
    ///
    /// # Errors
    /// [`Error::Usage`]: an arithmetic that the device does not have.
    pub fn calculate_on(&self, device: &Device) -> Result<()> {
        calculate_in(device, self.config.arithmetic.into()).map_err(|error| {
            let problem = match error {
                apl_core::Error::Setting { found, expected, .. } => {
                    format!("found {found}, expected {expected}")
                }
                other => other.to_string(),
            };
            Error::usage("arithmetic", problem)
                .with_hint("give --device cuda, or leave the key out")
        })
    }

    /// How many steps the run takes.
    pub fn steps(&self) -> u64 {
        self.rates.steps()
    }
}
