//! Losses and gradients of single examples. There are few scores, so they run on the calling thread.

use crate::ops::real::Real;

/// `ln sum_k exp(x_k) - x_label`, shifted by the largest score so that nothing overflows. Where asked for, `weight (softmax(x) - onehot(label))` goes
/// into `gradient`.
pub(super) fn softmax<T: Real>(scores: &[T], label: usize, gradient: Option<(&mut [T], T)>) -> T {
    let largest = scores.iter().fold(scores[0], |a, &b| if b > a { b } else { a });
    let sum = scores.iter().fold(T::ZERO, |sum, &x| sum + (x - largest).exp());
    if let Some((gradient, weight)) = gradient {
        for (k, (g, &x)) in gradient.iter_mut().zip(scores).enumerate() {
            let hit = if k == label { T::ONE } else { T::ZERO };
            *g = weight * ((x - largest).exp() / sum - hit);
        }
    }
    sum.ln() - (scores[label] - largest)
}

/// `max(x, 0) - x t + ln(1 + exp(-|x|))`, the stable form of `-t ln p - (1 - t) ln(1 - p)` with `p = 1 / (1 + exp(-x))`.
pub(super) fn sigmoid<T: Real>(x: T, target: T) -> T {
    let positive = if x <= T::ZERO { T::ZERO } else { x };
    positive - x * target + minus_magnitude(x).exp().ln_1p()
}

/// The derivative `p - t` of [`sigmoid`] by `x`.
pub(super) fn sigmoid_gradient<T: Real>(x: T, target: T) -> T {
    let small = minus_magnitude(x).exp();
    let p = if x < T::ZERO { small / (T::ONE + small) } else { T::ONE / (T::ONE + small) };
    p - target
}

fn minus_magnitude<T: Real>(x: T) -> T {
    if x < T::ZERO { x } else { -x }
}
