//! The network against the numbers of the paper and of the authors' release.

#![allow(clippy::unwrap_used, clippy::panic)]

use apl_core::{
    activation::{AplConfig, Sharing},
    nn::{ActivationConfig, Chain, Context, Init, Layer, Observer, Parameter, Role, Setup},
    ops::{dropout, dropout::Mask},
    random::Streams,
};
use apl_vision::network::{CnnConfig, NetworkConfig, SecondPool, WeightInit, build, cnn};
use candle_core::{DType, Device, Tensor};

const SEED: u32 = 3;
const STEP: u64 = 11;

fn setup(dtype: DType) -> Setup {
    Setup { streams: Streams::new(SEED), dtype, device: Device::Cpu }
}

fn apl(hinges: usize, sharing: Sharing) -> ActivationConfig {
    ActivationConfig::Apl(AplConfig { sharing, ..AplConfig::new(hinges) })
}

fn paper(classes: usize, activation: ActivationConfig) -> Chain {
    let second_pool = if classes == 100 { SecondPool::Max } else { SecondPool::Average };
    let config = CnnConfig { second_pool, ..Default::default() };
    build(&NetworkConfig::Cnn(config), classes, &activation, &setup(DType::F32)).unwrap()
}

fn narrow() -> CnnConfig {
    CnnConfig { widths: [4, 5, 6], hidden: [7, 8], ..Default::default() }
}

fn counts(chain: &Chain) -> [usize; 2] {
    Parameter::counts(chain.parameters())
}

/// `2 S M` with M = 151 552 units, or 4 576 channels and hidden units.
#[test]
fn parameters_are_as_many_as_in_the_paper() {
    for (hinges, expected) in [(1, 303_104), (2, 606_208), (5, 1_515_520), (10, 3_031_040)] {
        let chain = paper(10, apl(hinges, Sharing::Unit));
        assert_eq!(counts(&chain), [13_741_578, expected], "S = {hinges}");
    }
    assert_eq!(counts(&paper(100, apl(2, Sharing::Unit))), [13_925_988, 606_208]);
    assert_eq!(counts(&paper(10, apl(5, Sharing::Channel))), [13_741_578, 2 * 5 * 4_576]);
    assert_eq!(counts(&paper(10, ActivationConfig::Relu)), [13_741_578, 0]);
}

#[test]
fn layers_stand_in_the_authors_order_with_their_shapes() {
    let chain = paper(10, ActivationConfig::LeakyRelu { slope: 0.01 });
    let found: Vec<_> = (chain.layers().zip(chain.shapes()))
        .map(|(layer, shape)| format!("{} {} {shape:?}", layer.name(), layer.kind()))
        .collect();
    let expected = [
        "conv1 conv2d [96, 32, 32]",
        "act1 leaky-relu [96, 32, 32]",
        "drop1 dropout [96, 32, 32]",
        "pool1 max-pool [96, 16, 16]",
        "drop-pool1 dropout [96, 16, 16]",
        "conv2 conv2d [128, 16, 16]",
        "act2 leaky-relu [128, 16, 16]",
        "drop2 dropout [128, 16, 16]",
        "pool2 average-pool [128, 8, 8]",
        "drop-pool2 dropout [128, 8, 8]",
        "conv3 conv2d [256, 8, 8]",
        "act3 leaky-relu [256, 8, 8]",
        "drop3 dropout [256, 8, 8]",
        "pool3 average-pool [256, 4, 4]",
        "drop-pool3 dropout [256, 4, 4]",
        "ip1 linear [2048]",
        "act4 leaky-relu [2048]",
        "drop4 dropout [2048]",
        "ip2 linear [2048]",
        "act5 leaky-relu [2048]",
        "drop5 dropout [2048]",
        "ip3 linear [10]",
    ];
    assert_eq!(found, expected);
}

#[test]
fn cifar_100_pools_by_maximum_twice() {
    let config = CnnConfig { second_pool: SecondPool::Max, ..narrow() };
    let chain = cnn(&config, 100, &ActivationConfig::Relu, &setup(DType::F32)).unwrap();
    let pools: Vec<_> =
        chain.layers().map(Layer::kind).filter(|kind| kind.ends_with("pool")).collect();
    assert_eq!(pools, ["max-pool", "max-pool", "average-pool"]);
    assert_eq!(chain.shapes().last().unwrap(), &[100]);
}

/// Deviations within five standard errors of what the table says; the fan-in of `ip1` is 16 channels of 4 by 4.
#[test]
fn weights_start_as_configured() {
    let wide = CnnConfig { widths: [16, 16, 16], hidden: [64, 64], ..Default::default() };
    let he = |inputs: f64| (2.0 / inputs).sqrt();
    let layers = [
        ("conv1.weight", 1e-4, he(75.0)),
        ("conv2.weight", 0.01, he(400.0)),
        ("conv3.weight", 0.01, he(400.0)),
        ("ip1.weight", 0.01, he(256.0)),
        ("ip2.weight", 0.01, he(64.0)),
        ("ip3.weight", 0.01, 0.01),
    ];
    for init in [WeightInit::Authors, WeightInit::He] {
        let config = CnnConfig { init, ..wide };
        let chain = cnn(&config, 10, &ActivationConfig::Relu, &setup(DType::F64)).unwrap();
        for (name, authors, he) in layers {
            let parameter = chain.parameters().iter().find(|p| p.name == name).unwrap();
            let values = parameter.value.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let square = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
            let expected = if init == WeightInit::He { he } else { authors };
            let ratio = square.sqrt() / expected;
            assert!((ratio - 1.0).abs() < 5.0 / (2.0 * values.len() as f64).sqrt(), "{name}");
        }
        for bias in chain.parameters().iter().filter(|p| p.role == Role::Bias) {
            let largest = bias.value.abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
            assert_eq!(largest, 0.0, "{}", bias.name);
        }
    }
}

/// Compares every dropout layer's output with the mask its number stands for.
struct Masks {
    input: Option<Tensor>,
    seen: Vec<String>,
}

impl Observer for Masks {
    fn input(&mut self, layer: &dyn Layer, input: &Tensor) -> apl_core::Result<()> {
        self.input = (layer.kind() == "dropout").then(|| input.copy()).transpose()?;
        Ok(())
    }

    fn output(&mut self, layer: &dyn Layer, output: &Tensor) -> apl_core::Result<()> {
        let Some(input) = self.input.take() else { return Ok(()) };
        let numbers = [
            ("drop1", 0, 0.25),
            ("drop-pool1", 1, 0.25),
            ("drop2", 2, 0.25),
            ("drop-pool2", 3, 0.25),
            ("drop3", 4, 0.25),
            ("drop-pool3", 5, 0.5),
            ("drop4", 6, 0.5),
            ("drop5", 7, 0.5),
        ];
        let (_, number, rate) = numbers.into_iter().find(|n| n.0 == layer.name()).unwrap();
        let mask = Mask::new(rate, Streams::new(SEED), number, STEP)?;
        let expected = dropout::composed(&input, mask)?;
        let distance = (output - expected)?.abs()?.max_all()?.to_scalar::<f64>()?;
        assert_eq!(distance, 0.0, "{}", layer.name());
        self.seen.push(layer.name().into());
        Ok(())
    }
}

#[test]
fn dropout_keeps_its_numbers_when_some_are_left_out() {
    let all = CnnConfig { init: WeightInit::He, ..narrow() };
    let mut some = all;
    some.dropout.conv = 0.0;
    let names =
        ["drop1", "drop-pool1", "drop2", "drop-pool2", "drop3", "drop-pool3", "drop4", "drop5"];
    let left = ["drop-pool1", "drop-pool2", "drop-pool3", "drop4", "drop5"];
    for (config, expected) in [(all, &names[..]), (some, &left[..])] {
        let activation = apl(2, Sharing::Unit);
        let mut chain = cnn(&config, 10, &activation, &setup(DType::F64)).unwrap();
        let stream = Streams::new(1);
        let x = Init::Normal(1.0).tensor("x", &[2, 3, 32, 32], stream, DType::F64, &Device::Cpu);
        let mut masks = Masks { input: None, seen: Vec::new() };
        let context = Context::training(STEP, Streams::new(SEED));
        let mut context = Context { observer: Some(&mut masks), ..context };
        chain.forward(&x.unwrap(), &mut context).unwrap();
        assert_eq!(masks.seen, expected);
    }
}

#[test]
fn wrong_settings_are_named() {
    let error = |config: &CnnConfig, classes, activation: ActivationConfig| match cnn(
        config,
        classes,
        &activation,
        &setup(DType::F32),
    ) {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    };
    let relu = ActivationConfig::Relu;
    assert_eq!(error(&narrow(), 0, relu), "cnn: classes: found 0, expected at least 1");
    let empty = CnnConfig { hidden: [0, 1], ..narrow() };
    assert_eq!(
        error(&empty, 10, relu),
        "network.hidden: found [0, 1], expected numbers from 1 to 8192"
    );
    assert_eq!(
        error(&narrow(), 10, apl(0, Sharing::Unit)),
        "layer act1: apl: hinges: found 0, expected at least 1"
    );
}
