//! One training step, as the training loop does it.

use apl_core::{
    nn::{Chain, Context, Loss},
    random::Purpose,
};
use apl_train::optimizer::Sgd;
use candle_core::{DType, Device, Tensor};

use crate::{
    Result,
    workload::{BATCH, Workload, streams},
};

/// A network with its optimiser and one made-up batch.
pub struct Step {
    chain: Chain,
    optimizer: Sgd,
    loss: Loss,
    inputs: Tensor,
    targets: Tensor,
    gradient: Tensor,
    done: u64,
}

impl Step {
    /// At step 0.
    pub fn new(workload: Workload) -> Result<Self> {
        let chain = workload.chain()?;
        let optimizer = Sgd::new(chain.parameters(), &workload.optimizer())?;
        let inputs = normal("inputs", &workload.input())?;
        let loss = workload.loss();
        let targets = match loss {
            Loss::SoftmaxCrossEntropy => {
                let labels: Vec<u32> = (0..BATCH as u32).map(|i| i % 10).collect();
                Tensor::from_vec(labels, BATCH, &Device::Cpu)?
            }
            Loss::SigmoidCrossEntropy => {
                let labels: Vec<f32> = (0..BATCH).map(|i| (i % 2) as f32).collect();
                Tensor::from_vec(labels, (BATCH, 1), &Device::Cpu)?
            }
        };
        let scores = chain.shapes().last().cloned().unwrap_or_default();
        let scores = [&[BATCH], scores.as_slice()].concat();
        let gradient = Tensor::zeros(scores, DType::F32, &Device::Cpu)?;
        Ok(Self { chain, optimizer, loss, inputs, targets, gradient, done: 0 })
    }

    /// Forward, loss, backward, update; the loss.
    pub fn run(&mut self) -> Result<f64> {
        let mut context = Context::training(self.done, streams());
        let scores = self.chain.forward(&self.inputs, &mut context)?;
        let loss = self.loss.evaluate(&scores, &self.targets, Some(&self.gradient))?;
        self.chain.backward(&self.inputs, &self.gradient, &mut context)?;
        self.optimizer.step(0.001, 0.5)?;
        self.done += 1;
        Ok(loss)
    }
}

/// Normal numbers with deviation 1 from the stream of this name.
pub fn normal(name: &str, dims: &[usize]) -> Result<Tensor> {
    let mut stream = streams().named(Purpose::Sample, name);
    // Large tensors repeat a million numbers: making them is no part of what is measured.
    let count: usize = dims.iter().product();
    let drawn: Vec<f32> = (0..count.min(1 << 20)).map(|_| stream.normal() as f32).collect();
    let values = drawn.iter().copied().cycle().take(count).collect::<Vec<f32>>();
    Ok(Tensor::from_vec(values, dims, &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_make_the_loss_smaller() {
        let mut step = Step::new(Workload::named("higgs-apl").unwrap()).unwrap();
        let first = step.run().unwrap();
        let last = (0..200).map(|_| step.run().unwrap()).last().unwrap();
        assert!(last < first, "{first} {last}");
    }
}
