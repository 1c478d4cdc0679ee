//! What a hinge costs: APL over S and over every sharing against ReLU, forward and backward with every gradient.
//!
//! `cargo bench -p apl-core --bench apl [SHARING]`

use std::time::Instant;

use apl_core::{
    Error, Result,
    activation::Sharing,
    ops::{
        apl::{self, Form},
        relu,
    },
    random::{Purpose, Streams},
};
use candle_core::{Device, Tensor};

/// Batch 64 of the CIFAR-10 network's first activation.
const SHAPE: [usize; 4] = [64, 96, 32, 32];
const HINGES: [usize; 7] = [1, 2, 5, 8, 16, 32, 64];
const THREADS: usize = 2;
/// Rounds in which the contenders take turns; a time is the median over them.
const ROUNDS: usize = 9;

fn main() -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let pool = pool.map_err(|error| Error::Candle(candle_core::Error::wrap(error)))?;
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    println!("x {SHAPE:?} f32, {THREADS} threads, medians of {ROUNDS} alternating rounds, ms");
    for sharing in [Sharing::Unit, Sharing::Channel, Sharing::Layer] {
        if wanted.is_empty() || wanted.contains(&sharing.to_string()) {
            println!("\nper {sharing}\n   S    ReLU  direct  sorted  chosen  chosen / ReLU");
            HINGES.iter().try_for_each(|&hinges| pool.install(|| row(sharing, hinges)))?;
        }
    }
    Ok(())
}

/// Measures and prints one S.
fn row(sharing: Sharing, hinges: usize) -> Result<()> {
    let parameter = [&[hinges], sharing.parameter_shape(&SHAPE[1..])].concat();
    let (x, g) = (normal("x", &SHAPE, 1.0)?, normal("gradient", &SHAPE, 1.0)?);
    let (a, b) = (normal("slopes", &parameter, 0.2)?, normal("offsets", &parameter, 0.5)?);
    let (y, dx) = (x.zeros_like()?, x.zeros_like()?);
    let (da, db) = (a.zeros_like()?, b.zeros_like()?);
    let relu = || {
        relu::forward(&x, 0.0, &y)?;
        relu::backward(&x, 0.0, &g, &dx)
    };
    let apl = |form| {
        apl::forward_in(form, &x, &a, &b, sharing, &y)?;
        apl::backward_in(form, &x, &a, &b, sharing, &g, Some(&dx), Some((&da, &db)))
    };
    let (direct, sorted) = (|| apl(Form::Direct), || apl(Form::Sorted));
    let contenders: [&dyn Fn() -> Result<()>; 3] = [&relu, &direct, &sorted];
    let mut times = contenders.map(|_| Vec::new());
    for round in 0..=ROUNDS {
        for (work, times) in contenders.iter().zip(&mut times) {
            let start = Instant::now();
            work()?;
            // The first round only warms up.
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    let [relu, direct, sorted] = times.map(median);
    let form = apl::form(&SHAPE, hinges, sharing);
    let chosen = if form == Form::Direct { direct } else { sorted };
    // Units of their own have nothing to sort: both columns are the direct form there.
    println!("{hinges:>4}{relu:>8.2}{direct:>8.2}{sorted:>8.2}  {form:<6?}{:>15.2}", chosen / relu);
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn normal(name: &str, dims: &[usize], deviation: f64) -> Result<Tensor> {
    let mut stream = Streams::new(1).named(Purpose::Sample, name);
    let values = (0..dims.iter().product()).map(|_| (deviation * stream.normal()) as f32);
    Ok(Tensor::from_vec(values.collect::<Vec<_>>(), dims, &Device::Cpu)?)
}
