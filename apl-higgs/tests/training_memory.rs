//! What training on many events takes of memory. Alone in its process, as it counts every allocation.

#![allow(clippy::unwrap_used)]

#[path = "../../apl-vision/tests/counting/mod.rs"]
mod counting;

use apl_core::random::Streams;
use apl_higgs::{
    events::{DataConfig, Dataset},
    generator,
};
use apl_train::task::{Batch, Examples, Split};
use candle_core::{DType, Device, Tensor};
use counting::peak_of;

/// Too many events to be in memory whole: 280 MB of features.
const EVENTS: usize = 2_800_000;
/// 75 MiB of blocks, a window of an order, and what else there is.
const MOST: usize = 90 << 20;

#[test]
fn memory_does_not_grow_with_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    generator::write(EVENTS as u64, 1, &path, &mut |_| Ok(())).unwrap();
    let text = format!("source = \"{}\"\nvalidation = 10000\ntest = 20000", path.display());
    let config: DataConfig = toml::from_str(&text).unwrap();

    let ((), taken) = peak_of(|| {
        let (dataset, _) = Dataset::load(&config, folder.path(), &mut |_| Ok(())).unwrap();
        let zeros = |width| Tensor::zeros((100, width), DType::F32, &Device::Cpu).unwrap();
        let to = Examples { inputs: zeros(dataset.inputs()), targets: zeros(1), weights: None };
        let fill = |split, examples: &[u32]| {
            let part = to.part(0..examples.len()).unwrap();
            dataset.fill(Batch { split, examples, augment: None }, &part).unwrap();
        };
        // Two windows and more, then the test events, then training goes on.
        let mut order = dataset.order(0, Streams::new(1));
        for part in [0..600_000, 2_000_000..2_100_000] {
            let mut done = part.start;
            while done < part.end {
                let examples = order.examples(done, 100);
                done += examples.len();
                fill(Split::Train, examples);
            }
            (0..20_000u32).collect::<Vec<_>>().chunks(100).for_each(|part| fill(Split::Test, part));
        }
    });
    println!("{} MB for a file of {} MB", taken >> 20, path.metadata().unwrap().len() >> 20);
    assert!(taken < MOST, "{taken}");
}
