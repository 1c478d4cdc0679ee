//! What a run needs of memory, and whether it is there: better said before the run than when the system ends it in the middle of a step.

use apl_core::nn::{Chain, Parameter};

use crate::{
    Error, Result, Task,
    config::Document,
    device::{Compute, Place},
    host,
    plan::Plan,
    task::Split,
};

/// What a GPU needs besides: columns or cuDNN's workspace, each up to half a GiB, and what the libraries take when they are first used.
const BESIDES: u64 = 1 << 30;
/// Batches that are there at a time: one in use, one being made ready, one for evaluations.
const BATCHES: u64 = 3;

/// Bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// Examples of a step.
    batch: usize,
    /// What flows through the layers, and values, gradients and velocities of the parameters.
    steps: u64,
    /// On a GPU: batches and splits.
    data: u64,
}

impl Need {
    /// That of a plan's run with its network, on whatever device, and so many examples in its splits.
    pub(crate) fn of<T: Task>(
        plan: &Plan<T>,
        network: &Chain,
        examples: impl Fn(Split) -> usize,
    ) -> Self {
        let batch = plan.config.optimizer.batch;
        let values: usize = Parameter::counts(network.parameters()).iter().sum();
        let input = network.input_shape().iter().product::<usize>() as u64;
        let batches = (BATCHES * 4 * input).saturating_mul(batch as u64);
        let examples: u64 = Split::ALL.map(|split| examples(split) as u64).iter().sum();
        let resident = examples.saturating_mul(T::resident_bytes(&plan.config));
        Self {
            batch,
            steps: (network.bytes_for(batch) as u64).saturating_add(values as u64 * 3 * 4),
            data: batches.saturating_add(resident),
        }
    }

    /// Bytes of a GPU's memory.
    pub(crate) fn on_gpu(&self) -> u64 {
        self.steps.saturating_add(self.data).saturating_add(BESIDES)
    }

    /// Refuses a run that cannot fit into the memory of the machine or, where that is what computes, of the GPU.
    ///
    /// # Errors
    /// [`Error::Usage`] naming what is needed and what there is.
    pub(crate) fn check(&self, place: &Place, document: &Document) -> Result<()> {
        match place.compute {
            Compute::Cpu => {
                let fits = self.check_machine(host::memory());
                fits.map_err(|error| document.blame(error))
            }
            compute => self.check_gpu(compute, place.free),
        }
    }

    fn check_machine(&self, memory: Option<u64>) -> Result<()> {
        let Some(memory) = memory.filter(|memory| self.steps > *memory) else { return Ok(()) };
        let problem = format!(
            "found {}, whose steps need {} of memory; this machine has {}",
            self.batch,
            gibibytes(self.steps),
            gibibytes(memory)
        );
        let hint = "choose smaller batches or a narrower network";
        Err(Error::usage("optimizer.batch", problem).with_hint(hint))
    }

    fn check_gpu(&self, compute: Compute, free: Option<u64>) -> Result<()> {
        let Some(free) = free.filter(|free| self.on_gpu() > *free) else { return Ok(()) };
        let problem = format!(
            "the run needs {} of the GPU's memory, {} for steps of {} examples and {} for data; {} are free",
            gibibytes(self.on_gpu()),
            gibibytes(self.steps),
            self.batch,
            gibibytes(self.data),
            gibibytes(free)
        );
        let hint = "choose smaller batches (--set optimizer.batch=N), fewer runs at a time (--jobs), or a GPU with more room: `nvidia-smi` shows them";
        Err(Error::usage(format!("--device {compute}"), problem).with_hint(hint))
    }
}

/// `1.5 GiB`.
pub(crate) fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_run_that_cannot_fit_is_refused_in_numbers() {
        let need = Need { batch: 100, steps: 5 * GIB, data: GIB };
        assert_eq!(need.on_gpu(), 7 * GIB);
        for there in [None, Some(7 * GIB)] {
            assert!(need.check_gpu(Compute::Cuda(None), there).is_ok());
            assert!(need.check_machine(there).is_ok());
        }
        let error = need.check_gpu(Compute::Cuda(Some(1)), Some(7 * GIB - 1)).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(
            error.to_string(),
            "--device cuda:1: the run needs 7.0 GiB of the GPU's memory, 5.0 GiB for steps of 100 examples and 1.0 GiB for data; 7.0 GiB are free\n\
             hint: choose smaller batches (--set optimizer.batch=N), fewer runs at a time (--jobs), or a GPU with more room: `nvidia-smi` shows them"
        );
        // Data are not counted on the processor, where they were loaded before anybody computes.
        assert!(need.check_machine(Some(5 * GIB)).is_ok());
        assert_eq!(
            need.check_machine(Some(4 * GIB)).unwrap_err().to_string(),
            "optimizer.batch: found 100, whose steps need 5.0 GiB of memory; this machine has 4.0 GiB\n\
             hint: choose smaller batches or a narrower network"
        );
    }
}
