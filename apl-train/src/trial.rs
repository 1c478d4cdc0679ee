//! Training steps on made-up examples, to be timed.

use apl_core::{
    nn::{Chain, Context, Loss},
    random::{Purpose, Streams},
};
use candle_core::{DType, Device, Tensor};

use crate::{Result, config::OptimizerSection, optimizer::Sgd};

/// A network with its optimiser and one batch of normal inputs and labels in turn.
pub struct Trial {
    chain: Chain,
    optimizer: Sgd,
    loss: Loss,
    streams: Streams,
    inputs: Tensor,
    targets: Tensor,
    gradient: Tensor,
    /// The sum of losses that nobody has asked for.
    total: Tensor,
    done: u64,
}

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
        let batch = section.batch;
        let optimizer = Sgd::new(chain.parameters(), section)?;
        let device = chain.device().clone();
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
        let scores = [&[batch], scores.as_slice()].concat();
        let gradient = Tensor::zeros(scores, DType::F32, &device)?;
        let total = Tensor::zeros(1, DType::F64, &device)?;
        Ok(Self { chain, optimizer, loss, streams, inputs, targets, gradient, total, done: 0 })
    }

    /// Forward, loss, backward, update; the loss.
    ///
    /// # Errors
    /// What a layer reports.
    pub fn step(&mut self) -> Result<f64> {
        let mut context = Context::training(self.done, self.streams);
        let scores = self.chain.forward(&self.inputs, &mut context)?;
        let loss = self.loss.evaluate(&scores, &self.targets, None, Some(&self.gradient))?;
        self.chain.backward(&self.inputs, &self.gradient, &mut context)?;
        self.optimizer.step(0.001, 0.5)?;
        self.done += 1;
        Ok(loss)
    }

    /// As many [`steps`](Self::step), whose losses stay on the device; waits for it at the end.
    ///
    /// # Errors
    /// What a layer or the device reports.
    pub fn steps(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let mut context = Context::training(self.done, self.streams);
            let scores = self.chain.forward(&self.inputs, &mut context)?;
            let (gradient, total) = (Some(&self.gradient), &self.total);
            self.loss.accumulate(&scores, &self.targets, None, gradient, total)?;
            self.chain.backward(&self.inputs, &self.gradient, &mut context)?;
            self.optimizer.step(0.001, 0.5)?;
            self.done += 1;
        }
        Ok(self.total.device().synchronize()?)
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        self.chain.device()
    }

    /// Forward and loss, as an evaluation does them; the loss.
    ///
    /// # Errors
    /// What a layer reports.
    pub fn evaluate(&mut self) -> Result<f64> {
        let scores = self.chain.forward(&self.inputs, &mut Context::evaluation())?;
        Ok(self.loss.evaluate(&scores, &self.targets, None, None)?)
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
