//! Losses on a GPU, in one block: the sum of a batch stays there.

use candle_core::DType;

use crate::{
    Result,
    ops::cuda::{Address, BLOCK, Kernel, Launch, Machine, Program, int},
};

static KERNELS: Program = Program { name: "cross_entropy", source: include_str!("kernels.cu") };

fn kernel(function: &'static str, real: DType) -> Kernel {
    let constants = vec![("BLOCK", i64::from(BLOCK))];
    Kernel { program: &KERNELS, real, constants, function }
}

/// Adds the mean loss of a batch to `total` and writes the gradient by the scores; both where they are.
pub(super) fn softmax(
    machine: &dyn Machine,
    [scores, labels, dx, total]: [Address; 4],
    [rows, classes]: [usize; 2],
    real: DType,
) -> Result<()> {
    let arguments =
        vec![scores.into(), labels.into(), dx.into(), total.into(), int(rows)?, int(classes)?];
    let kernel = kernel("softmax", real);
    machine.launch(&Launch { kernel, grid: [1, 1], block: BLOCK, arguments })
}

/// The same of logits, with the weights of the examples where there are any.
pub(super) fn sigmoid(
    machine: &dyn Machine,
    [logits, targets, weights, dx, total]: [Address; 5],
    rows: usize,
    real: DType,
) -> Result<()> {
    let arguments =
        vec![logits.into(), targets.into(), weights.into(), dx.into(), total.into(), int(rows)?];
    let kernel = kernel("sigmoid", real);
    machine.launch(&Launch { kernel, grid: [1, 1], block: BLOCK, arguments })
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::ops::{
        cross_entropy,
        cuda::emulator::Emulator,
        testing::{assert_close, normal, values},
    };

    fn close(found: &Tensor, expected: f64, tolerance: f64) {
        let found = values(found)[0];
        assert!((found - expected).abs() <= tolerance, "{found} for {expected}");
    }

    #[test]
    fn softmax_agrees_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        for (rows, classes, dtype, tolerance) in
            [(100, 10, DType::F32, 1e-6), (600, 3, DType::F64, 1e-13), (1, 1, DType::F64, 1e-13)]
        {
            let x = (normal("x", &[rows, classes], dtype) * 5.0).unwrap();
            let labels: Vec<u32> = (0..rows).map(|n| (n * 7 % classes) as u32).collect();
            let labels = Tensor::from_vec(labels, rows, &Device::Cpu).unwrap();
            let [dx, edx] = [(); 2].map(|()| x.zeros_like().unwrap());
            let total = Tensor::new(&[1f64], &Device::Cpu).unwrap();
            machine.run([&x, &labels, &dx, &total].map(Some), |m, at| {
                softmax(m, at, [rows, classes], dtype)
            });
            let loss = cross_entropy::softmax::mean(&x, &labels, Some(&edx)).unwrap();
            assert_close("dx", &dx, &edx, tolerance);
            close(&total, 1.0 + loss, tolerance);
            // Without a gradient, or of a label that is no class.
            machine.run([Some(&x), Some(&labels), None, Some(&total)], |m, at| {
                softmax(m, at, [rows, classes], dtype)
            });
            close(&total, 1.0 + 2.0 * loss, 2.0 * tolerance);
            let wrong = Tensor::full(classes as u32, rows, &Device::Cpu).unwrap();
            machine.run([Some(&x), Some(&wrong), None, Some(&total)], |m, at| {
                softmax(m, at, [rows, classes], dtype)
            });
            assert!(values(&total)[0].is_nan());
        }
    }

    #[test]
    fn sigmoid_agrees_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        for (rows, dtype, tolerance) in [(100, DType::F32, 1e-6), (700, DType::F64, 1e-13)] {
            let x = (normal("x", &[rows], dtype) * 9.0).unwrap();
            let t = normal("t", &[rows], dtype).gt(0f64).unwrap().to_dtype(dtype).unwrap();
            let w = normal("w", &[rows], dtype).abs().unwrap();
            for weights in [None, Some(&w)] {
                let [dx, edx] = [(); 2].map(|()| x.zeros_like().unwrap());
                let total = Tensor::new(&[0f64], &Device::Cpu).unwrap();
                let tensors = [Some(&x), Some(&t), weights, Some(&dx), Some(&total)];
                machine.run(tensors, |m, at| sigmoid(m, at, rows, dtype));
                let loss = cross_entropy::sigmoid::mean(&x, &t, weights, Some(&edx)).unwrap();
                assert_close("dx", &dx, &edx, tolerance);
                close(&total, loss, tolerance);
            }
        }
    }
}
