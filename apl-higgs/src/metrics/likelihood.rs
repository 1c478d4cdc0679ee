//! The expected discovery significance of a histogram.

use crate::metrics::{asimov, logarithm::beyond_linear, yields::Yields};

/// The significance of a binned profile likelihood with one background normalisation known to a relative `uncertainty` `d`, expected where the signal
/// is there. Bin `i` counts Poisson events with mean `mu s_i + b_i (1 + d a)`, and the normalisation's pull `a` is normal:
///
/// ```text
/// ln L(mu, a) = sum over i of (n_i ln(mu s_i + b_i (1 + d a)) - (mu s_i + b_i (1 + d a))) - a^2 / 2
/// q0 = 2 (max over mu >= 0 and a of ln L - max over a of ln L(0, a)),   Z = sqrt(q0)
/// ```
///
/// The data are Asimov's, `n_i = s_i + b_i`, at which `q0` has its median: the first maximum is at `mu = 1`, `a = 0`. The second is at the positive
/// root of
///
/// ```text
/// d a^2 + (1 + d^2 B) a - d S = 0     with S = sum of s_i, B = sum of b_i
/// ```
///
/// so with `f(x) = x - ln(1 + x)`
///
/// ```text
/// q0 / 2 = sum over i of ((s_i + b_i) ln(1 + s_i / b_i) - s_i) - (S d a - (S + B) f(d a) - a^2 / 2)
/// ```
///
/// The first sum is the significance of known backgrounds, bin by bin ([`asimov()`] without uncertainty); the rest is what the normalisation takes
/// away. A shape uncertainty or the simulation's own statistics are not in it. 0 without signal; infinite where a bin has signal and no background.
/// Yields are not negative.
///
/// ```
/// use apl_higgs::metrics::{Yields, asimov, profile_likelihood};
/// let bins = [Yields { signal: 40.0, background: 50.0 }, Yields { signal: 60.0, background: 4950.0 }];
/// // The second bin measures the background of the first.
/// assert_eq!(format!("{:.2}", profile_likelihood(&bins, 0.05)), "4.97");
/// assert_eq!(format!("{:.2}", asimov(40.0, 50.0, 0.05)), "4.73");
/// ```
///
/// # Source
/// G. Cowan, K. Cranmer, E. Gross, O. Vitells, "Asymptotic formulae for likelihood-based tests of new physics", Eur. Phys. J. C 71, 2011 (arXiv
/// 1007.1727), eq. 12 and section 5; the likelihood is HistFactory's with one symmetric `histosys` (L. Heinrich et al., "pyhf", JOSS 6, 2021).
pub fn profile_likelihood(bins: &[Yields], uncertainty: f64) -> f64 {
    let mut whole = Yields::default();
    let mut known = 0.0;
    for &bin in bins {
        whole += bin;
        known += asimov::half(bin.signal, bin.background, 0.0);
    }
    let linear = 1.0 + uncertainty * uncertainty * whole.background;
    let constant = uncertainty * whole.signal;
    // The root, without the difference of near numbers.
    let root = (linear * linear + 4.0 * uncertainty * constant).sqrt();
    let pull = 2.0 * constant / (linear + root);
    let taken = constant * pull
        - (whole.signal + whole.background) * beyond_linear(uncertainty * pull)
        - 0.5 * pull * pull;
    (2.0 * (known - taken)).max(0.0).sqrt()
}

#[cfg(test)]
mod tests;
