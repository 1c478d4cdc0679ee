//! Whole networks on machines that stand for a GPU.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use candle_core::{DType, Device, Tensor};

use super::{
    Address, Convolution, Convolved, Kernel, Launch, Machine, Product, emulator, turned::Turned,
};
use crate::{
    Result,
    activation::{AplConfig, Sharing},
    nn::{
        ActivationConfig, Chain, Context, Conv2d, Conv2dConfig, Dropout, Flatten, Init, Layer,
        Linear, LinearConfig, Loss, Parameter, Pool, Setup,
    },
    ops::{
        apl, conv2d, crops,
        dials::Dials,
        pool, rows,
        sgd::{self, Moved, Together},
        testing::{assert_close, normal},
    },
    random::Streams,
};

const STREAMS: u32 = 3;

/// Tensors of the tests on the device that computes.
fn on(device: &Device, name: &str, dims: &[usize], dtype: DType) -> Tensor {
    normal(name, dims, dtype).to_device(device).unwrap()
}

/// Every layer that the paper's networks have, in small.
fn convolutional(
    activation: ActivationConfig,
    channels: usize,
    dtype: DType,
    device: &Device,
) -> Chain {
    let setup = Setup { streams: Streams::new(STREAMS), dtype, device: device.clone() };
    let (weight, bias) = (Init::Normal(0.2), Init::Constant(0.1));
    let conv = |name: &str, inputs, outputs, kernel, padding| -> Box<dyn Layer> {
        let window = conv2d::Config { stride: 1, padding };
        let config = Conv2dConfig { inputs, outputs, kernel, window, weight, bias };
        Box::new(Conv2d::new(name, config, &setup).unwrap())
    };
    let full = |name: &str, inputs, outputs| -> Box<dyn Layer> {
        let config = LinearConfig { inputs, outputs, weight, bias };
        Box::new(Linear::new(name, config, &setup).unwrap())
    };
    let act = |name: &str, unit: &[usize]| activation.layer(name, unit, &setup).unwrap();
    let window = pool::Config { kernel: 3, stride: 2, padding: 0 };
    let c = channels;
    let layers: Vec<Box<dyn Layer>> = vec![
        conv("conv1", 3, c, 5, 2),
        act("act1", &[c, 8, 8]),
        Box::new(Pool::new("pool1", pool::Kind::Max, window)),
        Box::new(Dropout::new("drop1", 0.25, 0).unwrap()),
        conv("conv2", c, c, 1, 0),
        act("act2", &[c, 4, 4]),
        Box::new(Pool::new("pool2", pool::Kind::Average, window)),
        Box::new(Flatten::new("flat")),
        full("ip1", 4 * c, 12),
        act("act3", &[12]),
        Box::new(Dropout::new("drop2", 0.5, 1).unwrap()),
        full("ip2", 12, 5),
    ];
    Chain::new(layers, &[3, 8, 8], dtype, device).unwrap()
}

/// Some steps of training; the losses and the parameters at the end.
fn train(mut network: Chain, dtype: DType, steps: u64) -> (Tensor, Vec<Tensor>) {
    let device = network.device().clone();
    let x = on(&device, "images", &[4, 3, 8, 8], dtype);
    let labels = Tensor::new(&[0u32, 4, 2, 1], &device).unwrap();
    let gradient = Tensor::zeros((4, 5), dtype, &device).unwrap();
    let total = Tensor::zeros(1, DType::F64, &device).unwrap();
    let parameters = network.parameters().to_vec();
    let moved = |p: &Parameter| {
        let (value, gradient) = (p.value.clone(), p.gradient.clone());
        let velocity = value.zeros_like().unwrap();
        Moved { value, gradient, velocity, rate: 0.5, decay: 0.001 }
    };
    let moved: Vec<Moved> = parameters.iter().map(moved).collect();
    let together = Together::new(&moved).unwrap();
    let dials = Dials::new(&device).unwrap();
    for step in 0..steps {
        dials.set(step, 0.1, 0.9).unwrap();
        // What counts is what the dials say, where they are read.
        let step = if together.is_some() { 0 } else { step };
        let mut context = Context::training_by(step, Streams::new(STREAMS), Some(&dials));
        let scores = network.forward(&x, &mut context).unwrap();
        let loss = Loss::SoftmaxCrossEntropy;
        loss.accumulate(&scores, &labels, None, Some(&gradient), &total).unwrap();
        network.backward(&x, &gradient, &mut context).unwrap();
        match &together {
            Some(together) => together.step_by(&dials).unwrap(),
            None => {
                let numbers = sgd::Step { rate: 0.05, momentum: 0.9, decay: 0.001 };
                for Moved { value, gradient, velocity, .. } in &moved {
                    sgd::step(value, gradient, velocity, numbers).unwrap();
                }
            }
        }
    }
    let here = |tensor: &Tensor| tensor.to_device(&Device::Cpu).unwrap();
    (here(&total), parameters.iter().map(|parameter| here(&parameter.value)).collect())
}

/// Training on a device or a machine that stands for one, against the CPU.
fn check_training(
    activation: ActivationConfig,
    steps: u64,
    [double, single]: [f64; 2],
    trained: &dyn Fn(DType) -> (Tensor, Vec<Tensor>),
) {
    for (dtype, tolerance) in [(DType::F64, double), (DType::F32, single)] {
        let (losses, parameters) = trained(dtype);
        let network = convolutional(activation, 4, dtype, &Device::Cpu);
        let (expected, expected_parameters) = train(network, dtype, steps);
        assert_close("losses", &losses, &expected, tolerance);
        for (found, expected) in parameters.iter().zip(&expected_parameters) {
            assert_close(&format!("{activation:?} {dtype:?}"), found, expected, tolerance);
        }
    }
}

fn activations() -> Vec<ActivationConfig> {
    let apl =
        |hinges, sharing| ActivationConfig::Apl(AplConfig { sharing, ..AplConfig::new(hinges) });
    vec![
        ActivationConfig::Relu,
        ActivationConfig::LeakyRelu { slope: 0.01 },
        apl(2, Sharing::Unit),
        apl(3, Sharing::Channel),
        apl(1, Sharing::Layer),
    ]
}

#[test]
fn training_agrees_with_the_cpu() {
    let Some(machine) = emulator::Emulator::new() else { return };
    let machine: Rc<dyn Machine> = Rc::new(machine);
    for activation in activations() {
        check_training(activation, 4, [1e-11, 1e-4], &|dtype| {
            let network = convolutional(activation, 4, dtype, &Device::Cpu);
            emulator::with(machine.clone(), || train(network, dtype, 4))
        });
    }
}

/// `None` where there is none, which is said.
#[cfg(feature = "cuda")]
pub(super) fn gpu() -> Option<Device> {
    if let Some(trouble) = super::trouble() {
        println!("skipped: {trouble}");
        return None;
    }
    let device = Device::new_cuda_with_stream(0).unwrap();
    if let Device::Cuda(device) = &device {
        // SAFETY: one stream.
        #[allow(unsafe_code)]
        unsafe {
            device.disable_event_tracking();
        }
    }
    Some(device)
}

/// On the GPU itself, and twice, for the same bits: `bench/gpu/build test --release -p apl-core --features cuda --lib gpu -- --ignored --nocapture`.
#[cfg(feature = "cuda")]
#[test]
#[ignore = "needs a GPU"]
fn training_on_a_gpu_agrees_with_the_cpu() {
    let Some(device) = gpu() else { return };
    for activation in activations() {
        let on_gpu = |dtype| train(convolutional(activation, 4, dtype, &device), dtype, 50);
        check_training(activation, 50, [1e-9, 2e-3], &on_gpu);
        let bits = |(losses, parameters): (Tensor, Vec<Tensor>)| -> Vec<Vec<u64>> {
            let all = std::iter::once(&losses).chain(&parameters);
            let bits = |tensor: &Tensor| {
                crate::ops::testing::values(tensor).into_iter().map(f64::to_bits).collect()
            };
            all.map(bits).collect()
        };
        assert_eq!(bits(on_gpu(DType::F32)), bits(on_gpu(DType::F32)), "{activation:?}");
    }
    println!(
        "{} networks agree with the CPU over 50 steps, to the bit with themselves",
        activations().len()
    );
}

/// Seconds of a call: the median of ten times twenty calls. They are one launch: the GPU does not wait for the processor.
#[cfg(feature = "cuda")]
pub(super) fn seconds(device: &Device, work: &dyn Fn()) -> f64 {
    work();
    let twenty = || {
        (0..20).for_each(|_| work());
        Ok(())
    };
    let recording = super::record(device, twenty).unwrap().unwrap();
    let round = || {
        let start = std::time::Instant::now();
        recording.launch().unwrap();
        device.synchronize().unwrap();
        start.elapsed().as_secs_f64() / 20.0
    };
    round();
    let mut rounds: Vec<f64> = (0..10).map(|_| round()).collect();
    rounds.sort_unstable_by(f64::total_cmp);
    rounds[5]
}

/// Bytes a second of the activation's kernels on conv1's output at batch 100, beside those of a copy of as many numbers.
#[cfg(feature = "cuda")]
#[test]
#[ignore = "needs a GPU"]
fn bandwidth_on_a_gpu() {
    use crate::ops::copy;
    let Some(device) = gpu() else { return };
    let unit = [96, 32, 32];
    let (batch, count) = (100, 100 * 96 * 32 * 32);
    let full = |name: &str| on(&device, name, &[&[batch], &unit[..]].concat(), DType::F32);
    let (x, g) = (full("x"), full("g"));
    let (y, dx) = (x.zeros_like().unwrap(), x.zeros_like().unwrap());
    let seconds = |work: &dyn Fn()| seconds(&device, work);
    let rate = |numbers: usize, seconds: f64| 4.0 * numbers as f64 / seconds / 1e9;
    let copied = rate(2 * count, seconds(&|| copy::values(&x, &y).unwrap()));
    println!("copy: {copied:.0} GB/s");
    for hinges in [1, 2, 5, 10] {
        let shape = [&[hinges], &unit[..]].concat();
        let (a, b) = (on(&device, "a", &shape, DType::F32), on(&device, "b", &shape, DType::F32));
        let (da, db) = (a.zeros_like().unwrap(), b.zeros_like().unwrap());
        let parameters = 2 * a.elem_count();
        let forward = seconds(&|| apl::forward(&x, &a, &b, Sharing::Unit, &y).unwrap());
        let to = Some((&da, &db));
        let backward =
            seconds(&|| apl::backward(&x, &a, &b, Sharing::Unit, &g, Some(&dx), to).unwrap());
        let [forward, backward] =
            [rate(2 * count + parameters, forward), rate(3 * count + 2 * parameters, backward)];
        println!(
            "S = {hinges}: forward {forward:.0} GB/s, {:.0} % of the copy; backward {backward:.0} GB/s, {:.0} %",
            100.0 * forward / copied,
            100.0 * backward / copied
        );
    }
}

/// Remembers what would be launched.
#[derive(Default)]
struct Recorder {
    variants: RefCell<BTreeMap<String, Kernel>>,
    scratch: RefCell<Vec<u64>>,
}

impl Machine for Recorder {
    fn launch(&self, launch: &Launch) -> Result<()> {
        self.variants.borrow_mut().insert(launch.kernel.variant(), launch.kernel.clone());
        Ok(())
    }

    fn multiply(&self, _: &Product) -> Result<()> {
        Ok(())
    }

    fn convolve(&self, _: &Convolution, _: [Address; 3], _: Option<Address>) -> Result<Convolved> {
        Ok(Convolved::Not)
    }

    fn scratch(&self, numbers: usize, _: DType) -> Result<Address> {
        let mut scratch = self.scratch.borrow_mut();
        scratch.resize(numbers, 0);
        Ok(Address(scratch.as_ptr() as u64))
    }
}

/// The variants that training launches: of every program, for narrow and wide packs, one to ten hinges, both types.
fn variants() -> BTreeMap<String, Kernel> {
    let recorder = Rc::new(Recorder::default());
    let machine: Rc<dyn Machine> = recorder.clone();
    let more = [1, 2, 5, 10, 32].map(|hinges| ActivationConfig::Apl(AplConfig::new(hinges)));
    for activation in activations().into_iter().chain(more) {
        for dtype in [DType::F32, DType::F64] {
            for channels in [4, 3] {
                let network = convolutional(activation, channels, dtype, &Device::Cpu);
                emulator::with(machine.clone(), || train(network, dtype, 1));
            }
        }
    }
    for dtype in [DType::F32, DType::F64] {
        emulator::with(machine.clone(), || {
            cut(dtype);
            gather(dtype);
        });
    }
    emulator::with(machine.clone(), wide);
    for images in [2, 1 << 20] {
        let turned = Turned { images, channels: 96, positions: 25 };
        turned.turn(&*machine, Address::NONE, Address::NONE).unwrap();
        for bias in [None, Some(Address::NONE)] {
            turned.turn_back(&*machine, Address::NONE, Address::NONE, bias).unwrap();
        }
    }
    recorder.variants.take()
}

/// The activation on as many units as the paper's networks have, where a thread takes several.
fn wide() {
    for (units, hinges) in [(32_768, 1), (32_768, 2), (16_384, 5), (16_384, 10)] {
        let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
        let [x, y, g, dx] = [(); 4].map(|()| zeros(&[2, units]));
        let [a, b, da, db] = [(); 4].map(|()| zeros(&[hinges, units]));
        apl::forward(&x, &a, &b, Sharing::Unit, &y).unwrap();
        for dx in [None, Some(&dx)] {
            apl::backward(&x, &a, &b, Sharing::Unit, &g, dx, Some((&da, &db))).unwrap();
        }
    }
}

/// Batches of images stored as bytes and as numbers, as they are and moved.
fn cut(dtype: DType) {
    let zeros = |dims: &[usize], dtype| Tensor::zeros(dims, dtype, &Device::Cpu).unwrap();
    let (indices, labels) = (zeros(&[2], DType::U32), zeros(&[2], DType::U32));
    let batch = zeros(&[2, 3, 4, 4], dtype);
    let mean = (zeros(&[3, 4, 4], dtype), 1.0);
    for (stored, mean) in [(DType::U8, Some(mean)), (DType::F32, None)] {
        let values = zeros(&[5, 3, 4, 4], stored);
        let images = crops::Images { values, labels: zeros(&[5], DType::U32), mean };
        for draw in [None, Some(crops::Draw { key: [1, 2], epoch: 3, padding: 4 })] {
            crops::fill(&images, &indices, draw, &batch, &labels).unwrap();
        }
    }
}

/// A batch of rows.
fn gather(dtype: DType) {
    let zeros = |dims: &[usize]| Tensor::zeros(dims, dtype, &Device::Cpu).unwrap();
    let numbers = rows::Rows::new(&[1, 0], &Device::Cpu).unwrap();
    rows::gather(&zeros(&[3, 4]), &numbers, &zeros(&[2, 4])).unwrap();
}

#[test]
fn every_program_is_launched() {
    let variants = variants();
    let programs: std::collections::BTreeSet<&str> =
        variants.values().map(|kernel| kernel.program.name).collect();
    let expected = [
        "apl",
        "conv2d",
        "copy",
        "crops",
        "cross_entropy",
        "dials",
        "dropout",
        "linear",
        "pool",
        "relu",
        "rows",
        "sgd",
        "turned",
    ];
    assert_eq!(programs.into_iter().collect::<Vec<_>>(), expected);
    assert!(variants.len() > 30, "{}", variants.len());
}

/// `cargo test --release -p apl-core --features cuda --lib nvrtc -- --nocapture`, with libnvrtc on LD_LIBRARY_PATH; no GPU is needed.
#[cfg(feature = "cuda")]
#[test]
fn nvrtc_compiles_every_variant() {
    if let Some(trouble) = super::libraries::trouble_with(c"libnvrtc") {
        println!("skipped: {trouble}");
        return;
    }
    let variants = variants();
    let capabilities = [[7, 5], [8, 0], [8, 9], [9, 0], [10, 0], [12, 0]];
    let mut lines = 0;
    for capability in capabilities {
        for kernel in variants.values() {
            let ptx = super::compiler::ptx(kernel, capability).unwrap();
            assert!(ptx.contains(&format!(".entry {}", kernel.function)), "{}", kernel.variant());
            lines += ptx.lines().count();
        }
    }
    let (variants, architectures) = (variants.len(), capabilities.len());
    println!("{variants} variants for {architectures} architectures: {lines} lines of PTX");
}
