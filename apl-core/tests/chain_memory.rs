//! What a chain allocates once it is warm, and what it holds. Alone in its process, as it counts every allocation.
//!
//! A warm step asks for no tensor. What it still asks for, and gives back before it ends, comes from below: `gemm` 0.19 has no way to be handed a
//! workspace, so every product packs blocks of its factors into memory of its own (at most what the second- and third-level caches hold of a
//! block; nothing where a factor already lies as its kernels read it) and keeps one flag for each packed panel; rayon and Candle take a few
//! hundred bytes for jobs and for handles of views.

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

/// Counts what is allocated and still held, what was asked for, and the largest single request.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static ASKED: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        ASKED.fetch_add(layout.size(), Ordering::Relaxed);
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

/// An activation and what a loss needs: nothing but the activation takes memory of its own.
fn activation_alone(hinges: usize) -> Chain {
    let device = Device::Cpu;
    let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: device.clone() };
    let init = Init::Constant(0.01);
    let full = LinearConfig { inputs: 3 * 32 * 32, outputs: 10, weight: init, bias: init };
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Apl::new("act1", &[3, 32, 32], AplConfig::new(hinges), &setup).unwrap()),
        Box::new(Linear::new("ip1", full, &setup).unwrap()),
    ];
    Chain::new(layers, &[3, 32, 32], DType::F32, &device).unwrap()
}

/// What a training loop owns.
struct Batch {
    x: Tensor,
    labels: Tensor,
    gradient: Tensor,
}

impl Batch {
    fn new() -> Self {
        let zeros = |dims: &[usize], dtype| Tensor::zeros(dims, dtype, &Device::Cpu).unwrap();
        let x = zeros(&[BATCH, 3, 32, 32], DType::F32).ones_like().unwrap();
        let (labels, gradient) = (zeros(&[BATCH], DType::U32), zeros(&[BATCH, 10], DType::F32));
        Self { x, labels, gradient }
    }

    fn train(&self, chain: &mut Chain, steps: std::ops::Range<u64>) {
        for step in steps {
            let mut context = Context::training(step, Streams::new(1));
            let scores = chain.forward(&self.x, &mut context).unwrap();
            let loss = Loss::SoftmaxCrossEntropy;
            loss.evaluate(&scores, &self.labels, None, Some(&self.gradient)).unwrap();
            chain.backward(&self.x, &self.gradient, &mut context).unwrap();
        }
    }
}

/// The bytes a chain holds once it is warm, beyond its parameters and their gradients.
fn held_beyond_parameters(hinges: usize) -> usize {
    let batch = Batch::new();
    let before = HELD.load(Ordering::Relaxed);
    let mut chain = activation_alone(hinges);
    batch.train(&mut chain, 0..3);
    let held = HELD.load(Ordering::Relaxed) - before;
    let count = |chain: &Chain| chain.parameters().iter().map(|p| p.value.elem_count()).sum();
    let parameters: usize = count(&chain);
    held - 2 * parameters * size_of::<f32>()
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn memory_is_taken_once_and_does_not_grow_with_hinges() {
    // One thread: what a thread keeps for its own work it takes at its first task, whenever that comes.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        held_beyond_parameters(2);
        let held = [1, 8, 32].map(held_beyond_parameters);
        println!("held beyond parameters for S = 1, 8, 32: {held:?} bytes");
        // The test's harness allocates a little beside it; one number for every value and hinge would be 393216 bytes a hinge.
        assert!(held.iter().all(|&bytes| bytes.abs_diff(held[0]) < 4096), "{held:?}");
    });

    // One activation of the first layer.
    let tensor = BATCH * 16 * 32 * 32 * size_of::<f32>();
    let asked = [1, 8, 32].map(|hinges| {
        pool.install(|| {
            let (mut chain, batch) = (network(hinges), Batch::new());
            batch.train(&mut chain, 0..3);
            let held = HELD.load(Ordering::Relaxed);
            ASKED.store(0, Ordering::Relaxed);
            LARGEST.store(0, Ordering::Relaxed);
            batch.train(&mut chain, 3..6);
            let grown = HELD.load(Ordering::Relaxed).saturating_sub(held);
            let (asked, largest) = (ASKED.load(Ordering::Relaxed), LARGEST.load(Ordering::Relaxed));
            println!(
                "S = {hinges}: kept {grown}, asked for {asked}, at most {largest} bytes at once"
            );
            assert!(grown < 4096, "{grown} bytes more after three warm steps");
            assert!(largest < tensor / 4, "a request of {largest} bytes, a tensor has {tensor}");
            asked
        })
    });
    assert!(asked.iter().all(|&bytes| bytes.abs_diff(asked[0]) < 4096), "{asked:?}");
}
