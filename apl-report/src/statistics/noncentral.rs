//! The noncentral t distribution: what Welch's t is when the means do differ.

use libm::erfc;

/// `P(T <= t)` for `T = (Z + d) / U`, where Z is standard normal and U the root of a chi-square of v degrees of freedom over v:
/// the integral of `Phi(t u - d)` over the density of U, which is proportional to `u^(v - 1) exp(-v u^2 / 2)`.
///
/// With `u = e^s` the integrand is smooth and vanishes quickly on both sides, so that the trapezoid rule is exact to about 13 digits. Both
/// integrals, that of the density as well, are sums over the same points, which leaves no constant to compute.
///
/// Meant for v from 1 on and t and d up to some tens.
pub(super) fn below(t: f64, freedom: f64, shift: f64) -> f64 {
    let step = 0.1 / (freedom.sqrt() + t.abs());
    // The logarithm of the density in s, 0 at its top: below -40 nothing counts.
    let density = |s: f64| freedom * (s - 0.5 * (2.0 * s).exp_m1());
    let side = |sign: f64| {
        let places = (0..).map(move |i| sign * step * (f64::from(i) + 0.5));
        places.map(move |s| (s, density(s))).take_while(|&(_, density)| density > -40.0)
    };
    let (mut sum, mut whole) = (0.0, 0.0);
    for (s, density) in side(-1.0).chain(side(1.0)) {
        let weight = density.exp();
        sum += weight * normal(t * s.exp() - shift);
        whole += weight;
    }
    sum / whole
}

/// The standard normal distribution function Phi.
fn normal(z: f64) -> f64 {
    0.5 * erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::student;

    /// `stats.nct.cdf(t, v, d)` with scipy 1.17.1, all digits confirmed by `mpmath.quad` of the integral at 30 digits; the last by mpmath alone.
    #[test]
    fn it_is_scipys() {
        let cases = [
            (2.306, 8.0, 2.3, 0.4753836790661977),
            (2.306, 8.0, 0.0, 0.9749998386193579),
            (-2.306, 8.0, 1.0, 0.002165238611429364),
            (2.7764451, 4.0, 3.1, 0.3538473202120826),
            (4.302652729911275, 2.0, 5.0, 0.2808194646675653),
            (1.96, 500.0, 1.9, 0.5234865174495861),
            (3.5, 2.5, 0.7, 0.9270576727828762),
            (12.7062, 1.0, 12.0, 0.34644382447473654),
        ];
        for (t, freedom, shift, expected) in cases {
            let p = below(t, freedom, shift);
            assert!((p / expected - 1.0).abs() < 1e-11, "{t} {freedom} {shift}: {p}");
        }
    }

    #[test]
    fn without_a_shift_it_is_students() {
        for freedom in [1.0, 1.7, 4.0, 9.3, 40.0, 1000.0] {
            for t in [0.1, 1.0, 2.5, 8.0] {
                let upper = 1.0 - below(t, freedom, 0.0);
                assert!((2.0 * upper - student::two_sided(t, freedom)).abs() < 1e-11);
                assert!((below(-t, freedom, 0.0) - upper).abs() < 1e-12);
                assert!((below(-t, freedom, -1.3) + below(t, freedom, 1.3) - 1.0).abs() < 1e-12);
            }
        }
    }
}
