//! A training step: forward, loss, backward, update.
//!
//! On a GPU a step is recorded once its memory is there, and launched as a whole from then on: what differs from step to step are the batch, which lies
//! in one of two places, and the numbers that the dials show.

use apl_core::{
    nn::{Chain, Context, Loss},
    ops::{
        cuda::{Recording, record},
        dials::Dials,
    },
    random::Streams,
};
use candle_core::{DType, Tensor};

use crate::{
    Result,
    config::OptimizerSection,
    feed::Shown,
    ledger::{Ledger, Measured},
    optimizer::Sgd,
};

/// A network that learns.
pub struct Learner {
    /// The network.
    pub network: Chain,
    /// What moves its parameters.
    pub optimizer: Sgd,
    loss: Loss,
    streams: Streams,
    /// Of the loss by the scores.
    gradient: Tensor,
    gpu: Option<OnGpu>,
}

/// What a GPU needs to do steps that were recorded.
struct OnGpu {
    dials: Dials,
    /// The loss of the step, `[1]`, `f64`.
    loss: Tensor,
    /// The memory of the network, by its number, that a step has been done with.
    warm: Option<u64>,
    /// By the place of the batch.
    recorded: [Option<Recorded>; 2],
    /// Whether the driver records what a step does.
    records: bool,
}

struct Recorded {
    recording: Recording,
    scores: Tensor,
    /// As in [`OnGpu::warm`].
    memory: u64,
}

impl Learner {
    /// Room for steps over batches of the section's size.
    ///
    /// # Errors
    /// A pattern of the section that matches no parameter; what Candle reports.
    pub fn new(
        network: Chain,
        section: &OptimizerSection,
        loss: Loss,
        streams: Streams,
    ) -> Result<Self> {
        let optimizer = Sgd::new(network.parameters(), section)?;
        let device = network.device();
        let scores = network.shapes().last().cloned().unwrap_or_default();
        let scores = [&[section.batch], scores.as_slice()].concat();
        let gradient = Tensor::zeros(scores, network.dtype(), device)?;
        let gpu = match device.is_cpu() {
            true => None,
            false => Some(OnGpu {
                dials: Dials::new(device)?,
                loss: Tensor::zeros(1, DType::F64, device)?,
                warm: None,
                recorded: [None, None],
                records: true,
            }),
        };
        Ok(Self { network, optimizer, loss, streams, gradient, gpu })
    }

    /// One step; the scores and the loss, both as they are until the next, and the loss waited for where it is wanted `now`. Where it is, and is not `usable`,
    /// a processor leaves the parameters as they are.
    ///
    /// # Errors
    /// What a layer or the device reports.
    pub fn step(
        &mut self,
        shown: &Shown,
        step: u64,
        numbers: [f64; 2],
        now: bool,
        usable: impl FnOnce(f64) -> bool,
    ) -> Result<(Tensor, Measured)> {
        match self.gpu.take() {
            None => self.on_processor(shown, step, numbers, now, usable),
            Some(mut gpu) => {
                let done = self.on_gpu(&mut gpu, shown, step, numbers);
                let loss = &gpu.loss;
                let measured = done.and_then(|scores| {
                    let loss = match now {
                        true => Measured::Now(loss.to_vec1::<f64>()?[0]),
                        false => Measured::Later(loss.clone()),
                    };
                    Ok((scores, loss))
                });
                self.gpu = Some(gpu);
                measured
            }
        }
    }

    fn on_processor(
        &mut self,
        shown: &Shown,
        step: u64,
        [rate, momentum]: [f64; 2],
        now: bool,
        usable: impl FnOnce(f64) -> bool,
    ) -> Result<(Tensor, Measured)> {
        let mut context = Context::training(step, self.streams);
        let inputs = &shown.examples.inputs;
        let scores = self.network.forward(inputs, &mut context)?;
        let loss = Ledger::loss(self.loss, &scores, &shown.examples, &self.gradient, now)?;
        // Where it is looked at later, a loss that is too large stops the run some steps later.
        let usable = match loss {
            Measured::Now(loss) => usable(loss),
            Measured::Later(_) => true,
        };
        if usable {
            self.network.backward(inputs, &self.gradient, &mut context)?;
            self.optimizer.step(rate, momentum)?;
        }
        Ok((scores, loss))
    }

    fn on_gpu(
        &mut self,
        gpu: &mut OnGpu,
        shown: &Shown,
        step: u64,
        [rate, momentum]: [f64; 2],
    ) -> Result<Tensor> {
        gpu.dials.set(step, rate, momentum)?;
        let memory = self.network.memory();
        // Memory that is made anew is not that of the recordings.
        for recorded in &mut gpu.recorded {
            if recorded.as_ref().is_some_and(|recorded| recorded.memory != memory) {
                *recorded = None;
            }
        }
        if gpu.recorded[shown.place].is_none() && gpu.records && gpu.warm == Some(memory) {
            let mut scores = None;
            let device = self.network.device().clone();
            let recording = record(&device, || {
                scores = Some(self.learn(&gpu.dials, &gpu.loss, shown)?);
                Ok(())
            });
            match (recording, scores) {
                (Ok(Some(recording)), Some(scores)) => {
                    gpu.recorded[shown.place] = Some(Recorded { recording, scores, memory });
                }
                // What a driver does not record it may still do.
                _ => gpu.records = false,
            }
        }
        if let Some(Recorded { recording, scores, .. }) = &gpu.recorded[shown.place] {
            recording.launch()?;
            return Ok(scores.clone());
        }
        let scores = self.learn(&gpu.dials, &gpu.loss, shown)?;
        gpu.warm = Some(self.network.memory());
        Ok(scores)
    }

    /// The step that the dials show, its loss to `total`.
    fn learn(&mut self, dials: &Dials, total: &Tensor, shown: &Shown) -> apl_core::Result<Tensor> {
        let mut context = Context::training_by(0, self.streams, Some(dials));
        let examples = &shown.examples;
        total.zero_set()?;
        let scores = self.network.forward(&examples.inputs, &mut context)?;
        let (targets, weights) = (&examples.targets, examples.weights.as_ref());
        self.loss.accumulate(&scores, targets, weights, Some(&self.gradient), total)?;
        self.network.backward(&examples.inputs, &self.gradient, &mut context)?;
        self.optimizer.step_by(dials)?;
        Ok(scores)
    }
}

#[cfg(all(test, feature = "cuda"))]
mod tests {
    use apl_core::{
        activation::AplConfig,
        nn::{
            ActivationConfig, Conv2d, Conv2dConfig, Dropout, Flatten, Init, Layer, Linear,
            LinearConfig, Setup,
        },
        ops::{
            conv2d,
            cuda::{Arithmetic, calculate_in},
        },
    };
    use candle_core::Device;

    use super::*;
    use crate::{
        config::{MomentumSection, RateSection},
        device::Compute,
        task::Examples,
    };

    const BATCH: usize = 20;
    const IMAGE: [usize; 3] = [16, 5, 4];

    fn learner(device: &Device) -> Learner {
        let streams = Streams::new(3);
        let setup = Setup { streams, dtype: DType::F32, device: device.clone() };
        let full = |name: &str, inputs, outputs| -> Box<dyn Layer> {
            let (weight, bias) = (Init::Normal(0.3), Init::Constant(0.0));
            let config = LinearConfig { inputs, outputs, weight, bias };
            Box::new(Linear::new(name, config, &setup).unwrap())
        };
        let apl = ActivationConfig::Apl(AplConfig::new(2));
        let (weight, bias) = (Init::Normal(0.1), Init::Constant(0.1));
        let window = conv2d::Config { stride: 1, padding: 1 };
        let config = Conv2dConfig { inputs: 16, outputs: 24, kernel: 3, window, weight, bias };
        let layers: Vec<Box<dyn Layer>> = vec![
            Box::new(Conv2d::new("conv1", config, &setup).unwrap()),
            apl.layer("act0", &[24, 5, 4], &setup).unwrap(),
            Box::new(Flatten::new("flat")),
            full("ip1", 24 * 5 * 4, 33),
            apl.layer("act1", &[33], &setup).unwrap(),
            Box::new(Dropout::new("drop1", 0.5, 0).unwrap()),
            full("ip2", 33, 4),
        ];
        let network = Chain::new(layers, &IMAGE, DType::F32, device).unwrap();
        let section = OptimizerSection {
            batch: BATCH,
            momentum: MomentumSection { from: 0.9, to: None, steps: None },
            weight_decay: 0.001,
            rates: vec![RateSection { until: 1, lr: 0.1, gamma: None }],
            groups: Vec::new(),
            loss_limit: 100.0,
        };
        Learner::new(network, &section, Loss::SoftmaxCrossEntropy, streams).unwrap()
    }

    /// Losses and parameters of some steps, whose numbers change, and whether both places were recorded in the end.
    fn learned(mut learner: Learner) -> (Vec<u64>, Vec<u32>, bool) {
        let device = learner.network.device().clone();
        let batch = |place: usize| {
            let dims = [&[BATCH], &IMAGE[..]].concat();
            let inputs = crate::trial::normal(Streams::new(9), &format!("x{place}"), &dims);
            let inputs = inputs.unwrap().to_device(&device).unwrap();
            let labels: Vec<u32> = (0..BATCH as u32).map(|i| (i + place as u32) % 4).collect();
            let targets = Tensor::from_vec(labels, BATCH, &device).unwrap();
            Shown { examples: Examples { inputs, targets, weights: None }, place }
        };
        let batches = [batch(0), batch(1)];
        let mut losses = Vec::new();
        for step in 0..20 {
            if step == 9 {
                // A pass over another batch divides the memory anew.
                let part = batches[0].examples.part(0..5).unwrap();
                learner.network.forward(&part.inputs, &mut Context::evaluation()).unwrap();
            }
            let numbers = [0.1 / (1.0 + step as f64), 0.5 + 0.01 * step as f64];
            let shown = &batches[step as usize % 2];
            let (_, loss) = learner.step(shown, step, numbers, false, |_| true).unwrap();
            let Measured::Later(loss) = loss else { panic!("a loss that was waited for") };
            losses.push(loss.to_vec1::<f64>().unwrap()[0].to_bits());
        }
        let parameters = learner.network.parameters().iter().flat_map(|parameter| {
            let flat = parameter.value.flatten_all().unwrap();
            flat.to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits)
        });
        let recorded = learner.gpu.as_ref().unwrap().recorded.iter().all(Option::is_some);
        (losses, parameters.collect(), recorded)
    }

    #[test]
    #[ignore = "needs a GPU"]
    fn recorded_steps_on_a_gpu_are_the_launched_ones_to_the_bit() {
        if let Some(trouble) = apl_core::ops::cuda::trouble() {
            println!("skipped: {trouble}");
            return;
        }
        let device = Compute::Cuda(Some(0)).open().unwrap();
        for arithmetic in Arithmetic::ALL {
            calculate_in(&device, arithmetic).unwrap();
            let mut launched = learner(&device);
            launched.gpu.as_mut().unwrap().records = false;
            let (launched, recorded) = (learned(launched), learned(learner(&device)));
            assert_eq!((launched.2, recorded.2), (false, true));
            assert_eq!(launched.0, recorded.0);
            assert_eq!(launched.1, recorded.1);
            println!("20 steps in {arithmetic}, recorded and launched: the same to the bit");
        }
    }
}
