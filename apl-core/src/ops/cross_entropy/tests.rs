use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::{sigmoid, softmax};
use crate::ops::testing::{
    assert_close, by_tape, check_against_composed, check_differences, error_of, normal, values,
};

fn labels(batch: usize, classes: usize) -> Tensor {
    let labels: Vec<u32> = (0..batch).map(|n| (n * 7 % classes) as u32).collect();
    Tensor::from_vec(labels, batch, &Device::Cpu).unwrap()
}

fn targets(dims: &[usize]) -> Tensor {
    let count = dims.iter().product::<usize>();
    let targets: Vec<f64> = (0..count).map(|n| [0.0, 1.0, 0.25][n % 3]).collect();
    Tensor::from_vec(targets, dims, &Device::Cpu).unwrap()
}

fn mean_equals_tape(
    mean: f64,
    gradient: &Tensor,
    losses: impl Fn(&Tensor) -> crate::Result<Tensor>,
    x: &Tensor,
) {
    let count = x.dims()[0] as f64;
    let ones = normal("weights", &[x.dims()[0]], x.dtype());
    let whole = |t: &[Tensor]| {
        let weights = ones.recip()?.reshape(losses(&t[0])?.dims())?;
        Ok(((losses(&t[0])? * weights)? / count)?)
    };
    let (y, expected) = by_tape(&whole, std::slice::from_ref(x));
    let total: f64 = values(&y).iter().zip(values(&ones)).map(|(y, w)| y * w).sum();
    assert!((mean - total).abs() <= 1e-12 * total.abs().max(1.0), "{mean} {total}");
    assert_close("gradient of the mean", gradient, &expected[0], 1e-12);
}

#[test]
fn softmax_equals_composed_and_differences() {
    for (batch, classes) in [(1, 1), (1, 10), (5, 3), (7, 100)] {
        let x = normal("scores", &[batch, classes], DType::F64);
        let labels = labels(batch, classes);
        let fused = |t: &[Tensor]| softmax::apply(&t[0], &labels);
        let inputs = [x.clone()];
        let composed = |t: &[Tensor]| softmax::composed(&t[0], &labels);
        check_against_composed("softmax", &fused, &composed, &inputs);
        check_differences("softmax", &fused, &inputs);
        let gradient = x.zeros_like().unwrap();
        let mean = softmax::mean(&x, &labels, Some(&gradient)).unwrap();
        mean_equals_tape(mean, &gradient, |x| softmax::apply(x, &labels), &x);
    }
}

#[test]
fn sigmoid_equals_composed_and_differences() {
    for dims in [&[1usize][..], &[6], &[5, 1]] {
        let x = normal("logits", dims, DType::F64);
        let t = targets(dims);
        let fused = |x: &[Tensor]| sigmoid::apply(&x[0], &t.to_dtype(x[0].dtype())?);
        let composed = |x: &[Tensor]| sigmoid::composed(&x[0], &t.to_dtype(x[0].dtype())?);
        let inputs = [x.clone()];
        check_against_composed("sigmoid", &fused, &composed, &inputs);
        check_differences("sigmoid", &fused, &inputs);
        let gradient = x.zeros_like().unwrap();
        let mean = sigmoid::mean(&x, &t, None, Some(&gradient)).unwrap();
        mean_equals_tape(mean, &gradient, |x| sigmoid::apply(x, &t), &x);
    }
}

/// A weight of 2 is an example that stands there twice, one of 0 an example that is not there; the mean is over all that stand there.
#[test]
fn weights_count_examples() {
    let x = Tensor::new(&[0.3f64, -1.2, 2.0], &Device::Cpu).unwrap();
    let t = Tensor::new(&[1.0f64, 0.0, 1.0], &Device::Cpu).unwrap();
    let w = Tensor::new(&[2.0f64, 1.0, 0.0], &Device::Cpu).unwrap();
    let gradient = x.zeros_like().unwrap();
    let mean = sigmoid::mean(&x, &t, Some(&w), Some(&gradient)).unwrap();
    let twice = |v: &Tensor| {
        let v: Vec<f64> = v.to_vec1().unwrap();
        Tensor::new(&[v[0], v[0], v[1]], &Device::Cpu).unwrap()
    };
    let expected = twice(&x).zeros_like().unwrap();
    let whole = sigmoid::mean(&twice(&x), &twice(&t), None, Some(&expected)).unwrap();
    assert!((mean - whole).abs() < 1e-15, "{mean} {whole}");
    let [g, e]: [Vec<f64>; 2] = [gradient, expected].map(|g| g.to_vec1().unwrap());
    assert!((g[0] - e[0] - e[1]).abs() < 1e-15 && (g[1] - e[2]).abs() < 1e-15 && g[2] == 0.0);
    let wrong = Tensor::new(&[1.0f64, -1.0, 0.0], &Device::Cpu).unwrap();
    assert_eq!(
        error_of(sigmoid::mean(&x, &t, Some(&wrong), None)),
        "sigmoid: weight of example 1: found -1, expected a finite number, at least 0"
    );
    let labels = labels(3, 2);
    let scores = normal("scores", &[3, 2], DType::F64);
    assert_eq!(
        error_of(crate::nn::Loss::SoftmaxCrossEntropy.evaluate(&scores, &labels, Some(&w), None)),
        "softmax: weights: found weights [3], expected none: examples count alike in this loss"
    );
}

#[test]
fn large_scores_do_not_overflow_and_nan_is_seen() {
    let x = Tensor::new(&[[1000f32, -1000.0]], &Device::Cpu).unwrap();
    let label = |k: u32| Tensor::new(&[k], &Device::Cpu).unwrap();
    assert_eq!(softmax::mean(&x, &label(0), None).unwrap(), 0.0);
    assert_eq!(softmax::mean(&x, &label(1), None).unwrap(), 2000.0);
    let x = Tensor::new(&[1000f32, -1000.0], &Device::Cpu).unwrap();
    let t = Tensor::new(&[0f32, 0.0], &Device::Cpu).unwrap();
    assert_eq!(sigmoid::mean(&x, &t, None, None).unwrap(), 500.0);
    let x = Tensor::new(&[[f32::NAN, 0.0]], &Device::Cpu).unwrap();
    assert!(softmax::mean(&x, &label(0), None).unwrap().is_nan());
    assert_eq!(softmax::error_rate(&x, &label(0)).unwrap(), 1.0);
}

#[test]
fn the_error_rate_counts_wrong_maxima() {
    let x = [[1f32, 3.0, 2.0], [5.0, 5.0, 0.0], [5.0, 5.0, 0.0], [0.0, 0.0, 1.0]];
    let x = Tensor::new(&x, &Device::Cpu).unwrap();
    let labels = Tensor::new(&[1u32, 0, 1, 0], &Device::Cpu).unwrap();
    assert_eq!(softmax::error_rate(&x, &labels).unwrap(), 0.5);
}

#[test]
fn wrong_arguments_are_named() {
    let x = normal("scores", &[2, 3], DType::F32);
    let far = Tensor::new(&[0u32, 3], &Device::Cpu).unwrap();
    assert_eq!(
        error_of(softmax::mean(&x, &far, None)),
        "softmax: label of example 1: found 3, expected below 3"
    );
    assert_eq!(
        error_of(softmax::mean(&x, &far.narrow(0, 0, 1).unwrap(), None)),
        "softmax: labels: found shape [1], expected [2]"
    );
    assert_eq!(
        error_of(softmax::mean(&x, &far.to_dtype(DType::F32).unwrap(), None)),
        "softmax: labels: found dtype F32, expected U32"
    );
    assert!(error_of(softmax::mean(&x, &labels(2, 3), Some(&x))).contains("share memory"));
    let logits = normal("logits", &[2], DType::F32);
    let t = Tensor::new(&[0.5f32, 1.5], &Device::Cpu).unwrap();
    assert_eq!(
        error_of(sigmoid::mean(&logits, &t, None, None)),
        "sigmoid: target of example 1: found 1.5, expected in [0, 1]"
    );
    assert_eq!(
        error_of(sigmoid::mean(&x, &x, None, None)),
        "sigmoid: logits: found shape [2, 3], expected [N] or [N, 1], N at least 1"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_shape_agrees_with_composed(batch in 1usize..9, classes in 1usize..20) {
        let x = normal("scores", &[batch, classes], DType::F64);
        let labels = labels(batch, classes);
        check_against_composed(
            "softmax",
            &|t| softmax::apply(&t[0], &labels),
            &|t| softmax::composed(&t[0], &labels),
            &[x],
        );
    }

    #[test]
    fn any_batch_of_logits_agrees_with_composed(batch in 1usize..20, column in any::<bool>()) {
        let dims = if column { vec![batch, 1] } else { vec![batch] };
        let t = targets(&dims);
        check_against_composed(
            "sigmoid",
            &|x| sigmoid::apply(&x[0], &t.to_dtype(x[0].dtype())?),
            &|x| sigmoid::composed(&x[0], &t.to_dtype(x[0].dtype())?),
            &[normal("logits", &dims, DType::F64)],
        );
    }
}
