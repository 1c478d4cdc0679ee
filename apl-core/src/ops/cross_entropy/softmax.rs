//! Softmax cross-entropy: `loss_n = ln sum_k exp(x_nk) - x_(n, label_n)`.
//!
//! ```
//! use apl_core::ops::cross_entropy::softmax;
//! use candle_core::{Device, Tensor};
//! let scores = Tensor::new(&[[0f64, 0.0], [0.0, 0.0]], &Device::Cpu)?;
//! let labels = Tensor::new(&[0u32, 1], &Device::Cpu)?;
//! let gradient = scores.zeros_like()?;
//! let loss = softmax::mean(&scores, &labels, Some(&gradient))?;
//! assert!((loss - 2f64.ln()).abs() < 1e-15);
//! assert_eq!(gradient.to_vec2::<f64>()?, [[-0.25, 0.25], [0.25, -0.25]]);
//! assert_eq!(softmax::error_rate(&scores, &labels)?, 0.5);
//! # Ok::<(), apl_core::Error>(())
//! ```

use candle_core::{
    CpuStorage, CustomOp1, DType, Layout, Shape, Tensor, WithDType, backend::BackendStorage,
};

use super::{cpu, cuda};
use crate::{
    Error, Result,
    ops::{
        access::{apart, read, slice_of, write},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};

/// Writes the loss of every example into `losses`.
///
/// # Shapes
/// - `scores`: `[N, K]`
/// - `labels`: `[N]`, `u32`, each below K
/// - `losses`: `[N]`
///
/// # Errors
/// A wrong shape, dtype, layout or device; a label that is no class; `losses` sharing memory with what is read.
pub fn forward(scores: &Tensor, labels: &Tensor, losses: &Tensor) -> Result<()> {
    let [batch, classes] = sizes(scores, labels)?;
    let (scores, losses) = (("softmax: scores", scores), ("softmax: losses", losses));
    check::shape(losses, &[batch])?;
    let dtype = check::same_dtype(&[scores, losses])?;
    apart(&[losses], &[scores])?;
    with_real!("softmax", dtype, T => with_rows(scores.1, labels, |x: &[T], labels| {
        write(losses, |losses| {
            for ((loss, x), &label) in losses.iter_mut().zip(x.chunks_exact(classes)).zip(labels) {
                *loss = cpu::softmax(x, label as usize, None);
            }
            Ok(())
        })
    }))
}

/// Writes the gradient by the scores, given that of the losses: `dx_nk = g_n (softmax(x_n)_k - 1[k = label_n])`.
///
/// # Shapes
/// - `scores`, `dx`: `[N, K]`; `labels`, `g`: `[N]`
///
/// # Errors
/// As [`forward`].
pub fn backward(scores: &Tensor, labels: &Tensor, g: &Tensor, dx: &Tensor) -> Result<()> {
    let [batch, classes] = sizes(scores, labels)?;
    let (scores, g) = (("softmax: scores", scores), ("softmax: gradient", g));
    let dx = ("softmax: gradient of scores", dx);
    check::shape(g, &[batch])?;
    check::shape(dx, scores.1.dims())?;
    let dtype = check::same_dtype(&[scores, g, dx])?;
    apart(&[dx], &[scores, g])?;
    with_real!("softmax", dtype, T => with_rows(scores.1, labels, |x: &[T], labels| {
        read::<T, _, 1>([g], |[g]| write(dx, |dx| {
            let rows = x.chunks_exact(classes).zip(dx.chunks_exact_mut(classes));
            for ((x, dx), (&label, &g)) in rows.zip(labels.iter().zip(g)) {
                cpu::softmax(x, label as usize, Some((dx, g)));
            }
            Ok(())
        }))
    }))
}

/// The mean loss of the batch and, where asked for, its gradient by the scores, in one pass. The losses are added in f64 in order.
///
/// # Errors
/// As [`forward`].
pub fn mean(scores: &Tensor, labels: &Tensor, gradient: Option<&Tensor>) -> Result<f64> {
    let [batch, classes] = sizes(scores, labels)?;
    let named = ("softmax: scores", scores);
    let gradient = gradient.map(|gradient| ("softmax: gradient of scores", gradient));
    if let Some(gradient) = gradient {
        check::shape(gradient, scores.dims())?;
        check::same_dtype(&[named, gradient])?;
        apart(&[gradient], &[named])?;
    }
    if !scores.device().is_cpu() {
        let total = Tensor::zeros(1, DType::F64, scores.device())?;
        add_mean(scores, labels, gradient.map(|(_, gradient)| gradient), &total)?;
        return Ok(total.to_vec1::<f64>()?[0]);
    }
    with_real!("softmax", scores.dtype(), T => with_rows(scores, labels, |x: &[T], labels| {
        let weight = T::of(1.0 / batch as f64);
        let total = |mut dx: Option<&mut [T]>| {
            let mut sum = 0.0;
            for (n, (x, &label)) in x.chunks_exact(classes).zip(labels).enumerate() {
                let row = n * classes..(n + 1) * classes;
                let dx = dx.as_deref_mut().map(|dx| (&mut dx[row], weight));
                sum += cpu::softmax(x, label as usize, dx).to_f64();
            }
            sum / batch as f64
        };
        match gradient {
            Some(gradient) => write(gradient, |dx| Ok(total(Some(dx)))),
            None => Ok(total(None)),
        }
    }))
}

/// Adds what [`mean`] returns to `total` `[1]`, `f64`: on a GPU the sum stays there, and a step needs not wait for it. There a label that is no class
/// makes the sum NaN.
///
/// # Errors
/// As [`mean`].
pub fn add_mean(
    scores: &Tensor,
    labels: &Tensor,
    gradient: Option<&Tensor>,
    total: &Tensor,
) -> Result<()> {
    let sizes = sizes(scores, labels)?;
    let (named, total) = (("softmax: scores", scores), ("softmax: total", total));
    check::shape(total, &[1])?;
    let dx = gradient.map(|gradient| ("softmax: gradient of scores", gradient));
    if let Some(dx) = dx {
        check::shape(dx, scores.dims())?;
        check::same_dtype(&[named, dx])?;
        apart(&[dx], &[named])?;
    }
    let tensors = [Some(named), Some(("softmax: labels", labels)), dx, Some(total)];
    if let Some(done) =
        gpu::run(tensors, |machine, at| cuda::softmax(machine, at, sizes, scores.dtype()))
    {
        return done;
    }
    let mean = mean(scores, labels, gradient)?;
    write(total, |total: &mut [f64]| {
        total[0] += mean;
        Ok(())
    })
}

fn sizes(scores: &Tensor, labels: &Tensor) -> Result<[usize; 2]> {
    let [batch, classes] = check::rank::<2>(("softmax: scores", scores), "[N, K]")?;
    check::shape(("softmax: labels", labels), &[batch])?;
    Ok([batch, classes])
}

/// Reads scores and labels and checks that every label is a class.
fn with_rows<T: Real, R>(
    scores: &Tensor,
    labels: &Tensor,
    work: impl FnOnce(&[T], &[u32]) -> Result<R>,
) -> Result<R> {
    let classes = scores.dims()[1];
    read::<u32, _, 1>([("softmax: labels", labels)], |[labels]| {
        if let Some((n, label)) =
            labels.iter().enumerate().find(|&(_, &label)| label as usize >= classes)
        {
            let place = format!("softmax: label of example {n}");
            return Err(check::wrong_setting(&place, label, &format!("below {classes}")));
        }
        read::<T, _, 1>([("softmax: scores", scores)], |[scores]| work(scores, labels))
    })
}

/// The losses `[N]` on Candle's tape.
///
/// # Errors
/// As [`forward`], but `scores` may be of any layout.
pub fn apply(scores: &Tensor, labels: &Tensor) -> Result<Tensor> {
    sizes(scores, labels)?;
    let labels = labels.contiguous()?;
    Ok(scores.contiguous()?.apply_op1(SoftmaxCrossEntropy { labels })?)
}

/// The same from Candle's elementary operations.
///
/// # Errors
/// As [`apply`].
pub fn composed(scores: &Tensor, labels: &Tensor) -> Result<Tensor> {
    sizes(scores, labels)?;
    let log_p = candle_nn::ops::log_softmax(scores, 1)?;
    Ok(log_p.gather(&labels.unsqueeze(1)?, 1)?.squeeze(1)?.neg()?)
}

struct SoftmaxCrossEntropy {
    labels: Tensor,
}

impl CustomOp1 for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax-cross-entropy"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let batch = layout.dims()[0];
        let storage = with_real!("softmax", x.dtype(), T => {
            let scores = slice_of::<T>("softmax: scores", x, layout)?.to_vec();
            let scores = Tensor::from_vec(scores, layout.dims(), self.labels.device())?;
            let losses = Tensor::zeros(batch, T::DTYPE, self.labels.device())?;
            forward(&scores, &self.labels, &losses)?;
            Ok::<_, Error>(T::storage(losses.to_vec1()?))
        })?;
        Ok((storage, Shape::from(batch)))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let dx = x.zeros_like()?;
        backward(x, &self.labels, &g.contiguous()?, &dx)?;
        Ok(Some(dx))
    }
}

/// The share of examples whose largest score is not their label's; the first of equal scores counts, a NaN never does.
///
/// # Errors
/// As [`forward`].
pub fn error_rate(scores: &Tensor, labels: &Tensor) -> Result<f64> {
    let [batch, classes] = sizes(scores, labels)?;
    if labels.dtype() != DType::U32 {
        return Err(Error::DType {
            place: "softmax: labels".into(),
            found: labels.dtype(),
            expected: "U32".into(),
        });
    }
    with_real!("softmax", scores.dtype(), T => with_rows(scores, labels, |x: &[T], labels| {
        let wrong = (x.chunks_exact(classes).zip(labels)).filter(|(x, label)| {
            let own = x[**label as usize];
            let beaten = |(k, &other): (usize, &T)| {
                other > own || (other == own && k < **label as usize)
            };
            own.not_a_number() || x.iter().enumerate().any(beaten)
        });
        Ok(wrong.count() as f64 / batch as f64)
    }))
}
