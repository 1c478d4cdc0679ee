use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::{Config, apply, backward, composed, forward};
use crate::ops::testing::{
    assert_close, by_tape, check_against_composed, check_determinism, check_differences, error_of,
    normal,
};

/// Input, output channels, kernel, stride, padding.
#[derive(Debug, Clone, Copy)]
struct Geometry {
    x: [usize; 4],
    outputs: usize,
    kernel: [usize; 2],
    config: Config,
}

const fn geometry(
    x: [usize; 4],
    outputs: usize,
    kernel: [usize; 2],
    stride: usize,
    padding: usize,
) -> Geometry {
    Geometry { x, outputs, kernel, config: Config { stride, padding } }
}

/// Non-square images and kernels, strides that do not divide, padding beyond the kernel, 1x1, batch 1, kernels as large as the image.
const GEOMETRIES: [Geometry; 10] = [
    geometry([1, 1, 1, 1], 1, [1, 1], 1, 0),
    geometry([2, 3, 5, 5], 4, [3, 3], 1, 1),
    geometry([1, 2, 7, 4], 3, [3, 2], 2, 0),
    geometry([3, 2, 6, 9], 2, [5, 5], 1, 2),
    geometry([2, 2, 7, 5], 3, [2, 3], 3, 1),
    geometry([2, 5, 4, 3], 6, [1, 1], 1, 0),
    geometry([2, 3, 5, 4], 2, [1, 1], 2, 0),
    geometry([2, 1, 3, 3], 2, [2, 2], 2, 3),
    geometry([1, 2, 4, 6], 2, [4, 6], 1, 0),
    geometry([19, 2, 5, 6], 3, [3, 3], 1, 1),
];

impl Geometry {
    fn inputs(&self) -> [Tensor; 3] {
        let [kh, kw] = self.kernel;
        [
            normal("x", &self.x, DType::F64),
            normal("weight", &[self.outputs, self.x[1], kh, kw], DType::F64),
            normal("bias", &[self.outputs], DType::F64),
        ]
    }

    fn check_composed(&self) {
        check_against_composed(
            &format!("{self:?}"),
            &|t| apply(&t[0], &t[1], &t[2], self.config),
            &|t| composed(&t[0], &t[1], &t[2], self.config),
            &self.inputs(),
        );
    }
}

#[test]
fn fused_equals_composed_over_the_geometries() {
    for geometry in GEOMETRIES {
        geometry.check_composed();
    }
    geometry([3, 16, 16, 16], 24, [5, 5], 1, 2).check_composed();
}

#[test]
fn gradients_equal_finite_differences() {
    for geometry in GEOMETRIES {
        let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], geometry.config);
        check_differences(&format!("{geometry:?}"), &fused, &geometry.inputs());
    }
}

#[test]
fn parts_nobody_asks_for_are_left_out() {
    let geometry = GEOMETRIES[1];
    let config = geometry.config;
    let [x, w, b] = geometry.inputs();
    let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], config);
    let (y, expected) = by_tape(&fused, &[x.clone(), w.clone(), b.clone()]);
    let g = normal("weights", y.dims(), DType::F64);
    let dx = x.zeros_like().unwrap();
    backward(&x, &w, config, &g, Some(&dx), None).unwrap();
    assert_close("dx alone", &dx, &expected[0], 0.0);
    let (dw, db) = (w.zeros_like().unwrap(), b.zeros_like().unwrap());
    backward(&x, &w, config, &g, None, Some((&dw, &db))).unwrap();
    assert_close("dw alone", &dw, &expected[1], 0.0);
    assert_close("db alone", &db, &expected[2], 0.0);
}

#[test]
fn results_depend_on_neither_threads_nor_simd() {
    let geometry = geometry([37, 3, 9, 9], 8, [5, 5], 1, 2);
    for dtype in [DType::F32, DType::F64] {
        let inputs = geometry.inputs().map(|t| t.to_dtype(dtype).unwrap());
        let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], geometry.config);
        check_determinism("conv2d", &fused, &inputs);
    }
}

#[test]
fn wrong_arguments_are_named() {
    let [x, w, b] = GEOMETRIES[1].inputs();
    let config = GEOMETRIES[1].config;
    let y = Tensor::zeros((2, 4, 5, 5), DType::F64, &Device::Cpu).unwrap();
    let call = |x: &Tensor, w: &Tensor, b: &Tensor, config| error_of(forward(x, w, b, config, &y));
    assert_eq!(
        call(&x, &w.narrow(1, 0, 2).unwrap(), &b, config),
        "conv2d: weight: found shape [4, 2, 3, 3], expected [O, 3, KH, KW] for x [2, 3, 5, 5]"
    );
    assert_eq!(
        call(&x, &w, &b, Config { stride: 0, padding: 1 }),
        "conv2d: stride: found 0, expected at least 1"
    );
    assert_eq!(
        call(&x, &w, &b, Config { stride: 1, padding: 0 }),
        "conv2d: y: found shape [2, 4, 5, 5], expected [2, 4, 3, 3]"
    );
    assert_eq!(
        call(&x.narrow(2, 0, 2).unwrap(), &w, &b, Config { stride: 1, padding: 0 }),
        "conv2d: weight: found shape [4, 3, 3, 3], expected a kernel no larger than the padded image [2, 3, 2, 5]"
    );
    assert_eq!(
        call(&x.flatten_from(2).unwrap(), &w, &b, config),
        "conv2d: x: found shape [2, 3, 25], expected [N, C, H, W], no dimension 0"
    );
    assert_eq!(
        call(&x, &w, &b.narrow(0, 0, 1).unwrap(), config),
        "conv2d: bias: found shape [1], expected [4]"
    );
    assert_eq!(
        call(&x, &w.to_dtype(DType::F32).unwrap(), &b, config),
        "conv2d: weight: found dtype F32, expected F64, as conv2d: x"
    );
    let text = call(&x, &(&w * f64::INFINITY).unwrap(), &b, config);
    assert!(text.starts_with("conv2d: weight: found"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape_agrees_with_composed(
        (n, c, h, w) in (1usize..5, 1usize..5, 1usize..10, 1usize..10),
        outputs in 1usize..6,
        (kh, kw) in (1usize..6, 1usize..6),
        stride in 1usize..4,
        padding in 0usize..4,
    ) {
        prop_assume!(h + 2 * padding >= kh && w + 2 * padding >= kw);
        geometry([n, c, h, w], outputs, [kh, kw], stride, padding).check_composed();
    }
}
