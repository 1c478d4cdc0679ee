//! A picture of any size made 32x32.

use crate::data::{CHANNELS, SIDE, picture::Picture};

/// The middle of the picture, its shorter side scaled to 32, into planes `[3, 32, 32]`.
///
/// One axis after the other. A value of the result is the mean of the source under a triangle: its centre the place of the value in the source,
/// its half width the number of source pixels a result pixel covers, or 1 where the picture grows. Weights are cut off at the border and divided by
/// their sum. Sums run in the order of the pixels, in f64, so the result is the same everywhere; it is rounded to the nearest, halves up.
pub(super) fn write(picture: &Picture, to: &mut [u8]) {
    let shorter = picture.width.min(picture.height);
    let columns = axis(picture.width, shorter);
    let rows = axis(picture.height, shorter);
    // Only the source rows that the middle needs, scaled along the width.
    let first = rows.iter().map(|taps| taps.first).min().unwrap_or(0);
    let end = rows.iter().map(|taps| taps.first + taps.weights.len()).max().unwrap_or(0);
    let mut narrow = vec![0.0; (end - first) * SIDE * CHANNELS];
    let source_rows = picture.rgb.chunks_exact(picture.width * CHANNELS).skip(first);
    for (row, narrow) in source_rows.zip(narrow.chunks_exact_mut(SIDE * CHANNELS)) {
        for (taps, pixel) in columns.iter().zip(narrow.chunks_exact_mut(CHANNELS)) {
            for (weight, source) in
                taps.weights.iter().zip(row[taps.first * CHANNELS..].chunks_exact(CHANNELS))
            {
                for (sum, &value) in pixel.iter_mut().zip(source) {
                    *sum += weight * f64::from(value);
                }
            }
        }
    }
    let plane = SIDE * SIDE;
    for (y, taps) in rows.iter().enumerate() {
        for place in 0..SIDE * CHANNELS {
            let (x, channel) = (place / CHANNELS, place % CHANNELS);
            let source = narrow[(taps.first - first) * SIDE * CHANNELS + place..].iter();
            let source = source.step_by(SIDE * CHANNELS);
            let sum: f64 =
                taps.weights.iter().zip(source).map(|(weight, value)| weight * value).sum();
            to[channel * plane + y * SIDE + x] = libm::floor(sum + 0.5) as u8;
        }
    }
}

/// The source pixels of one result pixel along an axis, and their weights, which sum to 1.
struct Taps {
    first: usize,
    weights: Vec<f64>,
}

/// The middle 32 result pixels along an axis of this length. The whole axis is scaled to the whole number of pixels next to
/// `32 length / shorter`; of what is over, the smaller half is cut off in front.
fn axis(length: usize, shorter: usize) -> Vec<Taps> {
    let scaled = (2 * length * SIDE + shorter) / (2 * shorter);
    let front = (scaled - SIDE) / 2;
    let step = length as f64 / scaled as f64;
    let half = step.max(1.0);
    let taps = |place: usize| {
        let centre = ((front + place) as f64 + 0.5) * step;
        let first = libm::floor((centre - half).max(0.0)) as usize;
        let end = (libm::ceil(centre + half) as usize).min(length);
        let weight = |pixel| (1.0 - (pixel as f64 + 0.5 - centre).abs() / half).max(0.0);
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Taps { first, weights: weights.into_iter().map(|weight| weight / sum).collect() }
    };
    (0..SIDE).map(taps).collect()
}
