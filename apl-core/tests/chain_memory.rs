//! What a chain allocates once it is warm. Alone in its process, as it counts every allocation.

#![allow(clippy::unwrap_used)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use apl_core::{
    activation::AplConfig,
    nn::{
        Apl, Chain, Context, Conv2d, Conv2dConfig, Dropout, Init, Layer, Linear, LinearConfig,
        Loss, Pool, Setup,
    },
    ops::{conv2d, pool, pool::Kind},
    random::Streams,
};
use candle_core::{DType, Device, Tensor};

/// Counts what is allocated and still held, and the largest single request.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BATCH: usize = 32;

fn network(hinges: usize) -> Chain {
    let device = Device::Cpu;
    let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: device.clone() };
    let (weight, bias) = (Init::Normal(0.1), Init::Constant(0.0));
    let window = conv2d::Config { stride: 1, padding: 2 };
    let conv = Conv2dConfig { inputs: 3, outputs: 16, kernel: 5, window, weight, bias };
    let full = LinearConfig { inputs: 16 * 16 * 16, outputs: 10, weight, bias };
    let pooling = pool::Config { kernel: 3, stride: 2, padding: 0 };
    let apl = AplConfig::new(hinges);
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Conv2d::new("conv1", conv, &setup).unwrap()),
        Box::new(Apl::new("act1", &[16, 32, 32], apl, &setup).unwrap()),
        Box::new(Dropout::new("drop1", 0.25, 0).unwrap()),
        Box::new(Pool::new("pool1", Kind::Max, pooling)),
        Box::new(Linear::new("ip1", full, &setup).unwrap()),
    ];
    Chain::new(layers, &[3, 32, 32], DType::F32, &device).unwrap()
}

/// A warm chain asks for no tensor: nothing it allocates outlives the step, and the largest request is `gemm`'s packing of a block of a matrix.
#[test]
fn a_warm_chain_keeps_what_it_has() {
    // One activation of the first layer.
    let tensor = BATCH * 16 * 32 * 32 * 4;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        for hinges in [1, 8] {
            let mut chain = network(hinges);
            let x = Tensor::ones((BATCH, 3, 32, 32), DType::F32, &Device::Cpu).unwrap();
            let labels = Tensor::zeros(BATCH, DType::U32, &Device::Cpu).unwrap();
            let gradient = Tensor::zeros((BATCH, 10), DType::F32, &Device::Cpu).unwrap();
            let mut step = |step| {
                let mut context = Context::training(step, Streams::new(1));
                let scores = chain.forward(&x, &mut context).unwrap();
                let loss = Loss::SoftmaxCrossEntropy;
                loss.evaluate(&scores, &labels, Some(&gradient)).unwrap();
                chain.backward(&x, &gradient, &mut context).unwrap();
            };
            (0..3).for_each(&mut step);
            let held = HELD.load(Ordering::Relaxed);
            LARGEST.store(0, Ordering::Relaxed);
            (3..6).for_each(&mut step);
            let grown = HELD.load(Ordering::Relaxed).saturating_sub(held);
            let largest = LARGEST.load(Ordering::Relaxed);
            println!("S = {hinges}: kept {grown} bytes more, largest request {largest} bytes");
            assert!(grown < 4096, "{grown} bytes more after three warm steps");
            assert!(largest < tensor / 4, "a request of {largest} bytes, a tensor has {tensor}");
        }
    });
}
