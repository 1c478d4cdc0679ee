//! Generated images for runs without files: a textured shape over a cluttered background.
//!
//! With ten classes the class is the texture and the shape says nothing; with a hundred the label is `10 texture + shape`. Everything else is drawn
//! anew for each image: place, size, rotation, colours, which of two colours is the bright one, phase and period of the texture, background,
//! clutter and noise. The mean image of a class is therefore nearly flat and a linear classifier learns little, while textures are what
//! convolutions see. Classes are closed under mirroring, so random flips are allowed.
//!
//! Image `i` of a split is a function of the seed, the split, the number of classes and `i`: stream (seed, `Purpose::Data`, layer = classes
//! for train and classes + 1 for test, index = i). Labels go round: image `i` has label `i mod classes`. Only `libm` is used beyond the four
//! operations and the square root, so images are the same bit for bit on every machine.

mod outline;
mod scene;
mod texture;

use apl_core::random::{Purpose, Streams};
use rayon::prelude::*;

use crate::{
    Result,
    data::{
        DataConfig, Images, PIXELS,
        config::{EMBEDDED_TEST, EMBEDDED_TRAIN},
        embedded::scene::Scene,
    },
};

/// The data set is one, like a file: the run's seed does not change it.
const SEED: u32 = 2014;

/// Training and test images of a configuration.
pub(crate) fn generate(config: &DataConfig) -> Result<[Images; 2]> {
    let classes = config.labelling()?.classes() as u32;
    let train = split(classes, classes, config.train.unwrap_or(EMBEDDED_TRAIN))?;
    let test = split(classes, classes + 1, config.test.unwrap_or(EMBEDDED_TEST))?;
    Ok([train, test])
}

/// `count` images of one split.
fn split(classes: u32, layer: u32, count: usize) -> Result<Images> {
    let labels: Vec<u32> = (0..count as u32).map(|i| i % classes).collect();
    let mut pixels = vec![0; count * PIXELS];
    pixels.par_chunks_exact_mut(PIXELS).zip(&labels).enumerate().for_each(
        |(i, (image, &label))| {
            let mut stream = Streams::new(SEED).stream(Purpose::Data, layer, i as u64);
            Scene::draw(label, classes, &mut stream).paint(&mut stream, image);
        },
    );
    Images::canonical(pixels, labels)
}
