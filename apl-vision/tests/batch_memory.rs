//! What filling a batch allocates. Alone in its process, as it counts every allocation.

#![allow(clippy::unwrap_used)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use apl_core::random::Streams;
use apl_train::task::Split;
use apl_vision::data::{Crops, Data, DataConfig, Folders, Shuffle, fill, order};
use candle_core::{DType, Device, Tensor};

/// Counts what is allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BATCH: usize = 100;

#[test]
fn orders_and_batches_reuse_their_memory() {
    let nowhere = std::path::Path::new("unused");
    let config = DataConfig { train: Some(500), test: Some(10), ..DataConfig::default() };
    let data = Data::load(&config, Folders { hub: nowhere, cache: nowhere }).unwrap();
    let inputs = Tensor::zeros((BATCH, 3, 32, 32), DType::F32, &Device::Cpu).unwrap();
    let labels = Tensor::zeros(BATCH, DType::U32, &Device::Cpu).unwrap();
    let streams = Streams::new(1);
    let mut indices = Vec::new();
    let mut epoch = |epoch| {
        order(Shuffle::Epoch, streams, epoch, data.train.len(), &mut indices);
        for batch in indices.chunks_exact(BATCH) {
            let crops = Some(Crops { streams, epoch });
            fill(
                &data.train,
                batch,
                data.preprocessing.pixels(Split::Train),
                crops,
                &inputs,
                &labels,
            )
            .unwrap();
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        epoch(0);
        let before = ALLOCATED.load(Ordering::Relaxed);
        (1..9).for_each(&mut epoch);
        let bytes = ALLOCATED.load(Ordering::Relaxed) - before;
        // A batch is 1.2 MB; what the thread pool does for itself is far less.
        assert!(bytes < 1 << 14, "{bytes} bytes in 40 batches");
        println!("{bytes} bytes in 40 batches");
    });
}
