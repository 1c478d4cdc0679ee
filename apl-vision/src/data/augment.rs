//! Random crops and flips.

use std::ops::Range;

use apl_core::{
    ops::real::Real,
    random::{Purpose, Streams},
};

use crate::data::{PIXELS, SIDE};

/// Zeros on each side of a padded image.
pub const PADDING: usize = 4;

/// A 32x32 window of an image padded by [`PADDING`] zeros on all sides, and whether it is mirrored left to right afterwards.
///
/// The padding comes after the preprocessing, so the border is what a pixel at its mean is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// First row of the padded image, from 0 to 8.
    pub top: usize,
    /// First column of the padded image, from 0 to 8.
    pub left: usize,
    /// Whether the window is mirrored.
    pub flip: bool,
}

impl Crop {
    /// The image itself, as in evaluation.
    pub const CENTRE: Self = Self { top: PADDING, left: PADDING, flip: false };

    /// The crop of a training image in an epoch: from the stream (seed, [`Purpose::Augment`], layer 0, index = `epoch << 32 | image`), `top`
    /// and `left` as two numbers below 9, `flip` as the lowest bit of the next word.
    ///
    /// `image` is the index within the training split in canonical order, `epoch` counts from 0 and is below 2^32.
    pub fn draw(streams: Streams, epoch: u64, image: u32) -> Self {
        let mut stream = streams.stream(Purpose::Augment, 0, epoch << 32 | u64::from(image));
        let places = 2 * PADDING as u32 + 1;
        let [top, left] = [(); 2].map(|()| stream.below(places) as usize);
        Self { top, left, flip: stream.next_u32() & 1 == 1 }
    }

    /// Writes `(pixel - mean) scale` of the window, 0 where it lies outside the image. All slices have 3072 elements.
    pub(crate) fn write<T: Real + From<u8>>(
        self,
        image: &[u8],
        mean: &[T],
        scale: T,
        to: &mut [T],
    ) {
        let value = move |(&pixel, &mean): (&u8, &T)| (T::from(pixel) - mean) * scale;
        self.cut(|places| image[places.clone()].iter().zip(&mean[places]).map(value), to);
    }

    /// Writes the values of the window, 0 where it lies outside the image. Both slices have 3072 elements.
    pub(crate) fn copy<T: Real + From<f32>>(self, image: &[f32], to: &mut [T]) {
        self.cut(|places| image[places].iter().map(|&value| T::from(value)), to);
    }

    /// Writes the window of an image whose values at successive places are given.
    fn cut<T: Real, V: Iterator<Item = T>>(self, values: impl Fn(Range<usize>) -> V, to: &mut [T]) {
        if self == Self::CENTRE {
            to.iter_mut().zip(values(0..PIXELS)).for_each(|(to, value)| *to = value);
            return;
        }
        // Columns `first..first + width` of the window are columns `source..source + width` of the image.
        let first = PADDING.saturating_sub(self.left);
        let source = self.left.saturating_sub(PADDING);
        let width = SIDE.saturating_sub(first.max(source));
        for (row, to) in to.chunks_exact_mut(SIDE).enumerate() {
            to.fill(T::ZERO);
            let (channel, row) = (row / SIDE, row % SIDE);
            let Some(row) = (row + self.top).checked_sub(PADDING).filter(|&row| row < SIDE) else {
                continue;
            };
            let start = (channel * SIDE + row) * SIDE + source;
            let from = values(start..start + width);
            let to = to.iter_mut();
            if self.flip {
                to.rev().skip(first).zip(from).for_each(|(to, value)| *to = value);
            } else {
                to.skip(first).zip(from).for_each(|(to, value)| *to = value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In the plainest words: preprocess, pad, cut, mirror.
    fn naive(crop: Crop, image: &[u8], mean: &[f64], scale: f64) -> Vec<f64> {
        let mut result = Vec::new();
        for channel in 0..3 {
            let mut padded = [[0.0; 40]; 40];
            for y in 0..32 {
                for x in 0..32 {
                    let place = channel * 1024 + y * 32 + x;
                    padded[y + 4][x + 4] = (f64::from(image[place]) - mean[place]) * scale;
                }
            }
            for y in 0..32 {
                for x in 0..32 {
                    let column = if crop.flip { 31 - x } else { x };
                    result.push(padded[y + crop.top][column + crop.left]);
                }
            }
        }
        result
    }

    fn image() -> (Vec<u8>, Vec<f64>) {
        let mut stream = Streams::new(5).named(Purpose::Sample, "image");
        let pixels = (0..PIXELS).map(|_| stream.next_u32() as u8).collect();
        (pixels, (0..PIXELS).map(|_| 255.0 * stream.uniform()).collect())
    }

    #[test]
    fn every_crop_equals_the_naive_one() {
        let (pixels, mean) = image();
        for top in 0..=8 {
            for left in 0..=8 {
                for flip in [false, true] {
                    let crop = Crop { top, left, flip };
                    let mut written = vec![f64::NAN; PIXELS];
                    crop.write(&pixels, &mean, 0.5, &mut written);
                    assert_eq!(written, naive(crop, &pixels, &mean, 0.5), "{crop:?}");
                    let prepared: Vec<f32> = pixels.iter().map(|&pixel| pixel.into()).collect();
                    crop.copy(&prepared, &mut written);
                    let zero = vec![0.0; PIXELS];
                    assert_eq!(written, naive(crop, &pixels, &zero, 1.0), "{crop:?}");
                }
            }
        }
    }

    #[test]
    fn the_centre_is_the_image() {
        let (pixels, _) = image();
        let mut written = vec![0f32; PIXELS];
        Crop::CENTRE.write(&pixels, &vec![0.0; PIXELS], 1.0, &mut written);
        assert!(written.iter().zip(&pixels).all(|(&value, &pixel)| value == f32::from(pixel)));
    }

    #[test]
    fn crops_depend_on_seed_epoch_and_image_and_reach_every_place() {
        let mut seen = [[[0u32; 2]; 9]; 9];
        for image in 0..16_200 {
            let crop = Crop::draw(Streams::new(1), 3, image);
            assert_eq!(crop, Crop::draw(Streams::new(1), 3, image));
            seen[crop.top][crop.left][usize::from(crop.flip)] += 1;
        }
        // 162 cells of 100 expected: five standard deviations.
        assert!(seen.as_flattened().as_flattened().iter().all(|count| (50..150).contains(count)));
        let of = |seed, epoch, first: u32| -> Vec<Crop> {
            (first..first + 8).map(|image| Crop::draw(Streams::new(seed), epoch, image)).collect()
        };
        let first = of(1, 0, 0);
        assert!([of(2, 0, 0), of(1, 1, 0), of(1, 0, 8)].iter().all(|other| *other != first));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]
        #[test]
        fn a_mirrored_crop_is_the_crop_mirrored(top in 0usize..9, left in 0usize..9) {
            let (pixels, mean) = image();
            let [mut plain, mut mirrored] = [(); 2].map(|()| vec![0.0; PIXELS]);
            Crop { top, left, flip: false }.write(&pixels, &mean, 1.0, &mut plain);
            Crop { top, left, flip: true }.write(&pixels, &mean, 1.0, &mut mirrored);
            plain.chunks_exact_mut(SIDE).for_each(<[f64]>::reverse);
            prop_assert_eq!(plain, mirrored);
        }
    }
}
