//! Sigmoid cross-entropy: `loss_n = -t_n ln p_n - (1 - t_n) ln(1 - p_n)` with `p = 1 / (1 + exp(-x))`.

use candle_core::{
    CpuStorage, CustomOp2, DType, Layout, Shape, Tensor, WithDType, backend::BackendStorage,
};

use super::{cpu, cuda};
use crate::{
    Error, Result,
    ops::{
        access::{Named, apart, read, slice_of, write},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};

/// Writes the loss of every logit into `losses`.
///
/// # Shapes
/// All three tensors have one shape, `[N]` or `[N, 1]`; targets lie in `[0, 1]`.
///
/// # Errors
/// A wrong shape, dtype, layout or device; a target outside `[0, 1]`; `losses` sharing memory with what is read.
pub fn forward(logits: &Tensor, targets: &Tensor, losses: &Tensor) -> Result<()> {
    let (inputs, losses) = (named(logits, targets), ("sigmoid: losses", losses));
    let dtype = agree(&[inputs[0], inputs[1], losses])?;
    apart(&[losses], &inputs)?;
    with_real!("sigmoid", dtype, T => with_pairs(inputs, |x: &[T], t| write(losses, |losses| {
        for (loss, (&x, &t)) in losses.iter_mut().zip(x.iter().zip(t)) {
            *loss = cpu::sigmoid(x, t);
        }
        Ok(())
    })))
}

/// Writes the gradient by the logits, given that of the losses: `dx_n = g_n (p_n - t_n)`.
///
/// # Errors
/// As [`forward`].
pub fn backward(logits: &Tensor, targets: &Tensor, g: &Tensor, dx: &Tensor) -> Result<()> {
    let inputs = named(logits, targets);
    let (g, dx) = (("sigmoid: gradient", g), ("sigmoid: gradient of logits", dx));
    let dtype = agree(&[inputs[0], inputs[1], g, dx])?;
    apart(&[dx], &[inputs[0], inputs[1], g])?;
    with_real!("sigmoid", dtype, T => with_pairs(inputs, |x: &[T], t| {
        read::<T, _, 1>([g], |[g]| write(dx, |dx| {
            for ((dx, &g), (&x, &t)) in dx.iter_mut().zip(g).zip(x.iter().zip(t)) {
                *dx = g * cpu::sigmoid_gradient(x, t);
            }
            Ok(())
        }))
    }))
}

/// The mean loss of the batch, `(1 / N) sum w_n loss_n` with weights (1 where absent), and, where asked for, its gradient by the logits. The losses are
/// added in f64 in order.
///
/// # Errors
/// As [`forward`]; a weight that is negative or no number.
pub fn mean(
    logits: &Tensor,
    targets: &Tensor,
    weights: Option<&Tensor>,
    gradient: Option<&Tensor>,
) -> Result<f64> {
    let inputs = named(logits, targets);
    let dtype = agree(&inputs)?;
    let weights = weights.map(|weights| ("sigmoid: weights", weights));
    let gradient = gradient.map(|gradient| ("sigmoid: gradient of logits", gradient));
    for other in weights.iter().chain(&gradient) {
        agree(&[inputs[0], *other])?;
    }
    if let Some(gradient) = gradient {
        apart(&[gradient], &inputs)?;
        apart(&[gradient], weights.as_slice())?;
    }
    if !logits.device().is_cpu() {
        let total = Tensor::zeros(1, DType::F64, logits.device())?;
        let [weights, gradient] = [weights, gradient].map(|named| named.map(|(_, tensor)| tensor));
        add_mean(logits, targets, weights, gradient, &total)?;
        return Ok(total.to_vec1::<f64>()?[0]);
    }
    with_real!("sigmoid", dtype, T => with_pairs(inputs, |x: &[T], t| {
        let mean = |w: Option<&[T]>| {
            let count = x.len() as f64;
            let weight = |n: usize| w.map_or(T::ONE, |w| w[n]);
            let pairs = || x.iter().zip(t).enumerate();
            let sum: f64 = pairs().fold(0.0, |sum, (n, (&x, &t))| {
                sum + (weight(n) * cpu::sigmoid(x, t)).to_f64()
            });
            if let Some(gradient) = gradient {
                write(gradient, |dx| {
                    for (dx, (n, (&x, &t))) in dx.iter_mut().zip(pairs()) {
                        *dx = weight(n) * (cpu::sigmoid_gradient(x, t) * T::of(1.0 / count));
                    }
                    Ok(())
                })?;
            }
            Ok(sum / count)
        };
        match weights {
            None => mean(None),
            Some(weights) => read::<T, _, 1>([weights], |[w]| {
                check_weights(w)?;
                mean(Some(w))
            }),
        }
    }))
}

/// Adds what [`mean`] returns to `total` `[1]`, `f64`: on a GPU the sum stays there, and a step needs not wait for it. There targets and weights are
/// not looked at.
///
/// # Errors
/// As [`mean`].
pub fn add_mean(
    logits: &Tensor,
    targets: &Tensor,
    weights: Option<&Tensor>,
    gradient: Option<&Tensor>,
    total: &Tensor,
) -> Result<()> {
    let inputs = named(logits, targets);
    let dtype = agree(&inputs)?;
    let total = ("sigmoid: total", total);
    check::shape(total, &[1])?;
    let of_weights = weights.map(|weights| ("sigmoid: weights", weights));
    let dx = gradient.map(|gradient| ("sigmoid: gradient of logits", gradient));
    for other in of_weights.iter().chain(&dx) {
        agree(&[inputs[0], *other])?;
    }
    if let Some(dx) = dx {
        apart(&[dx], &inputs)?;
        apart(&[dx], of_weights.as_slice())?;
    }
    let tensors = [Some(inputs[0]), Some(inputs[1]), of_weights, dx, Some(total)];
    let rows = logits.elem_count();
    if let Some(done) = gpu::run(tensors, |machine, at| cuda::sigmoid(machine, at, rows, dtype)) {
        return done;
    }
    let mean = mean(logits, targets, weights, gradient)?;
    write(total, |total: &mut [f64]| {
        total[0] += mean;
        Ok(())
    })
}

fn named<'a>(logits: &'a Tensor, targets: &'a Tensor) -> [Named<'a>; 2] {
    [("sigmoid: logits", logits), ("sigmoid: targets", targets)]
}

fn agree(tensors: &[Named]) -> Result<DType> {
    let (name, logits) = tensors[0];
    if !matches!(logits.dims(), [n] | [n, 1] if *n > 0) {
        let expected = "[N] or [N, 1], N at least 1".to_string();
        return Err(check::wrong_shape(name, logits.dims(), expected));
    }
    for &tensor in tensors {
        check::shape(tensor, logits.dims())?;
    }
    check::same_dtype(tensors)
}

fn with_pairs<T: Real, R>(
    inputs: [Named; 2],
    work: impl FnOnce(&[T], &[T]) -> Result<R>,
) -> Result<R> {
    read::<T, _, 2>(inputs, |[logits, targets]| {
        check_targets(targets)?;
        work(logits, targets)
    })
}

fn check_targets<T: Real>(targets: &[T]) -> Result<()> {
    let inside = |t: &T| *t >= T::ZERO && *t <= T::ONE;
    match targets.iter().enumerate().find(|(_, t)| !inside(t)) {
        Some((n, target)) => {
            let place = format!("sigmoid: target of example {n}");
            Err(check::wrong_setting(&place, target, "in [0, 1]"))
        }
        None => Ok(()),
    }
}

fn check_weights<T: Real>(weights: &[T]) -> Result<()> {
    let fine = |w: &T| *w >= T::ZERO && w.to_f64().is_finite();
    match weights.iter().enumerate().find(|(_, w)| !fine(w)) {
        Some((n, weight)) => {
            let place = format!("sigmoid: weight of example {n}");
            Err(check::wrong_setting(&place, weight, "a finite number, at least 0"))
        }
        None => Ok(()),
    }
}

/// The losses on Candle's tape.
///
/// # Errors
/// As [`forward`], but tensors may be of any layout.
pub fn apply(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    agree(&named(logits, targets))?;
    let targets = targets.contiguous()?.detach();
    Ok(logits.contiguous()?.apply_op2(&targets, SigmoidCrossEntropy)?)
}

/// The same from Candle's elementary operations, in the unstable textbook form: for logits of moderate size.
///
/// # Errors
/// As [`apply`].
pub fn composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    agree(&named(logits, targets))?;
    let p = (logits.neg()?.exp()? + 1.0)?.recip()?;
    let hit = (targets * p.log()?)?;
    let miss = (targets.affine(-1.0, 1.0)? * p.affine(-1.0, 1.0)?.log()?)?;
    Ok((hit + miss)?.neg()?)
}

struct SigmoidCrossEntropy;

impl CustomOp2 for SigmoidCrossEntropy {
    fn name(&self) -> &'static str {
        "sigmoid-cross-entropy"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let storage = with_real!("sigmoid", x.dtype(), T => {
            let x = slice_of::<T>("sigmoid: logits", x, x_layout)?;
            let targets = slice_of::<T>("sigmoid: targets", targets, targets_layout)?;
            check_targets(targets)?;
            let losses = x.iter().zip(targets).map(|(&x, &t)| cpu::sigmoid(x, t)).collect();
            Ok::<_, Error>(T::storage(losses))
        })?;
        Ok((storage, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        targets: &Tensor,
        _y: &Tensor,
        g: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let dx = x.zeros_like()?;
        backward(x, targets, &g.contiguous()?, &dx)?;
        Ok((Some(dx), None))
    }
}
