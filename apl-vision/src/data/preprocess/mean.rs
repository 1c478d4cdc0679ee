//! The training mean of every pixel, and the factor after it.

use rayon::prelude::*;

use crate::data::{Images, PIXELS};

/// What is done to every pixel: `(pixel - mean) scale`, with a mean for each of the 3072 places of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Mean {
    values: Vec<f64>,
    rounded: Vec<f32>,
    scale: f64,
}

/// Images summed by one task.
const TASK: usize = 256 * PIXELS;

impl Mean {
    /// The mean over `train`: the images that are trained on, without those held out.
    ///
    /// Sums are integers, so the mean is exact up to one rounding of each quotient and does not depend on the number of threads. Without any image it is 0.
    pub fn of(train: &Images, scale: f64) -> Self {
        Self::new(mean(train.pixels()), scale)
    }

    /// No mean: `pixel scale`.
    pub fn zero(scale: f64) -> Self {
        Self::new(vec![0.0; PIXELS], scale)
    }

    fn new(values: Vec<f64>, scale: f64) -> Self {
        let rounded = values.iter().map(|&value| value as f32).collect();
        Self { values, rounded, scale }
    }

    /// The mean that is subtracted, `[3, 32, 32]`, in units of the pixels (0-255).
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The same, each value rounded to `f32`.
    pub fn rounded(&self) -> &[f32] {
        &self.rounded
    }

    /// The factor after the mean is subtracted.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

fn mean(pixels: &[u8]) -> Vec<f64> {
    let count = (pixels.len() / PIXELS).max(1) as f64;
    let sums = pixels
        .par_chunks(TASK)
        .map(|images| {
            let mut sums = vec![0u64; PIXELS];
            for image in images.chunks_exact(PIXELS) {
                for (sum, &pixel) in sums.iter_mut().zip(image) {
                    *sum += u64::from(pixel);
                }
            }
            sums
        })
        // Sums of integers: exact in whatever order they come.
        .reduce(
            || vec![0; PIXELS],
            |mut left, right| {
                left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
                left
            },
        );
    sums.iter().map(|&sum| sum as f64 / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_each_place() {
        let count = 700;
        let pixels = (0..count).flat_map(|n| (0..PIXELS).map(move |i| (n * n * 7 + i * n) as u8));
        let images = Images::canonical(pixels.collect(), vec![0; count]).unwrap();
        let found = Mean::of(&images, 1.0);
        for (place, &mean) in found.values().iter().enumerate() {
            let sum: u64 = (0..count).map(|n| u64::from(images.pixels()[n * PIXELS + place])).sum();
            assert_eq!(mean, sum as f64 / count as f64);
            assert_eq!(found.rounded()[place], mean as f32);
        }
        assert_eq!(Mean::zero(1.0).values(), [0.0; PIXELS]);
        let empty = Images::canonical(Vec::new(), Vec::new()).unwrap();
        assert_eq!(Mean::of(&empty, 1.0).values(), [0.0; PIXELS]);
    }
}
