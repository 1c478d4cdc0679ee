//! One training step of the paper's CIFAR networks, in f64, against PyTorch.
//!
//! `pytorch_step.py` beside this file made `pytorch_step.json` and says how. Weights, images, labels and velocities are made here by the same integer
//! hashes; nothing but results is read from the file.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::LazyLock;

use apl_core::{
    activation::AplConfig,
    nn::{ActivationConfig, Chain, Context, Loss, Parameter, Role, Setup},
    ops::{
        access::{with_slice, with_slice_mut},
        sgd,
    },
    random::Streams,
};
use apl_vision::network::{CnnConfig, INPUT, SecondPool, cnn};
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

/// Largest difference of two numbers, relative to the largest number of their tensor (to the norm that bounds them, for sums).
const TOLERANCE: f64 = 1e-10;

const BATCH_INPUT: u32 = 1000;
const BATCH_LABELS: u32 = 1001;
const VELOCITY: u32 = 2000;
const ENTRY: u32 = 3000;
const PRODUCT: u32 = 4000;
/// Products kept of every tensor.
const PRODUCTS: u32 = 4;

#[derive(Deserialize)]
struct Document {
    batch: usize,
    seed: u32,
    step: u64,
    rate: f64,
    momentum: f64,
    decay: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    name: String,
    classes: usize,
    second_pool: SecondPool,
    hinges: usize,
    sharing: Option<String>,
    salt: u32,
    nearest_kink: f64,
    nearest_tie: f64,
    scores: Vec<f64>,
    loss: f64,
    #[serde(rename = "loss-with-dropout-6-and-7-swapped")]
    swapped: f64,
    tensors: Vec<Record>,
}

/// What is known of a parameter's gradient, and of its velocity and value after the step.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Record {
    name: String,
    shape: Vec<usize>,
    l1: f64,
    l2: f64,
    max: f64,
    entries: Vec<f64>,
    products: Vec<f64>,
    new_velocity: Vec<f64>,
    new_value: Vec<f64>,
}

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| serde_json::from_str(include_str!("pytorch_step.json")).unwrap());

fn case(name: &str) -> &'static Case {
    DOCUMENT.cases.iter().find(|case| case.name == name).unwrap()
}

/// The finaliser of MurmurHash3.
fn mix(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
    x ^ (x >> 16)
}

fn hashes(number: u32, count: usize) -> impl Iterator<Item = u32> {
    let key = mix(number);
    (0..count as u32).map(move |i| mix(i.wrapping_mul(0x9E37_79B9) ^ key))
}

fn fill(tensor: &Tensor, number: u32, scale: f64) {
    with_slice_mut(tensor, |values: &mut [f64]| {
        let count = values.len();
        for (value, hash) in values.iter_mut().zip(hashes(number, count)) {
            *value = scale * (f64::from(hash) / 2f64.powi(31) - 1.0);
        }
    })
    .unwrap();
}

fn scale(parameter: &Parameter) -> f64 {
    let inputs: usize = parameter.value.dims()[1..].iter().product();
    let scale = match parameter.role {
        Role::Weight => (6.0 / inputs as f64).sqrt(),
        Role::Bias => 0.25,
        Role::Slopes => 0.5,
        Role::Offsets => 1.0,
    };
    if parameter.name.starts_with("ip3.") { scale / 8.0 } else { scale }
}

impl Case {
    fn number(&self, number: u32) -> u32 {
        number + 100_000 * self.salt
    }

    /// The chain that the library builds, with the values of the script.
    fn chain(&self) -> Chain {
        let config = CnnConfig { second_pool: self.second_pool, ..Default::default() };
        let activation = match &self.sharing {
            Some(sharing) => ActivationConfig::Apl(AplConfig {
                sharing: sharing.parse().unwrap(),
                ..AplConfig::new(self.hinges)
            }),
            None => ActivationConfig::Relu,
        };
        let streams = Streams::new(DOCUMENT.seed);
        let setup = Setup { streams, dtype: DType::F64, device: Device::Cpu };
        let chain = cnn(&config, self.classes, &activation, &setup).unwrap();
        for (number, parameter) in (0..).zip(chain.parameters()) {
            fill(&parameter.value, self.number(number), scale(parameter));
        }
        chain
    }

    fn batch(&self) -> (Tensor, Tensor) {
        let dims = [&[DOCUMENT.batch], INPUT.as_slice()].concat();
        let input = Tensor::zeros(dims, DType::F64, &Device::Cpu).unwrap();
        fill(&input, self.number(BATCH_INPUT), 1.0);
        let labels = hashes(self.number(BATCH_LABELS), DOCUMENT.batch);
        let labels: Vec<u32> = labels.map(|hash| hash % self.classes as u32).collect();
        (input, Tensor::from_vec(labels, DOCUMENT.batch, &Device::Cpu).unwrap())
    }

    /// Scores, loss and (in the chain) gradients of a training step.
    fn forward_and_backward(&self, chain: &mut Chain, step: u64) -> (Vec<f64>, f64) {
        let (input, labels) = self.batch();
        let mut context = Context::training(step, Streams::new(DOCUMENT.seed));
        let scores = chain.forward(&input, &mut context).unwrap();
        let gradient = scores.zeros_like().unwrap();
        let loss =
            Loss::SoftmaxCrossEntropy.evaluate(&scores, &labels, None, Some(&gradient)).unwrap();
        let values = scores.flatten_all().unwrap().to_vec1().unwrap();
        chain.backward(&input, &gradient, &mut context).unwrap();
        (values, loss)
    }

    fn gradients_agree(&self, chain: &Chain, worst: &mut Worst) {
        let parameters = chain.parameters();
        assert_eq!(parameters.len(), self.tensors.len());
        for (number, (parameter, record)) in (0..).zip(parameters.iter().zip(&self.tensors)) {
            assert_eq!((&parameter.name, parameter.value.dims()), (&record.name, &*record.shape));
            with_slice(&parameter.gradient, |g: &[f64]| {
                let name = &record.name;
                let l1 = g.iter().map(|v| v.abs()).sum();
                let l2 = g.iter().map(|v| v * v).sum::<f64>().sqrt();
                let max = g.iter().fold(0f64, |max, v| max.max(v.abs()));
                worst.compare(name, "1-norm", l1, record.l1, record.l1);
                worst.compare(name, "2-norm", l2, record.l2, record.l2);
                worst.compare(name, "maximum", max, record.max, record.max);
                let indices = hashes(ENTRY + number, record.entries.len());
                for (index, &expected) in indices.zip(&record.entries) {
                    let value = g[index as usize % g.len()];
                    worst.compare(name, "entry", value, expected, record.max);
                }
                worst.compare_products(name, "product", number, g, &record.products);
            })
            .unwrap();
        }
    }

    /// Takes the step of the optimiser.
    fn update_agrees(&self, chain: &Chain, worst: &mut Worst) {
        let Document { rate, momentum, decay, .. } = *DOCUMENT;
        let step = sgd::Step { rate, momentum, decay };
        for (number, (parameter, record)) in (0..).zip(chain.parameters().iter().zip(&self.tensors))
        {
            let velocity = parameter.value.zeros_like().unwrap();
            fill(&velocity, self.number(VELOCITY + number), 0.01);
            sgd::step(&parameter.value, &parameter.gradient, &velocity, step).unwrap();
            for (what, tensor, expected) in [
                ("new velocity", &velocity, &record.new_velocity),
                ("new value", &parameter.value, &record.new_value),
            ] {
                with_slice(tensor, |values: &[f64]| {
                    worst.compare_products(&record.name, what, number, values, expected);
                })
                .unwrap();
            }
        }
    }
}

/// The largest disagreement so far, and where.
#[derive(Default)]
struct Worst {
    error: f64,
    place: String,
}

impl Worst {
    fn compare(&mut self, name: &str, what: &str, value: f64, expected: f64, scale: f64) {
        let error = (value - expected).abs() / scale;
        if error.is_nan() || error > self.error {
            self.error = if error.is_nan() { f64::INFINITY } else { error };
            self.place = format!("{name}, {what}: {value} against {expected}");
        }
    }

    /// Sums of the values with signs from hashes, relative to the 2-norm, the deviation of such a sum.
    fn compare_products(
        &mut self,
        name: &str,
        what: &str,
        number: u32,
        values: &[f64],
        expected: &[f64],
    ) {
        let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
        for (k, &expected) in (0..).zip(expected) {
            let key = PRODUCT + PRODUCTS * number + k;
            let signs = hashes(key, values.len()).map(|hash| hash >> 31 == 1);
            let sum = values.iter().zip(signs).map(|(&v, minus)| if minus { -v } else { v }).sum();
            self.compare(name, what, sum, expected, norm);
        }
    }

    fn agrees(&self) -> bool {
        self.error <= TOLERANCE
    }
}

fn check(name: &str) {
    let case = case(name);
    assert!(case.nearest_kink.min(case.nearest_tie) > 1e-6);
    let mut chain = case.chain();
    let (scores, loss) = case.forward_and_backward(&mut chain, DOCUMENT.step);
    let mut worst = Worst::default();
    assert_eq!(scores.len(), case.scores.len());
    let largest = case.scores.iter().fold(0f64, |max, v| max.max(v.abs()));
    for (&score, &expected) in scores.iter().zip(&case.scores) {
        worst.compare("scores", "entry", score, expected, largest);
    }
    worst.compare("loss", "value", loss, case.loss, case.loss);
    case.gradients_agree(&chain, &mut worst);
    let mut after = Worst::default();
    case.update_agrees(&chain, &mut after);
    for (what, worst) in [("gradients", worst), ("step", after)] {
        println!("{name}, {what}: largest relative difference {:e} ({})", worst.error, worst.place);
        assert!(worst.agrees(), "{}: {}", worst.place, worst.error);
    }
}

/// Table 1's network: S = 5, a unit of its own at every position.
#[test]
fn cifar10_with_apl_per_unit_agrees() {
    check("cifar10-apl");
}

/// 100 classes, two maximum poolings, S = 2 shared over the positions of a feature map.
#[test]
fn cifar100_with_apl_per_channel_agrees() {
    check("cifar100-apl");
}

#[test]
fn cifar10_with_relu_agrees() {
    check("cifar10-relu");
}

/// Masks of another step, one gradient off by a millionth of the largest, two dropout layers that swapped numbers: each is seen.
#[test]
fn what_is_wrong_disagrees() {
    let case = case("cifar10-relu");
    let mut chain = case.chain();
    let errors = |chain: &Chain| {
        let mut worst = Worst::default();
        case.gradients_agree(chain, &mut worst);
        worst
    };
    let (_, loss) = case.forward_and_backward(&mut chain, DOCUMENT.step + 1);
    assert!((loss - case.loss).abs() > 1e-3);
    assert!(errors(&chain).error > 1e-3);

    let (_, loss) = case.forward_and_backward(&mut chain, DOCUMENT.step);
    assert!((loss - case.swapped).abs() > 1e-3);
    assert!(errors(&chain).agrees());
    let position = case.tensors.iter().position(|record| record.name == "conv2.weight").unwrap();
    let gradient = &chain.parameters()[position].gradient;
    let change = 1e-6 * case.tensors[position].max;
    with_slice_mut(gradient, |values: &mut [f64]| values[100_003] += change).unwrap();
    assert!(!errors(&chain).agrees());
}
