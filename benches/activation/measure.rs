//! APL against ReLU and against Candle's own operations: forward and backward on the output of the paper's first convolution.

use std::time::Instant;

use apl_core::{
    Error, Result,
    activation::Sharing,
    ops::{apl, relu},
    random::{Purpose, Streams},
};
use candle_core::{Device, Tensor, Var};

/// Batch 64 of the CIFAR-10 network's first activation.
const SHAPE: [usize; 4] = [64, 96, 32, 32];
const HINGES: usize = 5;
const THREADS: usize = 2;
const ROUNDS: usize = 9;
/// Runs of a fused activation in a round; its time is their median.
const REPEATS: usize = 7;
/// Times of a ReLU that an APL activation may take.
const RELU_LIMIT: f64 = 3.0;

/// Measures and prints; `gain` is how many times faster than the composed version the fused one has to be under this allocator.
pub fn run(allocator: &str, gain: f64) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let pool = pool.map_err(|error| Error::Candle(candle_core::Error::wrap(error)))?;
    let rounds = pool.install(measure)?;
    println!("forward + backward, x {SHAPE:?} f32, S = {HINGES}, per unit, every gradient");
    println!("{}, {THREADS} threads, allocator {allocator}, {ROUNDS} rounds\n", processor());
    for (i, name) in
        ["ReLU", "APL", "APL on Candle's tape", "APL composed, on the tape"].into_iter().enumerate()
    {
        let (low, median, high) = spread(rounds.iter().map(|round| round[i]).collect());
        println!("{name:<26}{median:>8.1} ms   ({low:.1} to {high:.1})");
    }
    let relu = spread(rounds.iter().map(|round| round[1] / round[0]).collect());
    let composed = spread(rounds.iter().map(|round| round[3] / round[1]).collect());
    println!();
    report(&format!("APL takes at most {RELU_LIMIT} times a ReLU"), relu, relu.1 <= RELU_LIMIT);
    report(&format!("at least {gain} times faster than composed"), composed, composed.1 >= gain);
    Ok(())
}

fn report(target: &str, (low, median, high): (f64, f64, f64), met: bool) {
    let verdict = if met { "met" } else { "MISSED" };
    println!("{target:<40}{median:>6.2} ({low:.2} to {high:.2} over the rounds)   {verdict}");
}

/// Milliseconds of every contender, round by round, so that what else the machine does meets them alike.
fn measure() -> Result<Vec<[f64; 4]>> {
    let unit = [HINGES, SHAPE[1], SHAPE[2], SHAPE[3]];
    let (x, g) = (normal("x", &SHAPE, 1.0)?, normal("gradient", &SHAPE, 1.0)?);
    let (a, b) = (normal("slopes", &unit, 0.2)?, normal("offsets", &unit, 0.5)?);
    let (y, dx) = (x.zeros_like()?, x.zeros_like()?);
    let (da, db) = (a.zeros_like()?, b.zeros_like()?);
    let vars = [Var::from_tensor(&x)?, Var::from_tensor(&a)?, Var::from_tensor(&b)?];

    let relu = || {
        relu::forward(&x, 0.0, &y)?;
        relu::backward(&x, 0.0, &g, &dx)
    };
    let fused = || {
        apl::forward(&x, &a, &b, Sharing::Unit, &y)?;
        apl::backward(&x, &a, &b, Sharing::Unit, &g, Some(&dx), Some((&da, &db)))
    };
    let tape = |composed: bool| {
        let [x, a, b] = &vars;
        let activation = if composed { apl::composed } else { apl::apply };
        activation(x, a, b, Sharing::Unit)?.backward()?;
        Ok(())
    };
    let round = || {
        Ok([
            time(REPEATS, &relu)?,
            time(REPEATS, &fused)?,
            time(REPEATS, &|| tape(false))?,
            time(1, &|| tape(true))?,
        ])
    };
    round()?;
    (0..ROUNDS).map(|_| round()).collect()
}

/// The median time of `work`, in milliseconds.
fn time(repeats: usize, work: &dyn Fn() -> Result<()>) -> Result<f64> {
    let once = |_| {
        let start = Instant::now();
        work()?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    Ok(spread((0..repeats).map(once).collect::<Result<_>>()?).1)
}

/// The smallest, the median and the largest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}

fn normal(name: &str, dims: &[usize], deviation: f64) -> Result<Tensor> {
    let mut stream = Streams::new(1).named(Purpose::Sample, name);
    let count = dims.iter().product();
    let values: Vec<f32> = (0..count).map(|_| (deviation * stream.normal()) as f32).collect();
    Ok(Tensor::from_vec(values, dims, &Device::Cpu)?)
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    name.map_or("unknown processor", str::trim).to_string()
}
