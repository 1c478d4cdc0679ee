mod forms;

use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::{apply, backward, composed, forward};
use crate::{
    activation::Sharing,
    ops::testing::{
        assert_close, by_tape, check_against_composed, check_determinism, check_differences,
        error_of, normal, values,
    },
};

const SHARINGS: [Sharing; 3] = [Sharing::Unit, Sharing::Channel, Sharing::Layer];

fn parameters(dims: &[usize], hinges: usize, sharing: Sharing) -> (Tensor, Tensor) {
    let shape = [&[hinges], sharing.parameter_shape(&dims[1..])].concat();
    (normal("slopes", &shape, DType::F64), normal("offsets", &shape, DType::F64))
}

/// Ranks 2 to 5, batch 1, more and fewer units than a block, positions that no lane count divides, several runs of the batch.
const GEOMETRIES: [&[usize]; 8] = [
    &[1, 1],
    &[3, 7],
    &[2, 300],
    &[1, 3, 5],
    &[4, 2, 3, 3],
    &[2, 3, 5, 7],
    &[2, 2, 2, 3, 3],
    &[3, 2, 130, 70],
];

#[test]
fn fused_equals_composed_over_the_geometries() {
    for dims in GEOMETRIES {
        for sharing in SHARINGS {
            for hinges in [1, 2, 5, 11] {
                let (slopes, offsets) = parameters(dims, hinges, sharing);
                let inputs = [normal("x", dims, DType::F64), slopes, offsets];
                check_against_composed(
                    &format!("{dims:?} {sharing} S={hinges}"),
                    &|t| apply(&t[0], &t[1], &t[2], sharing),
                    &|t| composed(&t[0], &t[1], &t[2], sharing),
                    &inputs,
                );
            }
        }
    }
}

#[test]
fn gradients_equal_finite_differences() {
    for dims in &GEOMETRIES[..7] {
        for sharing in SHARINGS {
            let (slopes, offsets) = parameters(dims, 2, sharing);
            let inputs = [normal("x", dims, DType::F64), slopes, offsets];
            let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], sharing);
            check_differences(&format!("{dims:?} {sharing}"), &fused, &inputs);
        }
    }
}

#[test]
fn derivatives_are_zero_at_a_tie() {
    let x = Tensor::new(&[[0f64, 1.0]], &Device::Cpu).unwrap();
    let slopes = Tensor::new(&[[3f64, 5.0]], &Device::Cpu).unwrap();
    let offsets = Tensor::new(&[[0f64, 1.0]], &Device::Cpu).unwrap();
    let ones = Tensor::ones((1, 2), DType::F64, &Device::Cpu).unwrap();
    let new = || ones.zeros_like().unwrap();
    let (dx, da, db) = (new(), new(), new());
    let gradients = Some((&da, &db));
    backward(&x, &slopes, &offsets, Sharing::Unit, &ones, Some(&dx), gradients).unwrap();
    assert_eq!(values(&dx), [0.0, 1.0]);
    assert_eq!(values(&da), [0.0, 0.0]);
    assert_eq!(values(&db), [0.0, 0.0]);
}

#[test]
fn parts_nobody_asks_for_are_left_out() {
    let dims = [3, 4, 20];
    for sharing in SHARINGS {
        let x = normal("x", &dims, DType::F64);
        let (slopes, offsets) = parameters(&dims, 2, sharing);
        let (_, expected) = by_tape(
            &|t| apply(&t[0], &t[1], &t[2], sharing),
            &[x.clone(), slopes.clone(), offsets.clone()],
        );
        let g = normal("weights", &dims, DType::F64);
        let dx = x.zeros_like().unwrap();
        backward(&x, &slopes, &offsets, sharing, &g, Some(&dx), None).unwrap();
        assert_close("dx alone", &dx, &expected[0], 1e-14);
        let (da, db) = (slopes.zeros_like().unwrap(), slopes.zeros_like().unwrap());
        backward(&x, &slopes, &offsets, sharing, &g, None, Some((&da, &db))).unwrap();
        assert_close("slopes alone", &da, &expected[1], 1e-14);
        assert_close("offsets alone", &db, &expected[2], 1e-14);
    }
}

#[test]
fn results_depend_on_neither_threads_nor_simd() {
    for dims in [&[40usize, 3, 30, 30][..], &[7, 2, 5, 9], &[9, 37], &[1, 1]] {
        for sharing in SHARINGS {
            for dtype in [DType::F32, DType::F64] {
                let (slopes, offsets) = parameters(dims, 3, sharing);
                let inputs = [normal("x", dims, DType::F64), slopes, offsets]
                    .map(|t| t.to_dtype(dtype).unwrap());
                let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], sharing);
                check_determinism(&format!("{dims:?} {sharing} {dtype:?}"), &fused, &inputs);
            }
        }
    }
}

#[test]
fn nan_passes_through() {
    let x = Tensor::new(&[[f32::NAN, 1.0]], &Device::Cpu).unwrap();
    let one = Tensor::ones((1, 2), DType::F32, &Device::Cpu).unwrap();
    let y = values(&apply(&x, &one, &one, Sharing::Unit).unwrap());
    assert!(y[0].is_nan() && y[1] == 1.0);
}

#[test]
fn wrong_arguments_are_named() {
    let x = normal("x", &[2, 3, 4], DType::F32);
    let y = x.zeros_like().unwrap();
    let a = normal("a", &[2, 3], DType::F32);
    let call = |x: &Tensor, a: &Tensor, b: &Tensor, y: &Tensor| {
        error_of(forward(x, a, b, Sharing::Channel, y))
    };
    let wide = normal("a", &[2, 4], DType::F32);
    assert_text(
        &call(&x, &wide, &a, &y),
        "apl: slopes and offsets: found shape [2, 4], expected [S, 3] for units [3, 4] shared by channel",
    );
    assert_text(
        &call(&x, &a, &a.narrow(0, 0, 1).unwrap(), &y),
        "apl: offsets: found shape [1, 3], expected [2, 3]",
    );
    assert_text(
        &call(&x, &a, &a, &y.to_dtype(DType::F64).unwrap()),
        "apl: y: found dtype F64, expected F32, as apl: x",
    );
    assert_text(
        &call(&x, &a, &a, &x),
        "apl: y and apl: x: found tensors that share memory, expected separate memory for what is read and what is written",
    );
    assert_text(
        &call(&x.get(0).unwrap().get(0).unwrap(), &a, &a, &y),
        "apl: x: found shape [4], expected rank at least 2, [N, unit shape...], no dimension 0",
    );
    let view = normal("x", &[2, 4, 3], DType::F32).transpose(1, 2).unwrap();
    assert_text(
        &call(&view, &a, &a, &y),
        "apl: x: the tensor is not contiguous\nhint: call `.contiguous()?` on it first",
    );
    let half = |t: &Tensor| t.to_dtype(DType::BF16).unwrap();
    assert_text(
        &call(&half(&x), &half(&a), &half(&a), &half(&y)),
        "apl: found dtype BF16, expected F32 or F64",
    );
    for (sharing, shape) in [(Sharing::Channel, vec![2, 3]), (Sharing::Unit, vec![2, 3, 4])] {
        let clean = normal("a", &shape, DType::F32);
        let mut broken: Vec<f32> = clean.flatten_all().unwrap().to_vec1().unwrap();
        broken[4] = f32::INFINITY;
        let broken = Tensor::from_vec(broken, shape.as_slice(), &Device::Cpu).unwrap();
        let text = error_of(forward(&x, &clean, &broken, sharing, &y));
        assert!(
            text.starts_with("apl: offsets: found inf at index 4, expected a finite"),
            "{text}"
        );
    }
}

fn assert_text(found: &str, expected: &str) {
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape_agrees_with_composed(
        batch in 1usize..5,
        unit in prop::collection::vec(1usize..9, 1..4),
        hinges in 1usize..7,
        which in 0usize..3,
    ) {
        let dims = [&[batch], unit.as_slice()].concat();
        let sharing = SHARINGS[which];
        let (slopes, offsets) = parameters(&dims, hinges, sharing);
        check_against_composed(
            &format!("{dims:?} {sharing} S={hinges}"),
            &|t| apply(&t[0], &t[1], &t[2], sharing),
            &|t| composed(&t[0], &t[1], &t[2], sharing),
            &[normal("x", &dims, DType::F64), slopes, offsets],
        );
    }
}
