use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::{
    Config, Kind, apply, average_backward, composed, max_backward, max_forward, output_shape,
};
use crate::ops::testing::{
    check_against_composed, check_determinism, check_differences, error_of, normal, values,
};

const fn config(kernel: usize, stride: usize, padding: usize) -> Config {
    Config { kernel, stride, padding }
}

/// The paper's 3/2, windows over the edge, kernel smaller and larger than the stride, global, padding, non-square, batch 1.
const GEOMETRIES: [([usize; 4], Config); 10] = [
    ([1, 1, 1, 1], config(1, 1, 0)),
    ([2, 2, 8, 8], config(3, 2, 0)),
    ([1, 3, 7, 6], config(3, 2, 0)),
    ([2, 1, 5, 9], config(2, 3, 0)),
    ([1, 2, 4, 4], config(4, 1, 0)),
    ([2, 2, 7, 7], config(2, 2, 0)),
    ([1, 2, 6, 5], config(3, 2, 1)),
    ([1, 1, 5, 5], config(3, 1, 2)),
    ([3, 1, 9, 4], config(4, 4, 1)),
    ([1, 2, 11, 3], config(3, 5, 0)),
];

#[test]
fn fused_equals_composed_and_differences() {
    for (dims, config) in GEOMETRIES {
        for kind in [Kind::Max, Kind::Average] {
            let what = format!("{kind:?} {dims:?} {config:?}");
            let inputs = [normal("x", &dims, DType::F64)];
            let fused = |t: &[Tensor]| apply(&t[0], kind, config);
            check_against_composed(&what, &fused, &|t| composed(&t[0], kind, config), &inputs);
            check_differences(&what, &fused, &inputs);
        }
    }
}

#[test]
fn results_depend_on_neither_threads_nor_simd() {
    for kind in [Kind::Max, Kind::Average] {
        for (dims, config) in [([5, 7, 16, 16], config(3, 2, 0)), ([3, 2, 9, 11], config(4, 3, 2))]
        {
            for dtype in [DType::F32, DType::F64] {
                let inputs = [normal("x", &dims, dtype)];
                check_determinism("pool", &|t| apply(&t[0], kind, config), &inputs);
            }
        }
    }
}

/// The sizes of the paper's networks (paper.md 1.8: ceil-mode pools 32 -> 16 -> 8 -> 4), and Caffe's clipping with padding.
#[test]
fn sizes_are_caffes() {
    let side = |size, config| output_shape(&[1, size, size], config).unwrap()[1];
    assert_eq!([32, 16, 8].map(|size| side(size, config(3, 2, 0))), [16, 8, 4]);
    assert_eq!(side(8, config(8, 1, 0)), 1);
    assert_eq!(side(4, config(2, 2, 1)), 3);
    assert_eq!(side(5, config(2, 2, 1)), 3);
}

#[test]
fn clipped_averages_divide_by_the_cells_inside() {
    let x = Tensor::arange(0f64, 16.0, &Device::Cpu).unwrap().reshape((1, 1, 4, 4)).unwrap();
    let y = apply(&x, Kind::Average, config(3, 2, 0)).unwrap();
    // Windows of 9, 6, 6 and 4 cells.
    assert_eq!(values(&y), [5.0, 6.5, 11.0, 12.5]);
}

#[test]
fn the_first_of_equal_maxima_wins_and_gets_the_whole_gradient() {
    let x = Tensor::ones((1, 1, 3, 3), DType::F32, &Device::Cpu).unwrap();
    let config = config(2, 1, 0);
    let y = Tensor::zeros((1, 1, 2, 2), DType::F32, &Device::Cpu).unwrap();
    let choice = Tensor::zeros((1, 1, 2, 2), DType::U8, &Device::Cpu).unwrap();
    max_forward(&x, config, &y, &choice).unwrap();
    let dx = x.zeros_like().unwrap();
    max_backward(&y.ones_like().unwrap(), &choice, config, &dx).unwrap();
    assert_eq!(values(&dx), [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nan_wins_and_minus_infinity_is_a_value() {
    let minus = f32::NEG_INFINITY;
    let x = Tensor::new(&[[[[minus, minus], [minus, f32::NAN]]]], &Device::Cpu).unwrap();
    assert!(values(&apply(&x, Kind::Max, config(2, 1, 0)).unwrap())[0].is_nan());
    let y = apply(&x, Kind::Max, config(1, 1, 0)).unwrap();
    assert_eq!(values(&y)[..3], [f64::NEG_INFINITY; 3]);
}

#[test]
fn wrong_arguments_are_named() {
    let x = normal("x", &[1, 1, 4, 4], DType::F32);
    let call = |config| error_of(apply(&x, Kind::Max, config));
    assert_eq!(call(config(0, 1, 0)), "pool: found kernel 0, stride 1, expected both at least 1");
    assert_eq!(call(config(2, 1, 2)), "pool: padding: found 2, expected less than the kernel");
    assert_eq!(
        call(config(5, 1, 0)),
        "pool: x: found shape [1, 1, 4, 4], expected a padded image no smaller than the kernel 5"
    );
    assert_eq!(
        error_of(average_backward(&x, config(2, 2, 0), &x)),
        "average-pool: gradient: found shape [1, 1, 4, 4], expected [1, 1, 2, 2]"
    );
    let big = normal("x", &[1, 1, 20, 20], DType::F32);
    assert_eq!(
        error_of(apply(&big, Kind::Max, config(17, 1, 0))),
        "max-pool: kernel: found 17, expected at most 16"
    );
    let choice = Tensor::full(9u8, (1, 1, 2, 2), &Device::Cpu).unwrap();
    let g = normal("g", &[1, 1, 2, 2], DType::F32);
    assert_eq!(
        error_of(max_backward(&g, &choice, config(2, 2, 0), &x)),
        "max-pool: choice: found 9, expected cells of the window, as max_forward wrote them"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_shape_agrees_with_composed(
        (n, c, h, w) in (1usize..3, 1usize..4, 1usize..12, 1usize..12),
        kernel in 1usize..6,
        stride in 1usize..6,
        padding in 0usize..4,
        average in any::<bool>(),
    ) {
        prop_assume!(padding < kernel && h + 2 * padding >= kernel && w + 2 * padding >= kernel);
        let kind = if average { Kind::Average } else { Kind::Max };
        let config = config(kernel, stride, padding);
        check_against_composed(
            "pool",
            &|t| apply(&t[0], kind, config),
            &|t| composed(&t[0], kind, config),
            &[normal("x", &[n, c, h, w], DType::F64)],
        );
    }
}
