//! The real images. `APL_REAL_DATA` names a folder with `hub/uoft-cs/cifar10/plain_text/*.parquet` and `hub/uoft-cs/cifar100/cifar100/*.parquet`;
//! without it these tests print that they were skipped.

#![allow(clippy::unwrap_used)]

mod real;

use std::time::Instant;

use apl_train::task::Split;
use apl_vision::data::{
    Data, DataConfig, Folders, Images, PIXELS, Pixels, Preprocess, Preprocessing, Set, Source,
};
use real::real;

fn load(config: &DataConfig, cache: &std::path::Path) -> Data {
    let start = Instant::now();
    let data = Data::load(config, Folders { hub: cache, cache }).unwrap();
    println!("{:?} loaded in {:.2?}", config.set, start.elapsed());
    assert!(data.warnings.is_empty(), "{:?}", data.warnings);
    data
}

/// How many images each class has.
fn counts(images: &Images, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    images.labels().iter().for_each(|&label| counts[label as usize] += 1);
    counts
}

/// The place of the image whose upper left pixels these are, each red, green, blue; the last is the first of the second row.
fn find(images: &Images, pixels: [[u8; 3]; 4]) -> Option<usize> {
    let places = [0, 1, 2, 32];
    images.pixels().chunks_exact(PIXELS).position(|image| {
        let at = |place: usize| [0, 1, 2].map(|channel| image[channel * 1024 + place]);
        places.map(at) == pixels
    })
}

#[test]
fn cifar10_is_whole_and_the_right_way_up() {
    let Some(folder) = real("cifar10") else { return };
    let cache = tempfile::tempdir().unwrap();
    let config = DataConfig { source: Source::Path(folder), ..DataConfig::default() };
    let data = load(&config, cache.path());
    assert_eq!(counts(&data.train, 10), [5000; 10]);
    assert_eq!(counts(&data.test, 10), [1000; 10]);
    let digests = [data.train.digest(), data.test.digest()];
    assert_eq!(Set::Cifar10.official_digests(), Some(digests));
    let again = load(&config, cache.path());
    assert_eq!(again.train, data.train);
    assert_eq!(again.test, data.test);
    // The first image of the authors' first training file, a frog, as it is shown everywhere: neither transposed nor mirrored.
    let frog = [[59, 62, 63], [43, 46, 45], [50, 48, 43], [16, 20, 20]];
    assert_eq!(data.train.labels()[find(&data.train, frog).unwrap()], 6);
    // The well-known means of the channels, 0.4914, 0.4822, 0.4465 of 255, and the sky above: blue is brightest at the top.
    let Preprocessing::Mean(mean) = &data.preprocessing else { unreachable!("the default") };
    let mean = mean.values();
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for (channel, expected) in [0.4914, 0.4822, 0.4465].into_iter().enumerate() {
        assert!((average(&mean[channel * 1024..][..1024]) / 255.0 - expected).abs() < 5e-5);
    }
    assert!(average(&mean[2048..][..32]) > average(&mean[3072 - 32..]) + 10.0);
    let held_out = load(&DataConfig { validation: 5000, ..config }, cache.path());
    assert_eq!(held_out.train.len(), 45_000);
    assert_eq!(held_out.validation.map(|images| images.len()), Some(5000));
}

#[test]
fn the_part_of_cifar100_has_its_fine_labels() {
    let Some(folder) = real("cifar100") else { return };
    let cache = tempfile::tempdir().unwrap();
    let source = Source::Path(folder);
    let config = DataConfig { source, set: Set::Cifar100, ..DataConfig::default() };
    let data = load(&config, cache.path());
    assert_eq!(counts(&data.train, 100), [data.train.len() / 100; 100]);
    assert_eq!(counts(&data.test, 100), [data.test.len() / 100; 100]);
}

/// `APL_REAL_DATA=... cargo test --release -p apl-vision --test real_data -- --ignored --nocapture`: the best of several loads of CIFAR-10.
#[test]
#[ignore = "a measurement"]
fn loading_is_quick() {
    let Some(folder) = real("cifar10") else { return };
    let config = DataConfig { source: Source::Path(folder), ..DataConfig::default() };
    let best = |loads: usize, mut load: Box<dyn FnMut()>| {
        let times = (0..loads).map(|_| {
            let start = Instant::now();
            load();
            start.elapsed()
        });
        times.min().unwrap()
    };
    let cache = tempfile::tempdir().unwrap();
    let cold = |config: DataConfig| {
        best(3, Box::new(move || drop(load(&config, tempfile::tempdir().unwrap().path()))))
    };
    println!("decoded in {:.2?}", cold(config.clone()));
    println!("cached in {:.2?}", best(12, Box::new(move || drop(load(&config, cache.path())))));
}

/// Whitens all of CIFAR-10 three times, which takes a minute or two: `cargo test --release -- --ignored whitened`.
#[test]
#[ignore = "a minute or two of covariances and eigenvalues"]
fn cifar10_is_whitened_by_its_training_images() {
    let Some(folder) = real("cifar10") else { return };
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let config = DataConfig {
        source: Source::Path(folder),
        preprocess: Preprocess::GcnZca,
        validation: 5000,
        ..DataConfig::default()
    };
    // The images are decoded beforehand, so that the times are those of the whitening.
    let plain = DataConfig { preprocess: Preprocess::Mean, ..config.clone() };
    folders.iter().for_each(|folder| drop(load(&plain, folder.path())));
    println!("computed:");
    let data = load(&config, folders[0].path());
    println!("kept:");
    let again = load(&config, folders[0].path());
    println!("computed on one thread:");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = pool.install(|| load(&config, folders[1].path()));
    for split in Split::ALL {
        assert_eq!(again.preprocessing.pixels(split), data.preprocessing.pixels(split));
        assert_eq!(alone.preprocessing.pixels(split), data.preprocessing.pixels(split));
        let Pixels::Floats(values) = data.preprocessing.pixels(split) else {
            unreachable!("prepared")
        };
        let count = (values.len() / PIXELS) as f64;
        let (mut sums, mut squares) = (vec![0.0; PIXELS], vec![0.0; PIXELS]);
        for image in values.chunks_exact(PIXELS) {
            for (i, &value) in image.iter().enumerate() {
                sums[i] += f64::from(value);
                squares[i] += f64::from(value) * f64::from(value);
            }
        }
        let mean = sums.iter().map(|sum| (sum / count).abs()).fold(0.0, f64::max);
        let variance: Vec<f64> = squares.iter().map(|sum| sum / count).collect();
        let average = variance.iter().sum::<f64>() / PIXELS as f64;
        println!("{split:?}: means up to {mean:.1e}, average variance {average:.4}");
        if split == Split::Train {
            assert!(mean < 1e-4);
            assert!(variance.iter().all(|&value| value > 0.0 && value < 1.0));
        }
    }
}
