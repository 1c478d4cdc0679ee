//! How hard the generated images are: too hard for a linear classifier, easy for a small convolutional network.

#![allow(clippy::unwrap_used)]

use apl_core::{
    nn::{
        Chain, Context, Conv2d, Conv2dConfig, Init, Layer, Linear, LinearConfig, Loss, Pool, Relu,
        Setup,
    },
    ops::{conv2d, pool, pool::Kind, sgd},
    random::Streams,
};
use apl_train::task::Split;
use apl_vision::data::{Data, DataConfig, Folders, Images, Set, Shuffle, fill, order};
use candle_core::{DType, Device, Tensor};

const BATCH: usize = 100;
const SEED: u32 = 1;

/// The images are the same on every machine, at any number of threads.
#[test]
fn the_generated_images_never_change() {
    let nowhere = std::path::Path::new("unused");
    let folders = Folders { hub: nowhere, cache: nowhere };
    for (set, digests) in [
        (
            Set::Cifar10,
            [
                "74588e201b68644b7b1ef6599399f459be311ddad58027d68c66edfc6f71454a",
                "a27252d65f5c8e1661a729c9ab71b657efe3308fff3c66c19d2f5c63c589cfb0",
            ],
        ),
        (
            Set::Cifar100,
            [
                "a636d35cc38eb34bc2e62b5918266c26b8aa5a382398c1c1efc775ddd1e3d9f4",
                "38b2787c4e510f7f9fa246c6c3e9a91cf206ff6584656cde294b3e76c9b660da",
            ],
        ),
    ] {
        let config = DataConfig { set, train: Some(600), test: Some(200), ..DataConfig::default() };
        let classes = config.labelling().unwrap().classes();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let data = pool.install(|| Data::load(&config, folders)).unwrap();
            assert_eq!([data.train.digest(), data.test.digest()], digests);
            for (images, count) in [(&data.train, 600), (&data.test, 200)] {
                for class in 0..classes as u32 {
                    let of_class = images.labels().iter().filter(|&&label| label == class).count();
                    assert_eq!(of_class, count / classes);
                }
            }
        }
    }
}

fn data() -> Data {
    let nowhere = std::path::Path::new("unused");
    let config = DataConfig { scale: 1.0 / 64.0, ..DataConfig::default() };
    Data::load(&config, Folders { hub: nowhere, cache: nowhere }).unwrap()
}

fn setup() -> Setup {
    Setup { streams: Streams::new(SEED), dtype: DType::F32, device: Device::Cpu }
}

fn full(name: &str, inputs: usize, outputs: usize, std: f64) -> Box<dyn Layer> {
    let (weight, bias) = (Init::Normal(std), Init::Constant(0.0));
    let config = LinearConfig { inputs, outputs, weight, bias };
    Box::new(Linear::new(name, config, &setup()).unwrap())
}

fn conv(name: &str, inputs: usize, outputs: usize) -> Box<dyn Layer> {
    let config = Conv2dConfig {
        inputs,
        outputs,
        kernel: 5,
        window: conv2d::Config { stride: 1, padding: 2 },
        weight: Init::Normal((2.0 / (25 * inputs) as f64).sqrt()),
        bias: Init::Constant(0.0),
    };
    Box::new(Conv2d::new(name, config, &setup()).unwrap())
}

/// Trains by SGD with momentum 0.9 and returns the error on the test images after every epoch, in percent.
fn train(layers: Vec<Box<dyn Layer>>, data: &Data, rates: &[f64], decay: f64) -> Vec<f64> {
    let device = Device::Cpu;
    let mut chain = Chain::new(layers, &[3, 32, 32], DType::F32, &device).unwrap();
    let inputs = Tensor::zeros((BATCH, 3, 32, 32), DType::F32, &device).unwrap();
    let labels = Tensor::zeros(BATCH, DType::U32, &device).unwrap();
    let gradient = Tensor::zeros((BATCH, 10), DType::F32, &device).unwrap();
    let velocities: Vec<Tensor> =
        chain.parameters().iter().map(|p| p.value.zeros_like().unwrap()).collect();
    let streams = Streams::new(SEED);
    let (mut indices, mut errors) = (Vec::new(), Vec::new());
    for (epoch, &rate) in rates.iter().enumerate() {
        order(Shuffle::Epoch, streams, epoch as u64, data.train.len(), &mut indices);
        for (step, batch) in indices.chunks_exact(BATCH).enumerate() {
            let mut context = Context::training(step as u64, streams);
            fill(
                &data.train,
                batch,
                data.preprocessing.pixels(Split::Train),
                None,
                &inputs,
                &labels,
            )
            .unwrap();
            let scores = chain.forward(&inputs, &mut context).unwrap();
            Loss::SoftmaxCrossEntropy.evaluate(&scores, &labels, None, Some(&gradient)).unwrap();
            chain.backward(&inputs, &gradient, &mut context).unwrap();
            for (parameter, velocity) in chain.parameters().iter().zip(&velocities) {
                let step = sgd::Step { rate, momentum: 0.9, decay };
                sgd::step(&parameter.value, &parameter.gradient, velocity, step).unwrap();
            }
        }
        errors.push(error(&mut chain, &data.test, data, &inputs, &labels));
        println!("epoch {epoch}: test error {:.1} %", errors[epoch]);
    }
    errors
}

/// The share of images that get another class than their own, in percent.
fn error(chain: &mut Chain, images: &Images, data: &Data, inputs: &Tensor, labels: &Tensor) -> f64 {
    let mut wrong = 0;
    let all: Vec<u32> = (0..images.len() as u32).collect();
    for batch in all.chunks_exact(BATCH) {
        fill(images, batch, data.preprocessing.pixels(Split::Test), None, inputs, labels).unwrap();
        let scores = chain.forward(inputs, &mut Context::evaluation()).unwrap();
        let guesses = scores.argmax(1).unwrap().to_vec1::<u32>().unwrap();
        let labels = labels.to_vec1::<u32>().unwrap();
        wrong += guesses.iter().zip(&labels).filter(|(guess, label)| guess != label).count();
    }
    100.0 * wrong as f64 / all.len() as f64
}

/// Softmax regression on the pixels less their mean, 30 epochs at three decays: above 83 % at every one of them.
#[test]
fn a_linear_classifier_stays_above_half_wrong() {
    let data = data();
    for decay in [0.01, 0.1, 1.0] {
        let layers = vec![full("ip", 3072, 10, 0.001)];
        let rates: Vec<f64> =
            (0..30).map(|epoch| if epoch < 20 { 0.001 } else { 0.0002 }).collect();
        let errors = train(layers, &data, &rates, decay);
        assert!(errors.iter().all(|&error| error > 50.0));
    }
}

/// The paper's network at a sixth of its width, ten epochs. Command and figures:
/// `cargo test --release -p apl-vision --test embedded -- --ignored --nocapture`
#[test]
#[ignore = "a minute of training"]
fn a_small_network_gets_below_fifteen_percent() {
    let data = data();
    let window = pool::Config { kernel: 3, stride: 2, padding: 0 };
    let layers: Vec<Box<dyn Layer>> = vec![
        conv("conv1", 3, 16),
        Box::new(Relu::new("act1")),
        Box::new(Pool::new("pool1", Kind::Max, window)),
        conv("conv2", 16, 16),
        Box::new(Relu::new("act2")),
        Box::new(Pool::new("pool2", Kind::Average, window)),
        conv("conv3", 16, 32),
        Box::new(Relu::new("act3")),
        Box::new(Pool::new("pool3", Kind::Average, window)),
        full("ip1", 32 * 16, 64, 0.06),
        Box::new(Relu::new("act4")),
        full("ip2", 64, 10, 0.1),
    ];
    let rates = [0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.002, 0.002, 0.0005];
    let errors = train(layers, &data, &rates, 0.001);
    assert!(errors[errors.len() - 1] < 15.0);
}
