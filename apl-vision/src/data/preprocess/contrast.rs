//! Global contrast normalisation of one image.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::PIXELS;

/// Global contrast normalisation: `y = (x - mean) / divisor` with `divisor = sqrt(bias + variance) / scale`, where mean and variance are those of
/// all values of the image, whatever their channel, and the variance is divided by their number less one.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `scale` | 0.99248, which is 55 / sqrt(3071) | the deviation of a prepared image of high contrast |
/// | `bias` | 0.0 | keeps images of low contrast from being blown up: the variance, in units of pixels (0-255) squared, from which on contrast counts |
///
/// A divisor below 1e-8 is taken as 1, so that an image of one colour is all zeros.
///
/// # Source
/// Goodfellow et al. 2013 (Maxout) and, as remembered, Lin et al. 2013 (Network in Network) prepared CIFAR with pylearn2's `CIFAR10(gcn=55.)`: every
/// image gets the norm 55. Its other form, `GlobalContrastNormalization(sqrt_bias=10, use_std=True)`, is `scale = 1.0` and `bias = 10.0`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contrast {
    /// The deviation of a prepared image of high contrast.
    pub scale: f64,
    /// What is added to the variance.
    pub bias: f64,
}

impl Default for Contrast {
    fn default() -> Self {
        Self { scale: NORM_55, bias: 0.0 }
    }
}

/// The deviation of 3072 values whose norm is 55: `55 / sqrt(3071)`.
const NORM_55: f64 = 0.9924823251544872;

/// A divisor below this is taken as 1.
const LEAST: f64 = 1e-8;

impl Contrast {
    /// Writes the normalised values of an image of any size.
    pub(super) fn normalise(self, image: &[u8], to: &mut [f64]) {
        // Sums of integers are exact, in any order.
        let sum: u64 = image.iter().map(|&pixel| u64::from(pixel)).sum();
        let squares: u64 = image.iter().map(|&pixel| u64::from(pixel) * u64::from(pixel)).sum();
        let count = image.len() as u64;
        let mean = sum as f64 / count.max(1) as f64;
        // sum (x - mean)^2 = (count sum x^2 - (sum x)^2) / count, where the numerator is an integer.
        let deviations = (count * squares - sum * sum) as f64 / count.max(1) as f64;
        let variance = deviations / (count.max(2) - 1) as f64;
        let divisor = (self.bias + variance).sqrt() / self.scale;
        let divisor = if divisor < LEAST { 1.0 } else { divisor };
        for (to, &pixel) in to.iter_mut().zip(image) {
            *to = (f64::from(pixel) - mean) / divisor;
        }
    }

    /// The normalised values of images, `[N, 3, 32, 32]`.
    pub(super) fn floats(self, pixels: &[u8]) -> Vec<f32> {
        let mut floats = vec![0f32; pixels.len()];
        let images = floats.par_chunks_exact_mut(PIXELS).zip(pixels.par_chunks_exact(PIXELS));
        images.for_each_init(
            || vec![0.0; PIXELS],
            |values, (to, image)| {
                self.normalise(image, values);
                to.iter_mut().zip(values).for_each(|(to, value)| *to = *value as f32);
            },
        );
        floats
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(contrast: Contrast, image: &[u8]) -> Vec<f64> {
        let mut values = vec![f64::NAN; image.len()];
        contrast.normalise(image, &mut values);
        values
    }

    #[test]
    fn images_of_the_default_have_norm_55() {
        let image: Vec<u8> = (0..PIXELS).map(|i| (i * i / 7) as u8).collect();
        let norm = of(Contrast::default(), &image).iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!((norm - 55.0).abs() < 1e-9, "{norm}");
    }

    /// With NumPy: `x = np.array([...], float); c = x - x.mean(); c / np.sqrt(10 + x.var(ddof=1))`, and with `2 / np.sqrt(x.var(ddof=1))`.
    #[test]
    fn values_are_numpys() {
        let image = [0, 255, 7, 100, 31, 200];
        for (contrast, expected) in [
            (
                Contrast { scale: 1.0, bias: 10.0 },
                [
                    -0.921811302404555,
                    1.4565551270709414,
                    -0.8565228121836591,
                    0.01088141503681604,
                    -0.63267655999773,
                    0.9435741324781871,
                ],
            ),
            (
                Contrast { scale: 2.0, bias: 0.0 },
                [
                    -1.844425026505669,
                    2.914378161611825,
                    -1.7137912134985223,
                    0.0217723021678579,
                    -1.2659038546168757,
                    1.887969630841385,
                ],
            ),
        ] {
            for (found, expected) in of(contrast, &image).into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-14, "{found} {expected}");
            }
        }
    }

    #[test]
    fn an_image_of_one_colour_is_zero() {
        for (value, bias) in [(0, 0.0), (255, 0.0), (77, 10.0)] {
            let contrast = Contrast { scale: 55.0, bias };
            assert_eq!(of(contrast, &[value; 3072]), [0.0; 3072]);
        }
        assert_eq!(of(Contrast { scale: 1.0, bias: 0.0 }, &[9]), [0.0]);
        assert!(of(Contrast::default(), &[]).is_empty());
    }

    #[test]
    fn whole_splits_are_their_images() {
        let pixels: Vec<u8> = (0..3 * PIXELS).map(|i| (i * i / 11) as u8).collect();
        let floats = Contrast::default().floats(&pixels);
        for (image, found) in pixels.chunks_exact(PIXELS).zip(floats.chunks_exact(PIXELS)) {
            let expected: Vec<f32> =
                of(Contrast::default(), image).into_iter().map(|value| value as f32).collect();
            assert_eq!(found, expected);
        }
    }

    proptest! {
        #[test]
        fn the_mean_is_0_and_the_deviation_below_the_scale(
            image in prop::collection::vec(any::<u8>(), 2..200),
            scale in 0.1f64..60.0,
            bias in prop_oneof![Just(0.0), 0.1f64..100.0],
        ) {
            let values = of(Contrast { scale, bias }, &image);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!(mean.abs() < 1e-12 * scale);
            let square: f64 = values.iter().map(|value| value * value).sum();
            let deviation = (square / (values.len() - 1) as f64).sqrt();
            prop_assert!(deviation <= scale * (1.0 + 1e-12));
            let flat = image.iter().all(|&pixel| pixel == image[0]);
            prop_assert!(bias > 0.0 || flat || deviation >= scale * (1.0 - 1e-12));
        }
    }
}
