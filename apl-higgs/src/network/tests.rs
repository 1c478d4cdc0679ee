#![allow(clippy::unwrap_used)]

use apl_core::{
    activation::AplConfig,
    nn::{Context, Loss, Parameter},
    random::Streams,
};
use candle_core::{DType, Device, Tensor};

use super::*;

fn setup() -> Setup {
    Setup { streams: Streams::new(3), dtype: DType::F32, device: Device::Cpu }
}

fn paper(activation: ActivationConfig) -> Chain {
    build(&NetworkConfig::default(), FEATURES, &activation, &setup()).unwrap()
}

fn counts(chain: &Chain) -> [usize; 2] {
    Parameter::counts(chain.parameters())
}

/// `2 S M` with M = 1 918 units.
#[test]
fn parameters_are_as_many_as_in_the_paper() {
    assert_eq!(counts(&paper(ActivationConfig::Relu)), [459_499, 0]);
    let apl = ActivationConfig::Apl(AplConfig::new(2));
    assert_eq!(counts(&paper(apl)), [459_499, 7_672]);
}

#[test]
fn layers_stand_in_the_authors_order() {
    let chain = paper(ActivationConfig::Relu);
    let found: Vec<_> = chain.layers().map(|layer| layer.name().to_string()).collect();
    let mut expected: Vec<String> =
        (1..=5).flat_map(|i| [format!("ip{i}"), format!("act{i}")]).collect();
    expected.extend(["ip6", "act6", "drop6", "ip7", "act7", "drop7", "ip8"].map(String::from));
    assert_eq!(found, expected);
}

#[test]
fn a_pass_gives_a_logit_an_example() {
    let mut chain = paper(ActivationConfig::Apl(AplConfig::new(2)));
    let x = Tensor::ones((4, FEATURES), DType::F32, &Device::Cpu).unwrap();
    let targets = Tensor::new(&[[0f32], [1.0], [0.0], [1.0]], &Device::Cpu).unwrap();
    let gradient = targets.zeros_like().unwrap();
    let mut context = Context::training(0, Streams::new(3));
    let logits = chain.forward(&x, &mut context).unwrap();
    let loss =
        Loss::SigmoidCrossEntropy.evaluate(&logits, &targets, None, Some(&gradient)).unwrap();
    // The last layer's weights are small, so a logit is near 0.
    assert!((loss - 2f64.ln()).abs() < 0.1, "{loss}");
    chain.backward(&x, &gradient, &mut context).unwrap();
}

#[test]
fn a_section_survives_writing_and_reading() {
    let text = "hidden = [8, 9]\ndropout = { last = 0.0 }\ninit = \"he\"";
    let config: NetworkConfig = toml::from_str(text).unwrap();
    assert_eq!(
        toml::from_str::<NetworkConfig>(&toml::to_string(&config).unwrap()).unwrap(),
        config
    );
    let chain = build(&config, 3, &ActivationConfig::Relu, &setup()).unwrap();
    let found: Vec<_> = chain.layers().map(|layer| layer.name().to_string()).collect();
    assert_eq!(found, ["ip1", "act1", "drop1", "ip2", "act2", "ip3"]);
}

#[test]
fn wrong_settings_are_named() {
    for (text, message) in [
        ("hidden = []", "network.hidden: found [], expected 1 to 64 numbers from 1 to 8192"),
        ("hidden = [0]", "network.hidden: found [0], expected"),
        ("dropout.last = 1.0", "network.dropout.last: found 1, expected in [0, 1)"),
        ("dropout.last-but-one = nan", "network.dropout.last-but-one: found NaN"),
    ] {
        let config: NetworkConfig = toml::from_str(text).unwrap();
        let error = config.check().unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let error = build(&NetworkConfig::default(), 0, &ActivationConfig::Relu, &setup());
    let error = error.err().unwrap().to_string();
    assert_eq!(error, "higgs network: features: found 0, expected at least 1");
}
