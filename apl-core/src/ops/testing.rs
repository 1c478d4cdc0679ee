//! What the tests of all operations share: seeded tensors, finite differences, the composed oracle.

use candle_core::{DType, Device, Tensor, Var};

use crate::{
    Result,
    ops::simd::BASELINE,
    random::{Purpose, Streams},
};

/// Normal values, the same for the same name and shape.
pub(crate) fn normal(name: &str, dims: &[usize], dtype: DType) -> Tensor {
    let mut stream = Streams::new(11).named(Purpose::Sample, name);
    let values: Vec<f64> = (0..dims.iter().product()).map(|_| stream.normal()).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

/// All values as f64, in row-major order.
pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Fails unless `|a - b| <= tolerance * max(1, max|b|)` everywhere.
pub(crate) fn assert_close(what: &str, a: &Tensor, b: &Tensor, tolerance: f64) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    let (a, b) = (values(a), values(b));
    let scale = b.iter().fold(1f64, |largest, v| largest.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what}: {a} instead of {b} at {i}");
    }
}

/// An operation on the tape: inputs to output.
pub(crate) type Operation<'a> = &'a dyn Fn(&[Tensor]) -> Result<Tensor>;

/// The output and the gradients of `sum(weights * operation(inputs))` by every input, by Candle's tape.
pub(crate) fn by_tape(operation: Operation, inputs: &[Tensor]) -> (Tensor, Vec<Tensor>) {
    let vars: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let output = operation(&tensors).unwrap();
    let weights = normal("weights", output.dims(), output.dtype());
    let gradients = (&output * &weights).unwrap().sum_all().unwrap().backward().unwrap();
    let gradients = tensors
        .iter()
        .map(|x| gradients.get(x).cloned().unwrap_or_else(|| x.zeros_like().unwrap()))
        .collect();
    (output.detach(), gradients)
}

/// The same gradients by central differences of the fused forward pass, in f64.
fn by_differences(operation: Operation, inputs: &[Tensor], step: f64) -> Vec<Tensor> {
    let objective = |inputs: &[Tensor]| {
        let output = operation(inputs).unwrap();
        let weights = normal("weights", output.dims(), DType::F64);
        (output * weights).unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap()
    };
    (0..inputs.len())
        .map(|which| {
            let base = values(&inputs[which]);
            let moved = |i: usize, by: f64| {
                let mut base = base.clone();
                base[i] += by;
                let mut inputs = inputs.to_vec();
                inputs[which] = Tensor::from_vec(base, inputs[which].dims(), &Device::Cpu).unwrap();
                objective(&inputs)
            };
            let slopes: Vec<f64> = (0..base.len())
                .map(|i| (moved(i, step) - moved(i, -step)) / (2.0 * step))
                .collect();
            Tensor::from_vec(slopes, inputs[which].dims(), &Device::Cpu).unwrap()
        })
        .collect()
}

/// Fused equals composed, forward and backward, in f64 and f32.
pub(crate) fn check_against_composed(
    what: &str,
    fused: Operation,
    composed: Operation,
    inputs: &[Tensor],
) {
    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 2e-5)] {
        let inputs: Vec<Tensor> = inputs.iter().map(|x| x.to_dtype(dtype).unwrap()).collect();
        let (y, gradients) = by_tape(fused, &inputs);
        let (expected, expected_gradients) = by_tape(composed, &inputs);
        assert_close(&format!("{what} {dtype:?} output"), &y, &expected, tolerance);
        for (i, (g, e)) in gradients.iter().zip(&expected_gradients).enumerate() {
            assert_close(&format!("{what} {dtype:?} gradient {i}"), g, e, tolerance);
        }
    }
}

/// Fused gradients equal finite differences of the fused output, in f64.
pub(crate) fn check_differences(what: &str, fused: Operation, inputs: &[Tensor]) {
    let (_, gradients) = by_tape(fused, inputs);
    let differences = by_differences(fused, inputs, 1e-6);
    for (i, (g, d)) in gradients.iter().zip(&differences).enumerate() {
        assert_close(&format!("{what} gradient {i} against differences"), g, d, 1e-7);
    }
}

/// The text of the error an operation must give.
pub(crate) fn error_of<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    }
}

/// Fails unless the output and the gradients are the same to the bit for any number of threads, with and without SIMD.
pub(crate) fn check_determinism(
    what: &str,
    operation: &(dyn Fn(&[Tensor]) -> Result<Tensor> + Sync),
    inputs: &[Tensor],
) {
    let run = |threads, baseline| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.broadcast(|_| BASELINE.set(baseline));
        let (y, gradients) = pool.install(|| by_tape(&operation, inputs));
        let bits = |tensor: &Tensor| values(tensor).into_iter().map(f64::to_bits).collect();
        std::iter::once(&y).chain(&gradients).map(bits).collect::<Vec<Vec<u64>>>()
    };
    let expected = run(1, false);
    assert_eq!(run(4, false), expected, "{what}: four threads");
    assert_eq!(run(1, true), expected, "{what}: without SIMD");
}
