//! The training steps that are measured: the paper's networks with and without APL.

use apl_core::{
    activation::AplConfig,
    nn::{ActivationConfig, Chain, Loss, Setup},
    random::Streams,
};
use apl_higgs::network::FEATURES;
use apl_train::{
    config::{GroupSection, MomentumSection, OptimizerSection, RateSection},
    trial::{self, Trial},
};
use apl_vision::network::{CnnConfig, NinConfig, WeightInit, cnn, nin};
use candle_core::{DType, Device, Tensor};

use crate::Result;

/// Examples a step, as in the paper.
pub const BATCH: usize = 100;

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The CIFAR-10 CNN.
    Cnn,
    /// The CIFAR-10 network in network.
    Nin,
    /// The Higgs network.
    Higgs,
}

/// A network with its activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// Its name, which PyTorch's script knows too.
    pub name: &'static str,
    /// The network.
    pub network: Network,
    /// S; 0 stands for ReLU.
    pub hinges: usize,
}

/// All of them, a network's ReLU before its APL.
pub const ALL: [Workload; 6] = [
    Workload { name: "cnn-relu", network: Network::Cnn, hinges: 0 },
    Workload { name: "cnn-apl", network: Network::Cnn, hinges: 5 },
    Workload { name: "nin-relu", network: Network::Nin, hinges: 0 },
    Workload { name: "nin-apl", network: Network::Nin, hinges: 2 },
    Workload { name: "higgs-relu", network: Network::Higgs, hinges: 0 },
    Workload { name: "higgs-apl", network: Network::Higgs, hinges: 2 },
];

/// The streams of every made-up number.
pub fn streams() -> Streams {
    Streams::new(1)
}

/// Normal numbers with deviation 1 from the stream of this name.
pub fn normal(name: &str, dims: &[usize]) -> Result<Tensor> {
    Ok(trial::normal(streams(), name, dims)?)
}

impl Workload {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|workload| workload.name == name)
    }

    /// The same network with ReLU, for one with APL.
    pub fn with_relu(self) -> Option<Self> {
        let twin = ALL.into_iter().find(|other| other.network == self.network && other.hinges == 0);
        twin.filter(|twin| *twin != self)
    }

    /// The network at the paper's widths, in f32.
    pub fn chain(self, device: &Device) -> Result<Chain> {
        let setup = Setup { streams: streams(), dtype: DType::F32, device: device.clone() };
        let activation = match self.hinges {
            0 => ActivationConfig::Relu,
            hinges => ActivationConfig::Apl(AplConfig::new(hinges)),
        };
        // Made-up inputs of deviation 1 want He's weights; what they are does not change the work.
        let init = WeightInit::He;
        Ok(match self.network {
            Network::Cnn => {
                cnn(&CnnConfig { init, ..CnnConfig::default() }, 10, &activation, &setup)?
            }
            Network::Nin => {
                nin(&NinConfig { init, ..NinConfig::default() }, 10, &activation, &setup)?
            }
            Network::Higgs => {
                let config = apl_higgs::network::NetworkConfig::default();
                apl_higgs::network::build(&config, FEATURES, &activation, &setup)?
            }
        })
    }

    /// Its training step, to be timed.
    pub fn trial(self, device: &Device) -> Result<Trial> {
        Ok(Trial::new(self.chain(device)?, &self.optimizer(), self.loss(), streams())?)
    }

    /// What training makes small.
    pub fn loss(self) -> Loss {
        match self.network {
            Network::Cnn | Network::Nin => Loss::SoftmaxCrossEntropy,
            Network::Higgs => Loss::SigmoidCrossEntropy,
        }
    }

    /// The paper's decay and multipliers.
    pub fn optimizer(self) -> OptimizerSection {
        let group = |pattern: &str, lr: f64, decay: f64| GroupSection {
            pattern: pattern.into(),
            lr,
            decay,
            frozen: false,
        };
        let (weight_decay, groups) = match self.network {
            Network::Cnn => (0.001, Vec::new()),
            Network::Nin => (0.0001, vec![group("*.bias", 2.0, 0.0)]),
            Network::Higgs => (0.001, vec![group("*.weight", 1.0, 0.0), group("*.bias", 1.0, 0.0)]),
        };
        OptimizerSection {
            batch: BATCH,
            momentum: MomentumSection { from: 0.5, to: None, steps: None },
            weight_decay,
            rates: vec![RateSection { until: 1, lr: 0.001, gamma: None }],
            groups,
            loss_limit: 1000.0,
        }
    }
}

/// Floating-point operations of the matrix products of a step: forward, dX (but the first layer's) and dW.
pub fn flops(chain: &Chain) -> f64 {
    let layers = chain.layers().zip(chain.shapes()).enumerate();
    let products = layers.map(|(i, (layer, output))| {
        let passes = if i == 0 { 2.0 } else { 3.0 };
        let weight = match layer.kind() {
            "conv2d" | "linear" => layer.parameters()[0].value.elem_count(),
            _ => 0,
        };
        let places: usize = output.iter().skip(1).product();
        passes * 2.0 * (BATCH * weight * places) as f64
    });
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for workload in ALL {
            assert_eq!(Workload::named(workload.name), Some(workload));
        }
        assert_eq!(Workload::named("cnn"), None);
        let relu = |name| Workload::named(name).unwrap().with_relu();
        assert_eq!((relu("nin-apl"), relu("nin-relu")), (Workload::named("nin-relu"), None));
    }

    #[test]
    fn steps_make_the_loss_smaller() {
        let mut trial = Workload::named("higgs-apl").unwrap().trial(&Device::Cpu).unwrap();
        let first = trial.step().unwrap();
        let last = (0..200).map(|_| trial.step().unwrap()).last().unwrap();
        assert!(last < first, "{first} {last}");
    }

    /// 2 N (75 * 96 * 1024 * 2 + 3 * (2400 * 128 * 256 + 3200 * 256 * 64 + 4096 * 2048 + 2048 * 2048 + 20480)).
    #[test]
    fn the_cnn_takes_90_gflop_a_step() {
        let found = flops(&Workload::named("cnn-relu").unwrap().chain(&Device::Cpu).unwrap());
        let products = 2400usize * 128 * 256 + 3200 * 256 * 64 + 4096 * 2048 + 2048 * 2048 + 20480;
        assert_eq!(found, (200 * (75usize * 96 * 1024 * 2 + 3 * products)) as f64);
        assert!((89e9..91e9).contains(&found), "{found}");
    }
}
