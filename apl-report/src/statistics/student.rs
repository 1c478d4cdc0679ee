//! Student's t distribution: the chance of a value as far from 0, and the value of a chance of 5 %.

use statrs::{
    distribution::{ContinuousCDF, StudentsT},
    function::beta::checked_beta_reg,
};

/// The level of every test here, and what a confidence interval leaves out.
pub(crate) const LEVEL: f64 = 0.05;

/// `P(|T| >= |t|) = I(v / (v + t^2); v / 2, 1 / 2)` for v degrees of freedom, with the regularised incomplete beta function I. NaN where t or v is NaN
/// or v is not above 0.
pub(super) fn two_sided(t: f64, freedom: f64) -> f64 {
    let share = freedom / (freedom + t * t);
    // Not through the distribution's tail, which loses digits where its half of the integral is small.
    checked_beta_reg(0.5 * freedom, 0.5, share).unwrap_or(f64::NAN)
}

/// The t that `|T|` exceeds with a chance of [`LEVEL`]. NaN where v is not a number above 0.
pub(super) fn critical(freedom: f64) -> f64 {
    quantile(1.0 - 0.5 * LEVEL, freedom)
}

/// The t below which T is with this chance. NaN where v is not a number above 0.
pub(super) fn quantile(chance: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(f64::NAN, |distribution| distribution.inverse_cdf(chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `2 * stats.t.sf(t, v)` with scipy 1.17.1.
    #[test]
    fn tails_are_scipys() {
        let cases = [
            (0.5, 1.0, 0.7048327646991335),
            (2.306, 8.0, 0.050000322761284174),
            (7.4, 4.62, 0.0009923916130385527),
            (40.0, 3.0, 3.4380680789158506e-05),
            (0.001, 6.5, 0.9992321073971396),
        ];
        for (t, freedom, expected) in cases {
            let p = two_sided(t, freedom);
            assert!((p / expected - 1.0).abs() < 1e-10, "{t} {freedom}: {p}");
            assert_eq!(p, two_sided(-t, freedom));
        }
        assert_eq!((two_sided(0.0, 3.0), two_sided(f64::INFINITY, 3.0)), (1.0, 0.0));
        assert!(two_sided(f64::NAN, 3.0).is_nan() && two_sided(1.0, 0.0).is_nan());
    }

    /// `stats.t.ppf(.975, v)` with scipy 1.17.1.
    #[test]
    fn critical_values_are_scipys() {
        let cases = [
            (1.0, 12.706204736174694),
            (2.0, 4.302652729749462),
            (3.0, 3.1824463052837078),
            (4.0, 2.7764451051977934),
            (5.5, 2.501858617589239),
            (9.0, 2.262157162798205),
            (30.0, 2.0422724563012378),
            (1000.0, 1.9623390808264083),
        ];
        for (freedom, expected) in cases {
            let t = critical(freedom);
            assert!((t / expected - 1.0).abs() < 1e-9, "{freedom}: {t}");
        }
        assert!(critical(0.0).is_nan() && critical(f64::NAN).is_nan());
    }

    #[test]
    fn the_critical_value_has_the_chance_of_the_level() {
        for tenth in 5..3000 {
            let freedom = f64::from(tenth) / 10.0;
            assert!((two_sided(critical(freedom), freedom) - LEVEL).abs() < 1e-9, "{freedom}");
        }
    }
}
