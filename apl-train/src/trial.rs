//! Training steps on made-up examples, to be timed.

use apl_core::{
    nn::{Chain, Context, Loss},
    random::{Purpose, Streams},
};
use candle_core::{Device, Tensor};

use crate::{
    Result, config::OptimizerSection, feed::Shown, learner::Learner, ledger::Measured,
    task::Examples,
};

/// A network with its optimiser and one batch of normal inputs and labels in turn.
pub struct Trial {
    learner: Learner,
    loss: Loss,
    shown: Shown,
    done: u64,
}

/// Learning rate and momentum.
const NUMBERS: [f64; 2] = [0.001, 0.5];

impl Trial {
    /// At step 0. The chain computes in f32, on whatever device.
    ///
    /// # Errors
    /// What the optimiser or Candle reports.
    pub fn new(
        chain: Chain,
        section: &OptimizerSection,
        loss: Loss,
        streams: Streams,
    ) -> Result<Self> {
        let (batch, device) = (section.batch, chain.device().clone());
        let inputs = normal(streams, "inputs", &[&[batch], chain.input_shape()].concat())?;
        let inputs = inputs.to_device(&device)?;
        let scores = chain.shapes().last().cloned().unwrap_or_default();
        let targets = match loss {
            Loss::SoftmaxCrossEntropy => {
                let classes = scores.iter().product::<usize>().max(1);
                let labels: Vec<u32> = (0..batch).map(|i| (i % classes) as u32).collect();
                Tensor::from_vec(labels, batch, &device)?
            }
            Loss::SigmoidCrossEntropy => {
                let labels: Vec<f32> = (0..batch).map(|i| (i % 2) as f32).collect();
                Tensor::from_vec(labels, (batch, 1), &device)?
            }
        };
        let examples = Examples { inputs, targets, weights: None };
        let learner = Learner::new(chain, section, loss, streams)?;
        Ok(Self { learner, loss, shown: Shown { examples, place: 0 }, done: 0 })
    }

    /// Forward, loss, backward, update; the loss.
    ///
    /// # Errors
    /// What a layer reports.
    pub fn step(&mut self) -> Result<f64> {
        let (_, loss) = self.learner.step(&self.shown, self.done, NUMBERS, true, |_| true)?;
        self.done += 1;
        match loss {
            Measured::Now(loss) => Ok(loss),
            Measured::Later(loss) => Ok(loss.to_vec1::<f64>()?[0]),
        }
    }

    /// As many [`steps`](Self::step), whose losses stay on the device; waits for it at the end.
    ///
    /// # Errors
    /// What a layer or the device reports.
    pub fn steps(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.learner.step(&self.shown, self.done, NUMBERS, false, |_| true)?;
            self.done += 1;
        }
        Ok(self.device().synchronize()?)
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        self.learner.network.device()
    }

    /// Forward and loss, as an evaluation does them; the loss.
    ///
    /// # Errors
    /// What a layer reports.
    pub fn evaluate(&mut self) -> Result<f64> {
        let Examples { inputs, targets, .. } = &self.shown.examples;
        let scores = self.learner.network.forward(inputs, &mut Context::evaluation())?;
        Ok(self.loss.evaluate(&scores, targets, None, None)?)
    }
}

/// Normal numbers with deviation 1 from the stream of this name.
///
/// # Errors
/// What Candle reports.
pub fn normal(streams: Streams, name: &str, dims: &[usize]) -> Result<Tensor> {
    let mut stream = streams.named(Purpose::Sample, name);
    // Large tensors repeat a million numbers: making them is no part of what is measured.
    let count: usize = dims.iter().product();
    let drawn: Vec<f32> = (0..count.min(1 << 20)).map(|_| stream.normal() as f32).collect();
    let values = drawn.iter().copied().cycle().take(count).collect::<Vec<f32>>();
    Ok(Tensor::from_vec(values, dims, &Device::Cpu)?)
}
