//! ZCA whitening: the values of an image made uncorrelated and of equal variance with as little change as possible.

use apl_core::ops::matmul::{Matrix, matmul};
use faer::{
    Mat, MatRef, Par,
    diag::Diag,
    dyn_stack::{MemBuffer, MemStack},
    linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::preprocess::{Contrast, gram::Gram};

/// ZCA whitening of contrast-normalised images: `y = W (x - mean)` with `W = U (L + bias)^(-1/2) U^T`, where `U L U^T` is the covariance of the
/// training images, divided by their number, and mean is theirs.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `bias` | 0.1 | added to the eigenvalues of the covariance, so that directions without variance are not blown up; at least 0.000001 |
///
/// The covariance of the whitened training images has the eigenvalues `L / (L + bias)`.
///
/// # Source
/// pylearn2's `ZCA` with its default `filter_bias=0.1`, as remembered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Whitening {
    /// What is added to the eigenvalues.
    pub bias: f64,
}

impl Default for Whitening {
    fn default() -> Self {
        Self { bias: 0.1 }
    }
}

impl Whitening {
    /// The least bias: the eigenvalues of the covariance of many thousand images have errors far below it.
    pub(super) const LEAST_BIAS: f64 = 1e-6;
}

/// The mean and the matrix of a whitening in D dimensions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Transformation {
    /// `[D]`.
    pub mean: Vec<f64>,
    /// W, `[D, D]`, symmetric.
    pub matrix: Vec<f32>,
}

/// Images that are summed at once, and that are whitened by one task.
const PIECE: usize = 512;

impl Transformation {
    /// The whitening of images of `dimension` values each. `None` where the eigenvalues cannot be found.
    ///
    /// Without any image, and with images that are all equal, it is `1 / sqrt(bias)` times the difference to the mean. Work is split by the number of
    /// images and sums are taken in their order, and the eigenvalue problem is solved on one thread: the bits do not depend on the number of threads.
    pub fn of(
        pixels: &[u8],
        dimension: usize,
        contrast: Contrast,
        whitening: Whitening,
    ) -> Option<Self> {
        let count = (pixels.len() / dimension).max(1) as f64;
        let mean = mean(pixels, dimension, contrast);
        let mut covariance = Gram::new(dimension);
        let mut rows = vec![0.0; PIECE * dimension];
        for images in pixels.chunks(PIECE * dimension) {
            let rows = &mut rows[..images.len()];
            rows.par_chunks_exact_mut(dimension)
                .zip(images.par_chunks_exact(dimension))
                .for_each(|(row, image)| centred(image, contrast, &mean, row));
            covariance.add(rows);
        }
        let covariance = covariance.finish(1.0 / count);
        let (values, mut vectors) = eigen(&covariance, dimension)?;
        // W is the sum of u u^T / sqrt(value + bias): each vector takes the root of its factor. A covariance has no negative eigenvalue but by rounding.
        let lines = vectors.par_chunks_exact_mut(dimension).zip(values);
        lines.for_each(|(vector, value)| {
            let factor = 1.0 / (value.max(0.0) + whitening.bias).sqrt().sqrt();
            vector.iter_mut().for_each(|element| *element *= factor);
        });
        let mut matrix = Gram::new(dimension);
        matrix.add(&vectors);
        let matrix = matrix.finish(1.0).into_iter().map(|value| value as f32).collect();
        Some(Self { mean, matrix })
    }

    /// The whitened values of images, an image after the other.
    pub fn floats(&self, pixels: &[u8], contrast: Contrast) -> Vec<f32> {
        let dimension = self.mean.len();
        let matrix = Matrix::row_major(&self.matrix, dimension, dimension);
        let mut floats = vec![0f32; pixels.len()];
        let tasks = floats
            .par_chunks_mut(PIECE * dimension)
            .zip(pixels.par_chunks(PIECE * dimension))
            // One task a turn: each holds rows of its own.
            .with_max_len(1);
        tasks.for_each(|(to, images)| {
            let mut row = vec![0.0; dimension];
            let mut rows = Vec::with_capacity(images.len());
            for image in images.chunks_exact(dimension) {
                centred(image, contrast, &self.mean, &mut row);
                rows.extend(row.iter().map(|&value| value as f32));
            }
            let rows = Matrix::row_major(&rows, images.len() / dimension, dimension);
            matmul(to, rows, matrix, false);
        });
        floats
    }
}

/// The normalised values of an image less the mean.
fn centred(image: &[u8], contrast: Contrast, mean: &[f64], to: &mut [f64]) {
    contrast.normalise(image, to);
    to.iter_mut().zip(mean).for_each(|(to, mean)| *to -= mean);
}

/// The mean of the normalised images.
fn mean(pixels: &[u8], dimension: usize, contrast: Contrast) -> Vec<f64> {
    let sums: Vec<Vec<f64>> = pixels
        .par_chunks(PIECE * dimension)
        .map(|images| {
            let (mut sums, mut row) = (vec![0.0; dimension], vec![0.0; dimension]);
            for image in images.chunks_exact(dimension) {
                contrast.normalise(image, &mut row);
                sums.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
            }
            sums
        })
        .collect();
    let mut mean = vec![0.0; dimension];
    for sums in sums {
        mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += sum);
    }
    let count = (pixels.len() / dimension).max(1) as f64;
    mean.iter_mut().for_each(|mean| *mean /= count);
    mean
}

/// Eigenvalues of a symmetric matrix and its eigenvectors, one after the other.
fn eigen(matrix: &[f64], dimension: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let vectors = ComputeEigenvectors::Yes;
    let scratch = self_adjoint_evd_scratch::<f64>(dimension, vectors, Par::Seq, Default::default());
    let mut values = Diag::<f64>::zeros(dimension);
    let mut vectors = Mat::<f64>::zeros(dimension, dimension);
    self_adjoint_evd(
        MatRef::from_row_major_slice(matrix, dimension, dimension),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .ok()?;
    let values: Vec<f64> = values.column_vector().iter().copied().collect();
    let vectors: Vec<f64> = vectors.col_iter().flat_map(|vector| vector.iter().copied()).collect();
    values.iter().chain(&vectors).all(|value| value.is_finite()).then_some((values, vectors))
}

#[cfg(test)]
mod tests;
