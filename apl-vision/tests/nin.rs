//! The network in network against the numbers of the paper and of the authors' release.

#![allow(clippy::unwrap_used)]

use apl_core::{
    activation::{AplConfig, Sharing},
    nn::{ActivationConfig, Chain, Context, Loss, Parameter, Setup},
    random::Streams,
};
use apl_vision::network::{NetworkConfig, NinConfig, build, nin};
use candle_core::{DType, Device, Tensor};

fn setup() -> Setup {
    Setup { streams: Streams::new(3), dtype: DType::F32, device: Device::Cpu }
}

fn apl(hinges: usize, sharing: Sharing) -> ActivationConfig {
    ActivationConfig::Apl(AplConfig { sharing, ..AplConfig::new(hinges) })
}

fn paper(classes: usize, activation: ActivationConfig) -> Chain {
    let config = NetworkConfig::Nin(NinConfig::default());
    build(&config, classes, &activation, &setup()).unwrap()
}

fn counts(chain: &Chain) -> [usize; 2] {
    Parameter::counts(chain.parameters())
}

/// `2 S M` with M = 631 424 units for 10 classes and 637 184 for 100, or 1 418 and 1 508 channels.
#[test]
fn parameters_are_as_many_as_in_the_paper() {
    assert_eq!(counts(&paper(10, apl(1, Sharing::Unit))), [966_986, 1_262_848]);
    assert_eq!(counts(&paper(10, apl(2, Sharing::Unit))), [966_986, 2_525_696]);
    assert_eq!(counts(&paper(100, apl(1, Sharing::Unit))), [984_356, 1_274_368]);
    assert_eq!(counts(&paper(10, apl(2, Sharing::Channel))), [966_986, 2 * 2 * 1_418]);
    assert_eq!(counts(&paper(100, apl(2, Sharing::Channel))), [984_356, 2 * 2 * 1_508]);
    assert_eq!(counts(&paper(10, ActivationConfig::Relu)), [966_986, 0]);
}

#[test]
fn layers_stand_in_the_authors_order_with_their_shapes() {
    let chain = paper(10, ActivationConfig::Relu);
    let found: Vec<_> = (chain.layers().zip(chain.shapes()))
        .map(|(layer, shape)| format!("{} {} {shape:?}", layer.name(), layer.kind()))
        .collect();
    let expected = [
        "conv1 conv2d [192, 32, 32]",
        "act1 relu [192, 32, 32]",
        "cccp1 conv2d [160, 32, 32]",
        "act2 relu [160, 32, 32]",
        "cccp2 conv2d [96, 32, 32]",
        "act3 relu [96, 32, 32]",
        "pool1 max-pool [96, 16, 16]",
        "drop-pool1 dropout [96, 16, 16]",
        "conv2 conv2d [192, 16, 16]",
        "act4 relu [192, 16, 16]",
        "cccp3 conv2d [192, 16, 16]",
        "act5 relu [192, 16, 16]",
        "cccp4 conv2d [192, 16, 16]",
        "act6 relu [192, 16, 16]",
        "pool2 average-pool [192, 8, 8]",
        "drop-pool2 dropout [192, 8, 8]",
        "conv3 conv2d [192, 8, 8]",
        "act7 relu [192, 8, 8]",
        "cccp5 conv2d [192, 8, 8]",
        "act8 relu [192, 8, 8]",
        "cccp6 conv2d [10, 8, 8]",
        "act9 relu [10, 8, 8]",
        "pool3 average-pool [10, 1, 1]",
        "scores flatten [10]",
    ];
    assert_eq!(found, expected);
    let kernels = [("conv1", 5), ("cccp1", 1), ("conv2", 5), ("conv3", 3), ("cccp6", 1)];
    for (name, kernel) in kernels {
        let layer = chain.layers().find(|layer| layer.name() == name).unwrap();
        assert_eq!(layer.parameters()[0].value.dims()[2..], [kernel, kernel], "{name}");
    }
}

/// The chain's gradient along itself against the difference of losses a small step apart.
#[test]
fn gradients_are_the_slope_of_the_loss() {
    let config = NinConfig { widths: [6, 5, 4, 6, 5, 4, 6, 5], ..NinConfig::default() };
    let setup = Setup { dtype: DType::F64, ..setup() };
    let activation = apl(2, Sharing::Unit);
    let config = NinConfig { init: apl_vision::network::WeightInit::He, ..config };
    let mut network = nin(&config, 4, &activation, &setup).unwrap();
    let mut stream = Streams::new(9).named(apl_core::random::Purpose::Sample, "x");
    let x: Vec<f64> = (0..2 * 3 * 32 * 32).map(|_| stream.normal()).collect();
    let x = Tensor::from_vec(x, (2, 3, 32, 32), &Device::Cpu).unwrap();
    let labels = Tensor::new(&[1u32, 3], &Device::Cpu).unwrap();
    let gradient = Tensor::zeros((2, 4), DType::F64, &Device::Cpu).unwrap();
    let loss = |network: &mut Chain| {
        let mut context = Context::training(0, setup.streams);
        let scores = network.forward(&x, &mut context).unwrap();
        let loss =
            Loss::SoftmaxCrossEntropy.evaluate(&scores, &labels, None, Some(&gradient)).unwrap();
        network.backward(&x, &gradient, &mut context).unwrap();
        loss
    };
    loss(&mut network);
    let parameters = network.parameters().to_vec();
    let directions: Vec<Tensor> = parameters.iter().map(|p| p.gradient.copy().unwrap()).collect();
    let square: f64 = (directions.iter())
        .map(|d| d.sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap())
        .sum();
    let values: Vec<Tensor> = parameters.iter().map(|p| p.value.copy().unwrap()).collect();
    let step = 1e-6 / square.sqrt();
    let mut at = |sign: f64| {
        for ((parameter, value), direction) in parameters.iter().zip(&values).zip(&directions) {
            let moved = (value + (direction * (sign * step)).unwrap()).unwrap();
            apl_core::ops::copy::values(&moved, &parameter.value).unwrap();
        }
        loss(&mut network)
    };
    let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
    assert!((slope / square - 1.0).abs() < 1e-3, "{slope} against {square}");
}

#[test]
fn wrong_settings_are_named() {
    let none = NinConfig { widths: [0; 8], ..NinConfig::default() };
    let error = nin(&none, 10, &ActivationConfig::Relu, &setup()).err().unwrap().to_string();
    assert!(error.starts_with("network.widths: found [0, 0"), "{error}");
    let error = nin(&NinConfig::default(), 0, &ActivationConfig::Relu, &setup()).err().unwrap();
    assert_eq!(error.to_string(), "nin: classes: found 0, expected at least 1");
}
