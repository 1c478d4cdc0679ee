//! Every convolution of the paper's networks, each pass by itself: `cargo bench -p apl-core --bench conv2d -- [NAME...] [batch=N] [processor]`.
//!
//! The algorithm chosen and plain lowering are measured in turn, medians shown. Rates count the direct arithmetic, so that they can be compared
//! between algorithms; "matmul" is what a large product reaches in the same process. With `processor`, times are processor time divided by the number
//! of threads instead of time on the wall: on a machine shared with others that is the better measure.

#![allow(missing_docs, clippy::expect_used, clippy::print_stdout)]

use std::time::Instant;

use apl_core::ops::conv2d::{self, Algorithm, Config, Setting};
use candle_core::{DType, Device, Tensor};

const ROUNDS: usize = 9;

/// What the command line asks for.
struct Options {
    names: Vec<String>,
    batch: usize,
    processor: bool,
}

struct Layer {
    name: &'static str,
    inputs: usize,
    outputs: usize,
    side: usize,
    kernel: usize,
    /// Whether the gradient by the input is needed.
    inner: bool,
}

const fn layer(
    name: &'static str,
    [inputs, outputs]: [usize; 2],
    side: usize,
    kernel: usize,
    inner: bool,
) -> Layer {
    Layer { name, inputs, outputs, side, kernel, inner }
}

const LAYERS: [Layer; 13] = [
    layer("cnn conv1", [3, 96], 32, 5, false),
    layer("cnn conv2", [96, 128], 16, 5, true),
    layer("cnn conv3", [128, 256], 8, 5, true),
    layer("nin conv1", [3, 192], 32, 5, false),
    layer("nin cccp1", [192, 160], 32, 1, true),
    layer("nin cccp2", [160, 96], 32, 1, true),
    layer("nin conv2", [96, 192], 16, 5, true),
    layer("nin cccp3", [192, 192], 16, 1, true),
    layer("nin conv3", [192, 192], 8, 3, true),
    layer("nin cccp5", [192, 192], 8, 1, true),
    layer("nin cccp6", [192, 10], 8, 1, true),
    layer("narrow 5x5", [16, 16], 16, 5, true),
    layer("narrow 3x3", [16, 16], 16, 3, true),
];

/// Processor seconds of all threads so far, where the system tells (Linux); what other programs use does not count.
fn processor() -> Option<f64> {
    let mut total = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        total += text.split(' ').next()?.parse::<f64>().ok()? * 1e-9;
    }
    Some(total)
}

fn seconds((start, processor_start): (Instant, Option<f64>)) -> f64 {
    match (processor_start, processor()) {
        (Some(start), Some(end)) => (end - start) / rayon::current_num_threads() as f64,
        _ => start.elapsed().as_secs_f64(),
    }
}

/// Milliseconds of two pieces of work done in turn.
fn alternately(options: &Options, mut first: impl FnMut(), mut second: impl FnMut()) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let mut measure = |which: usize, work: &mut dyn FnMut()| {
            let start = (Instant::now(), options.processor.then(processor).flatten());
            work();
            // The first round touches fresh memory.
            if round > 0 {
                times[which].push(seconds(start) * 1e3);
            }
        };
        measure(0, &mut first);
        measure(1, &mut second);
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn uniform(shape: &[usize]) -> Tensor {
    Tensor::rand(-1f32, 1.0, shape, &Device::Cpu).expect("a tensor")
}

/// A product of two matrices of 2048 by 2048 through Candle, which uses the same `gemm`.
fn yardstick(options: &Options) {
    let (a, b) = (uniform(&[2048, 2048]), uniform(&[2048, 2048]));
    let product = || drop(a.matmul(&b).expect("a product"));
    let [time, _] = alternately(options, product, || ());
    println!("matmul 2048^3: {time:.1} ms, {:.0} GFLOP/s", 2.0 * 2048f64.powi(3) / time / 1e6);
}

fn measure(layer: &Layer, options: &Options, total: &mut [f64; 2]) {
    let Layer { name, inputs, outputs, side, kernel, inner } = *layer;
    let batch = options.batch;
    let window = Config { stride: 1, padding: kernel / 2 };
    let x = uniform(&[batch, inputs, side, side]);
    let weight = uniform(&[outputs, inputs, kernel, kernel]);
    let bias = uniform(&[outputs]);
    let y = uniform(&[batch, outputs, side, side]);
    let (dx, dw, db) = (uniform(x.dims()), uniform(weight.dims()), uniform(bias.dims()));
    let settings =
        [Algorithm::Auto, Algorithm::Lowered].map(|algorithm| Setting { window, algorithm });
    let forward = |which: usize| {
        conv2d::forward(&x, &weight, &bias, settings[which], &y).expect("a forward pass");
    };
    let by_input = |which: usize| {
        conv2d::backward(&x, &weight, settings[which], &y, Some(&dx), None).expect("a gradient");
    };
    let by_weight = |which: usize| {
        conv2d::backward(&x, &weight, settings[which], &y, None, Some((&dw, &db)))
            .expect("gradients");
    };
    let names = conv2d::algorithms(x.dims(), weight.dims(), DType::F32, window).expect("names");
    let arithmetic = 2.0 * (batch * side * side * kernel * kernel * inputs * outputs) as f64;
    let mut show = |pass: &str, algorithm: &str, [chosen, lowered]: [f64; 2]| {
        let rate = |time: f64| arithmetic / time / 1e6;
        println!(
            "{name:12} {pass:8} {algorithm:16} {chosen:7.2} ms {:4.0} GFLOP/s   lowered {lowered:7.2} ms {:4.0} GFLOP/s   ratio {:.2}",
            rate(chosen),
            rate(lowered),
            lowered / chosen
        );
        total[0] += chosen;
        total[1] += lowered;
    };
    show("forward", names.forward, alternately(options, || forward(0), || forward(1)));
    if inner {
        show("dX", names.input_gradient, alternately(options, || by_input(0), || by_input(1)));
    }
    show("dW", names.weight_gradient, alternately(options, || by_weight(0), || by_weight(1)));
}

fn main() {
    let mut options = Options { names: Vec::new(), batch: 100, processor: false };
    for argument in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        match argument.strip_prefix("batch=").map(str::parse) {
            Some(batch) => options.batch = batch.expect("a number"),
            None if argument == "processor" => options.processor = true,
            None => options.names.push(argument),
        }
    }
    let names = &options.names;
    yardstick(&options);
    for network in ["cnn", "nin", "narrow"] {
        let mut total = [0.0; 2];
        for layer in LAYERS.iter().filter(|layer| layer.name.starts_with(network)) {
            if names.is_empty() || names.iter().any(|part| layer.name.contains(part.as_str())) {
                measure(layer, &options, &mut total);
            }
        }
        let [chosen, lowered] = total;
        if chosen > 0.0 {
            let ratio = lowered / chosen;
            println!("{network}: {chosen:.0} ms, lowered {lowered:.0} ms, ratio {ratio:.2}");
        }
    }
    yardstick(&options);
}
