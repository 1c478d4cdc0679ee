//! Whitening in few dimensions against NumPy and its definition.

use proptest::prelude::*;

use super::*;

const D: usize = 6;
const CONTRAST: Contrast = Contrast { scale: 1.0, bias: 10.0 };

/// 40 images of six values.
fn images() -> Vec<u8> {
    (0..40 * D).map(|i| ((i * i * 7 + i * 13 + (i / 6) * (i % 6) * 31) % 251) as u8).collect()
}

fn whitening(pixels: &[u8], dimension: usize, bias: f64) -> Transformation {
    Transformation::of(pixels, dimension, CONTRAST, Whitening { bias }).unwrap()
}

fn near(found: &[impl Into<f64> + Copy], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (&found, expected) in found.iter().zip(expected) {
        let found: f64 = found.into();
        assert!((found - expected).abs() < tolerance, "{found} {expected}");
    }
}

/// With NumPy:
/// ```python
/// pix = np.array([(i*i*7 + i*13 + (i//6)*(i%6)*31) % 251 for i in range(240)], float).reshape(40, 6)
/// x = (pix - pix.mean(1, keepdims=True)) / np.sqrt(10 + pix.var(1, ddof=1, keepdims=True))
/// m = x.mean(0); e = x - m
/// l, U = np.linalg.eigh(e.T @ e / 40 + 0.1*np.eye(6)); W = (U / np.sqrt(l)) @ U.T; y = e @ W
/// ```
#[test]
fn it_is_numpys() {
    let pixels = images();
    let zca = whitening(&pixels, D, 0.1);
    near(
        &zca.mean,
        &[
            0.041513790119,
            0.205547402007,
            -0.174851847305,
            -0.170775684136,
            0.068849091821,
            0.029717247493,
        ],
        1e-11,
    );
    near(
        &zca.matrix[..D],
        &[
            1.302047366051,
            0.402049611639,
            0.329420520002,
            0.381799511589,
            0.367102993811,
            0.379857657078,
        ],
        1e-6,
    );
    near(
        &zca.matrix[3 * D..4 * D],
        &[
            0.381799511589,
            0.363614423679,
            0.231319759508,
            1.392618880673,
            0.390218562474,
            0.402706522245,
        ],
        1e-6,
    );
    let floats = zca.floats(&pixels, CONTRAST);
    near(
        &floats[..D],
        &[
            -1.025136861433,
            -0.962196450511,
            -0.286075964919,
            0.331383538333,
            0.588834484119,
            1.353191254412,
        ],
        1e-6,
    );
    near(
        &floats[39 * D..],
        &[
            -0.419767895608,
            -0.891874326774,
            -0.593564276543,
            -0.010465652978,
            0.343354999895,
            1.572317152006,
        ],
        1e-6,
    );
}

/// The covariance of rows of f32, divided by their number, without subtracting anything.
fn covariance(rows: &[f32], dimension: usize) -> Vec<f64> {
    let count = rows.len() / dimension;
    let mut gram = Gram::new(dimension);
    gram.add(&rows.iter().map(|&value| f64::from(value)).collect::<Vec<_>>());
    gram.finish(1.0 / count as f64)
}

fn product(one: &[f64], other: &[f64], dimension: usize) -> Vec<f64> {
    let mut product = vec![0.0; dimension * dimension];
    let [one, other] = [one, other].map(|values| Matrix::row_major(values, dimension, dimension));
    matmul(&mut product, one, other, false);
    product
}

/// Images whose values are drawn at random, some depending on others.
fn pixels(count: usize, dimension: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), count * dimension).prop_map(move |mut pixels| {
        for image in pixels.chunks_exact_mut(dimension) {
            image[dimension - 1] = image[0] / 2 + image[1] / 3;
        }
        pixels
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn the_whitened_covariance_is_that_of_the_definition(
        pixels in (1usize..60, 2usize..13).prop_flat_map(|(count, dimension)| {
            (pixels(count, dimension), Just(dimension))
        }),
        bias in prop_oneof![Just(0.1), 1e-3f64..10.0],
    ) {
        let (pixels, dimension) = pixels;
        let zca = whitening(&pixels, dimension, bias);
        // Symmetric to the bit.
        for (i, j) in (0..dimension).flat_map(|i| (0..i).map(move |j| (i, j))) {
            prop_assert_eq!(zca.matrix[i * dimension + j], zca.matrix[j * dimension + i]);
        }
        let mut raw = Vec::new();
        for image in pixels.chunks_exact(dimension) {
            let mut row = vec![0.0; dimension];
            centred(image, CONTRAST, &zca.mean, &mut row);
            raw.extend(row.iter().map(|&value| value as f32));
        }
        // After whitening the covariance is C (C + bias)^-1, so times C + bias it is C.
        let raw = covariance(&raw, dimension);
        let white = covariance(&zca.floats(&pixels, CONTRAST), dimension);
        let mut biased = raw.clone();
        biased.iter_mut().step_by(dimension + 1).for_each(|value| *value += bias);
        let back = product(&white, &biased, dimension);
        near(&back, &raw, 1e-4);
        // Its eigenvalues L / (L + bias) are below 1.
        prop_assert!(white.iter().step_by(dimension + 1).all(|&value| value < 1.0 + 1e-5));
    }

    /// The matrix is the inverse root: `W (C + bias) W = 1`.
    #[test]
    fn the_matrix_is_the_inverse_root(pixels in pixels(30, 9)) {
        let zca = whitening(&pixels, 9, 0.1);
        let mut raw = Vec::new();
        for image in pixels.chunks_exact(9) {
            let mut row = vec![0.0; 9];
            centred(image, CONTRAST, &zca.mean, &mut row);
            raw.extend(row);
        }
        let mut gram = Gram::new(9);
        gram.add(&raw);
        let mut biased = gram.finish(1.0 / 30.0);
        biased.iter_mut().step_by(10).for_each(|value| *value += 0.1);
        let matrix: Vec<f64> = zca.matrix.iter().map(|&value| value.into()).collect();
        let one = product(&product(&matrix, &biased, 9), &matrix, 9);
        let identity: Vec<f64> = (0..81).map(|i| f64::from(i % 10 == 0)).collect();
        near(&one, &identity, 1e-4);
    }
}

#[test]
fn images_of_no_contrast_and_no_images_leave_the_identity() {
    for pixels in [vec![], vec![7; 5 * D], [[1, 2, 3, 4, 5, 6]; 9].concat()] {
        let zca = whitening(&pixels, D, 0.25);
        let identity: Vec<f64> = (0..36).map(|i| 2.0 * f64::from(i % 7 == 0)).collect();
        near(&zca.matrix, &identity, 1e-6);
        let floats = zca.floats(&pixels, CONTRAST);
        near(&floats, &vec![0.0; pixels.len()], 1e-6);
    }
}

#[test]
fn fewer_images_than_dimensions_are_whitened() {
    let dimension = 50;
    let pixels: Vec<u8> = (0..3 * dimension).map(|i| (i * i * 17 % 255) as u8).collect();
    let zca = whitening(&pixels, dimension, Whitening::LEAST_BIAS);
    let floats = zca.floats(&pixels, CONTRAST);
    assert!(zca.matrix.iter().chain(&floats).all(|value| value.is_finite()));
    // Three images span two directions around their mean, each of variance 1 afterwards.
    let total: f64 = covariance(&floats, dimension).iter().step_by(dimension + 1).sum();
    assert!((total - 2.0).abs() < 1e-3, "{total}");
}

#[test]
fn other_images_get_the_transformation_of_the_training_images() {
    let train = images();
    let zca = whitening(&train, D, 0.1);
    let other: Vec<u8> = (0..3 * D).map(|i| (200 - i * 9) as u8).collect();
    let floats = zca.floats(&other, CONTRAST);
    for (image, found) in other.chunks_exact(D).zip(floats.chunks_exact(D)) {
        let mut row = vec![0.0; D];
        CONTRAST.normalise(image, &mut row);
        let value = |i: usize| {
            (0..D).map(|j| f64::from(zca.matrix[i * D + j]) * (row[j] - zca.mean[j])).sum()
        };
        let expected: Vec<f64> = (0..D).map(value).collect();
        near(found, &expected, 1e-5);
    }
}

#[test]
fn threads_change_nothing() {
    let dimension = 400;
    let pixels: Vec<u8> =
        (0..1100 * dimension).map(|i| (i * i / 7 + i / dimension * 3) as u8).collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let zca = whitening(&pixels, dimension, 0.1);
            let floats = zca.floats(&pixels, CONTRAST);
            (zca, floats)
        })
    };
    let one = run(1);
    assert!(run(2) == one && run(5) == one);
}
