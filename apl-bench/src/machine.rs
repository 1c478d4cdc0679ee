//! What this machine can do at best: the rates that others are shares of.

use std::{hint::black_box, time::Instant};

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use crate::{Result, Spread, workload::normal};

/// Side of the square matrices whose product is the rate of arithmetic.
const SIDE: usize = 2048;
/// Numbers that are copied: 256 MB, far more than caches hold.
const COPIED: usize = 1 << 26;
const CHUNK: usize = 1 << 18;

/// GFLOP/s of a product of two 2048 x 2048 matrices in f32, through what the operations use: `gemm`, or a GPU's cuBLAS.
pub fn matmul_rate(rounds: usize, device: &Device) -> Result<Spread> {
    let (a, b) = (normal("a", &[SIDE, SIDE])?, normal("b", &[SIDE, SIDE])?);
    let (a, b) = (a.to_device(device)?, b.to_device(device)?);
    let flop = 2.0 * (SIDE as f64).powi(3);
    let bias = Tensor::zeros(SIDE, DType::F32, device)?;
    let product = a.zeros_like()?;
    rate(rounds, 1e-9 * flop, device, || {
        Ok(apl_core::ops::linear::forward(&a, &b, &bias, &product)?)
    })
}

/// So much a second of work that is done at once, after a first time that does not count.
fn rate(
    rounds: usize,
    amount: f64,
    device: &Device,
    work: impl Fn() -> Result<()>,
) -> Result<Spread> {
    let once = || {
        let start = Instant::now();
        work()?;
        device.synchronize()?;
        Ok(amount / start.elapsed().as_secs_f64())
    };
    once().and_then(|_: f64| (0..rounds).map(|_| once()).collect::<Result<_>>()).map(Spread::of)
}

/// GB/s of a copy within a GPU's memory, read and written bytes together.
pub fn gpu_copy_rate(rounds: usize, device: &Device) -> Result<Spread> {
    let from = Tensor::zeros(COPIED, DType::F32, device)?;
    let to = from.zeros_like()?;
    let bytes = 2.0 * (COPIED * size_of::<f32>()) as f64;
    rate(rounds, 1e-9 * bytes, device, || Ok(apl_core::ops::copy::values(&from, &to)?))
}

/// GB/s of a copy, read and written bytes together.
pub fn copy_rate(rounds: usize) -> Spread {
    let from = vec![1f32; COPIED];
    let mut to = vec![0f32; COPIED];
    let bytes = 2.0 * (COPIED * size_of::<f32>()) as f64;
    let mut once = || {
        let start = Instant::now();
        let chunks = to.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
        chunks.for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&mut to);
        1e-9 * bytes / start.elapsed().as_secs_f64()
    };
    once();
    Spread::of((0..rounds).map(|_| once()).collect())
}

/// Processes that wanted to compute, over the last minute.
pub fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
