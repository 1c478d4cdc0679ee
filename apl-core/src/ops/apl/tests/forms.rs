//! The direct and the sorted form against the definition in f64, and against each other.

use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::{
    super::{Form, apply, backward_in, form, forward_in},
    SHARINGS, parameters,
};
use crate::{
    activation::Sharing,
    ops::testing::{check_determinism, check_differences, normal, values},
};

const FORMS: [Form; 2] = [Form::Direct, Form::Sorted];

/// `h(x)`, `dx`, `da`, `db`.
fn run(form: Form, inputs: &[Tensor; 4], sharing: Sharing) -> [Vec<f64>; 4] {
    let [x, a, b, g] = inputs;
    let zeros = |t: &Tensor| t.zeros_like().unwrap();
    let (y, dx, da, db) = (zeros(x), zeros(x), zeros(a), zeros(b));
    forward_in(form, x, a, b, sharing, &y).unwrap();
    backward_in(form, x, a, b, sharing, g, Some(&dx), Some((&da, &db))).unwrap();
    [y, dx, da, db].map(|t| values(&t))
}

/// The same from the definition, and the sum of the absolute values of the terms of each.
fn defined(inputs: &[Tensor; 4]) -> ([Vec<f64>; 4], [Vec<f64>; 4]) {
    let [x, a, b, g] = inputs.each_ref().map(values);
    let hinges = inputs[1].dims()[0];
    let groups = a.len() / hinges;
    let batch = inputs[0].dims()[0];
    let positions = x.len() / batch / groups;
    let mut exact =
        [vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; a.len()], vec![0.0; a.len()]];
    let mut size = exact.clone();
    for i in 0..x.len() {
        let group = i / positions % groups;
        let (x, g) = (x[i], g[i]);
        let mut slope = f64::from(u8::from(x > 0.0));
        (exact[0][i], size[0][i], size[1][i]) = (x.max(0.0), x.abs(), g.abs());
        for s in 0..hinges {
            let place = s * groups + group;
            let (a, b) = (a[place], b[place]);
            let (reach, active) = (x.abs() + b.abs(), f64::from(u8::from(b - x > 0.0)));
            exact[0][i] += a * (b - x) * active;
            slope -= a * active;
            exact[2][place] += g * (b - x) * active;
            exact[3][place] += g * a * active;
            size[0][i] += a.abs() * reach;
            size[1][i] += (g * a).abs();
            size[2][place] += g.abs() * reach;
            size[3][place] += (g * a).abs();
        }
        exact[1][i] = g * slope;
    }
    (exact, size)
}

#[test]
fn both_forms_are_the_definition_to_rounding() {
    let shapes: [&[usize]; 5] =
        [&[3, 7], &[5, 3, 21], &[2, 2, 5, 16], &[1, 1, 300], &[9, 2, 13, 11]];
    for dims in shapes {
        for sharing in SHARINGS {
            for hinges in [1, 2, 7, 8, 16, 31, 32, 33, 64, 65, 256, 300] {
                for (dtype, epsilon) in
                    [(DType::F64, f64::EPSILON), (DType::F32, f64::from(f32::EPSILON))]
                {
                    let (a, b) = parameters(dims, hinges, sharing);
                    let inputs =
                        [normal("x", dims, DType::F64), a, b, normal("g", dims, DType::F64)]
                            .map(|t| t.to_dtype(dtype).unwrap());
                    let (exact, size) = defined(&inputs);
                    let terms = inputs[0].elem_count() as f64 + hinges as f64;
                    let steps = [4.0 * hinges as f64, 4.0 * hinges as f64, terms, terms];
                    for form in FORMS {
                        let found = run(form, &inputs, sharing);
                        for part in 0..4 {
                            for (i, found) in found[part].iter().enumerate() {
                                let error = (found - exact[part][i]).abs();
                                assert!(
                                    error <= steps[part] * epsilon * size[part][i],
                                    "{dims:?} {sharing} S={hinges} {dtype:?} {form:?}: {error} in {part} at {i}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Small multiples of 1/2, whose sums and products are exact.
fn coarse(count: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec((-4i8..=4).prop_map(|v| f32::from(v) / 2.0), count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Ties and equal offsets abound here, and one strict inequality taken for another changes a result.
    #[test]
    fn forms_agree_exactly_where_arithmetic_is_exact(
        (hinges, positions, x, g, a, b) in (1usize..70, 1usize..40).prop_flat_map(|(s, p)| {
            (Just(s), Just(p), coarse(6 * p), coarse(6 * p), coarse(2 * s), coarse(2 * s))
        }),
    ) {
        let tensor = |v: Vec<f32>, dims: &[usize]| Tensor::from_vec(v, dims, &Device::Cpu).unwrap();
        let (values, parameter) = ([3, 2, positions], [hinges, 2]);
        let inputs = [tensor(x, &values), tensor(a, &parameter), tensor(b, &parameter), tensor(g, &values)];
        for dtype in [DType::F32, DType::F64] {
            let inputs = inputs.each_ref().map(|t| t.to_dtype(dtype).unwrap());
            let [direct, sorted] = FORMS.map(|form| run(form, &inputs, Sharing::Channel));
            prop_assert_eq!(&direct, &sorted);
            prop_assert_eq!(direct, defined(&inputs).0);
        }
    }
}

#[test]
fn what_is_not_finite_shows_in_both_forms_alike() {
    for dtype in [DType::F32, DType::F64] {
        for strange in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let dims = [2, 1, 40];
            let mut x = values(&normal("x", &dims, DType::F64));
            x[33] = strange;
            let x = Tensor::from_vec(x, &dims, &Device::Cpu).unwrap();
            let (a, b) = parameters(&dims, 33, Sharing::Channel);
            let inputs = [x, a.abs().unwrap(), b, normal("g", &dims, DType::F64)]
                .map(|t| t.to_dtype(dtype).unwrap());
            let [direct, sorted] = FORMS.map(|form| run(form, &inputs, Sharing::Channel));
            for part in 0..4 {
                for (i, (d, s)) in direct[part].iter().zip(&sorted[part]).enumerate() {
                    let alike = if d.is_finite() {
                        (d - s).abs() < 1e-3
                    } else {
                        d.to_bits() == s.to_bits() || d.is_nan() && s.is_nan()
                    };
                    assert!(alike, "{dtype:?} x = {strange}: {d} and {s} in {part} at {i}");
                }
            }
        }
    }
}

#[test]
fn sorted_gradients_equal_finite_differences() {
    let dims = [2, 2, 12, 17];
    for sharing in [Sharing::Channel, Sharing::Layer] {
        let (a, b) = parameters(&dims, 25, sharing);
        assert_eq!(form(&dims, 25, sharing), Form::Sorted);
        let inputs = [normal("x", &dims, DType::F64), a, b];
        let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], sharing);
        check_differences(&format!("{sharing}"), &fused, &inputs);
    }
}

#[test]
fn sorted_results_depend_on_neither_threads_nor_simd() {
    let dims = [40, 3, 30, 31];
    for sharing in [Sharing::Channel, Sharing::Layer] {
        for hinges in [24, 33, 70] {
            for dtype in [DType::F32, DType::F64] {
                let (a, b) = parameters(&dims, hinges, sharing);
                assert_eq!(form(&dims, hinges, sharing), Form::Sorted);
                let inputs =
                    [normal("x", &dims, DType::F64), a, b].map(|t| t.to_dtype(dtype).unwrap());
                let fused = |t: &[Tensor]| apply(&t[0], &t[1], &t[2], sharing);
                check_determinism(&format!("{sharing} S={hinges} {dtype:?}"), &fused, &inputs);
            }
        }
    }
}

#[test]
fn the_form_follows_from_the_shape() {
    let dims = [64, 96, 32, 32];
    assert_eq!(form(&dims, 64, Sharing::Unit), Form::Direct);
    assert_eq!(form(&dims, 5, Sharing::Channel), Form::Direct);
    assert_eq!(form(&dims, 24, Sharing::Channel), Form::Sorted);
    assert_eq!(form(&dims, 257, Sharing::Layer), Form::Direct);
    assert_eq!(form(&[4, 10], 32, Sharing::Channel), Form::Direct);
    assert_eq!(form(&[4, 10], 32, Sharing::Layer), Form::Direct);
}
