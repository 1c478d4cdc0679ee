//! The expected discovery significance of a count.

use crate::metrics::logarithm::beyond_linear;

/// Asimov's significance: the median number of deviations by which a count over `background` known to a relative `uncertainty` is expected to exceed
/// it, where `signal` events are there on average. With `s`, `b` and `sigma = uncertainty b`,
///
/// ```text
/// Z = sqrt(2 ((s + b) ln((s + b) (b + sigma^2) / (b^2 + (s + b) sigma^2)) - b^2 / sigma^2 ln(1 + sigma^2 s / (b (b + sigma^2)))))
/// ```
///
/// and in the limits
///
/// ```text
/// sigma -> 0:   Z = sqrt(2 ((s + b) ln(1 + s / b) - s))
/// s -> 0:       Z = s / sqrt(b + sigma^2)
/// ```
///
/// It is computed to some 15 digits in these limits too, by formulas without their cancellations (see the source). 0 without signal; infinite with
/// signal and no background. Arguments are not negative.
///
/// ```
/// use apl_higgs::metrics::asimov;
/// // The paper's numbers before any selection, and after one that keeps half of the signal and one in a hundred of the background.
/// assert_eq!(format!("{:.2}", asimov(100.0, 5000.0, 0.05)), "0.38");
/// assert_eq!(format!("{:.2}", asimov(50.0, 50.0, 0.05)), "5.77");
/// ```
///
/// # Source
/// G. Cowan, "Discovery sensitivity for a counting experiment with background uncertainty", 2012 (`www.pp.rhul.ac.uk/~cowan/stat/medsig/medsigNote.pdf`),
/// eq. 20; after G. Cowan, K. Cranmer, E. Gross, O. Vitells, "Asymptotic formulae for likelihood-based tests of new physics", Eur. Phys. J. C 71, 2011
/// (arXiv 1007.1727).
pub fn asimov(signal: f64, background: f64, uncertainty: f64) -> f64 {
    (2.0 * half(signal, background, uncertainty)).max(0.0).sqrt()
}

/// `Z^2 / 2`. With the relative uncertainty `r`, `u = s / (b (1 + r^2 (s + b)))`, `q = s / (1 + r^2 b)` and `v = r^2 q` it is
///
/// ```text
/// (s + b) ln(1 + u) - q ln(1 + v) / v  =  q u - (s + b) f(u) + q f(v) / v     with f(x) = x - ln(1 + x)
/// ```
///
/// The terms on the left differ by little where `u` is small, those on the right where it is large.
pub(super) fn half(signal: f64, background: f64, uncertainty: f64) -> f64 {
    if signal <= 0.0 {
        return 0.0;
    }
    if background <= 0.0 {
        return f64::INFINITY;
    }
    let variance = uncertainty * uncertainty;
    let all = signal + background;
    let u = signal / (background * (1.0 + variance * all));
    let q = signal / (1.0 + variance * background);
    let v = variance * q;
    if u > 1.0 {
        let slope = if v > 0.0 { libm::log1p(v) / v } else { 1.0 };
        all * libm::log1p(u) - q * slope
    } else {
        let slope = if v > 0.0 { beyond_linear(v) / v } else { 0.0 };
        q * u - all * beyond_linear(u) + q * slope
    }
}

#[cfg(test)]
mod tests;
