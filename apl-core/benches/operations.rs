//! Every operation, forward and backward, on shapes of the paper's networks at a small batch: `cargo bench -p apl-core --bench operations`.
//!
//! For a change of one operation; `apl bench` measures them at the paper's batch, beside the machine's rates.

use apl_core::{
    Result,
    activation::Sharing,
    ops::{
        apl, conv2d, copy,
        cross_entropy::{sigmoid, softmax},
        dropout::{self, Mask},
        linear, pool, relu, sgd,
    },
    random::{Purpose, Streams},
};
use candle_core::{DType, Device, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};

/// The CNN's second block.
const MAPS: [usize; 4] = [16, 96, 16, 16];
const CHANNELS: usize = 128;
/// A layer of the Higgs network at the paper's batch.
const ROWS: [usize; 2] = [100, 274];

fn normal(name: &str, dims: &[usize]) -> Result<Tensor> {
    let mut stream = Streams::new(1).named(Purpose::Sample, name);
    let values: Vec<f32> = (0..dims.iter().product()).map(|_| stream.normal() as f32).collect();
    Ok(Tensor::from_vec(values, dims, &Device::Cpu)?)
}

fn measure(criterion: &mut Criterion, name: &str, mut work: impl FnMut() -> Result<()>) {
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            if let Err(error) = work() {
                eprintln!("{name}: {error}");
                std::process::exit(1);
            }
        });
    });
}

fn products(criterion: &mut Criterion) -> Result<()> {
    let config = conv2d::Config { stride: 1, padding: 2 };
    let (x, g) = (normal("x", &MAPS)?, normal("g", &[MAPS[0], CHANNELS, MAPS[2], MAPS[3]])?);
    let (w, b) = (normal("w", &[CHANNELS, MAPS[1], 5, 5])?, normal("b", &[CHANNELS])?);
    let (dx, dw, db) = (x.zeros_like()?, w.zeros_like()?, b.zeros_like()?);
    let y = g.zeros_like()?;
    measure(criterion, "conv2d/forward", || conv2d::forward(&x, &w, &b, config, &y));
    measure(criterion, "conv2d/dX", || conv2d::backward(&x, &w, config, &g, Some(&dx), None));
    measure(criterion, "conv2d/dW", || {
        conv2d::backward(&x, &w, config, &g, None, Some((&dw, &db)))
    });

    let (x, g) = (normal("x", &ROWS)?, normal("g", &ROWS)?);
    let (w, b) = (normal("w", &[ROWS[1], ROWS[1]])?, normal("b", &[ROWS[1]])?);
    let (dx, dw, db) = (x.zeros_like()?, w.zeros_like()?, b.zeros_like()?);
    let y = g.zeros_like()?;
    measure(criterion, "linear/forward", || linear::forward(&x, &w, &b, &y));
    measure(criterion, "linear/backward", || {
        linear::backward(&x, &w, &g, Some(&dx), Some((&dw, &db)))
    });
    Ok(())
}

fn maps(criterion: &mut Criterion) -> Result<()> {
    let (x, g) = (normal("x", &MAPS)?, normal("g", &MAPS)?);
    let (y, dx) = (x.zeros_like()?, x.zeros_like()?);
    measure(criterion, "relu/forward", || relu::forward(&x, 0.0, &y));
    measure(criterion, "relu/backward", || relu::backward(&x, 0.0, &g, &dx));
    for hinges in [2, 5, 32] {
        let unit = [&[hinges], &MAPS[1..]].concat();
        let (a, b) = (normal("a", &unit)?, normal("b", &unit)?);
        let (da, db) = (a.zeros_like()?, b.zeros_like()?);
        let sharing = Sharing::Unit;
        measure(criterion, &format!("apl-{hinges}/forward"), || {
            apl::forward(&x, &a, &b, sharing, &y)
        });
        measure(criterion, &format!("apl-{hinges}/backward"), || {
            apl::backward(&x, &a, &b, sharing, &g, Some(&dx), Some((&da, &db)))
        });
    }
    let mask = Mask::new(0.25, Streams::new(1), 0, 0)?;
    measure(criterion, "dropout/forward", || dropout::forward(&x, mask, &y));
    measure(criterion, "copy", || copy::values(&x, &y));

    let config = pool::Config { kernel: 3, stride: 2, padding: 0 };
    let small = normal("small", &[MAPS[0], MAPS[1], 8, 8])?;
    let choice = Tensor::zeros(small.dims(), DType::U8, &Device::Cpu)?;
    measure(criterion, "max-pool/forward", || pool::max_forward(&x, config, &small, &choice));
    measure(criterion, "max-pool/backward", || pool::max_backward(&small, &choice, config, &dx));
    measure(criterion, "average-pool/forward", || pool::average_forward(&x, config, &small));
    measure(criterion, "average-pool/backward", || pool::average_backward(&small, config, &dx));
    Ok(())
}

fn ends(criterion: &mut Criterion) -> Result<()> {
    let scores = normal("scores", &[100, 10])?;
    let gradient = scores.zeros_like()?;
    let labels = Tensor::zeros(100, DType::U32, &Device::Cpu)?;
    measure(criterion, "softmax/both", || {
        softmax::mean(&scores, &labels, Some(&gradient)).map(|_| ())
    });
    let logits = normal("logits", &[100, 1])?;
    let (targets, gradient) = (logits.zeros_like()?, logits.zeros_like()?);
    measure(criterion, "sigmoid/both", || {
        sigmoid::mean(&logits, &targets, None, Some(&gradient)).map(|_| ())
    });
    let value = normal("value", &[1 << 20])?;
    let (gradient, velocity) = (value.copy()?, value.zeros_like()?);
    let step = sgd::Step { rate: 1e-6, momentum: 0.5, decay: 1e-3 };
    measure(criterion, "sgd/step", || sgd::step(&value, &gradient, &velocity, step));
    Ok(())
}

fn operations(criterion: &mut Criterion) {
    for group in [products, maps, ends] {
        if let Err(error) = group(criterion) {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
