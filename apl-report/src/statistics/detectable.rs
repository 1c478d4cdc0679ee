//! What so few seeds cannot see.

use crate::statistics::{noncentral, student, welch::standardised};

/// The seeds a row of the paper has.
pub const SEEDS: usize = 5;

/// The difference of two means that a comparison with n seeds a side would miss half the time: where [`welch`](super::welch)'s test at the two-sided
/// level 0.05 has a power of 1/2, if the rows' true deviations are these.
///
/// With the standard error `e = sqrt((deviation1^2 + deviation2^2) / n)` and Welch's degrees of freedom v, the power at a difference `d` is
/// `P(|T| > t)` for T noncentral t of v and shift `d / e`, and t Student's critical value; d is found by bisection to the last digit. That takes v
/// as known, though the test estimates it: in 400,000 simulated comparisons of five seeds a side the power at this difference was 0.47 to 0.50. For
/// two equal deviations and five seeds it is 1.41 deviations.
///
/// `None` where n is below 2, or the deviations are both 0, below 0 or not finite: then nothing can be said.
///
/// ```
/// use apl_report::statistics::{SEEDS, missed_half_the_time};
/// let difference = missed_half_the_time(0.3, 0.2, SEEDS).unwrap();
/// assert!((difference - 0.367).abs() < 1e-3);
/// ```
pub fn missed_half_the_time(deviation1: f64, deviation2: f64, n: usize) -> Option<f64> {
    if n < 2 || !(deviation1 >= 0.0 && deviation2 >= 0.0) {
        return None;
    }
    // Relative to the larger deviation, so that no square is too large or too small.
    let largest = deviation1.max(deviation2);
    let sides = [deviation1, deviation2].map(|deviation| (deviation / largest, n as f64));
    let (unit, freedom, _) = standardised(1.0, sides);
    let critical = student::critical(freedom);
    if !(critical.is_finite() && largest.is_finite()) {
        return None;
    }
    let power = |shift: f64| {
        1.0 - noncentral::below(critical, freedom, shift)
            + noncentral::below(-critical, freedom, shift)
    };
    let (mut low, mut high) = (0.0, 2.0 * critical);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if power(middle) < 0.5 { low = middle } else { high = middle }
    }
    Some(0.5 * (low + high) / unit * largest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// With scipy 1.17.1:
    /// ```python
    /// def difference(s1, s2, n):
    ///     se = ((s1**2 + s2**2) / n)**.5; c = s1**2 / (s1**2 + s2**2)
    ///     v = (n - 1) / (c*c + (1 - c)**2); t = stats.t.ppf(.975, v)
    ///     power = lambda d: stats.nct.sf(t, v, d) + stats.nct.cdf(-t, v, d)
    ///     return optimize.brentq(lambda d: power(d) - .5, .1, 8, xtol=1e-13) * se
    /// ```
    #[test]
    fn differences_are_scipys() {
        let cases = [
            (0.3, 0.2, 5, 0.36683715349477664),
            (1.0, 1.0, 5, 1.4096770890825392),
            (0.2, 0.0, 5, 0.2306316021375745),
            (2.0, 0.1, 5, 2.3056597353873833),
            (1.0, 1.0, 3, 2.105368849405104),
            (1.0, 1.0, 50, 0.39585323985576154),
        ];
        for (one, other, n, expected) in cases {
            let found = missed_half_the_time(one, other, n).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-9, "{one} {other} {n}: {found}");
        }
    }

    #[test]
    fn without_spread_nothing_can_be_said() {
        for (one, other) in [(0.0, 0.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (-1.0, 1.0)] {
            assert_eq!(missed_half_the_time(one, other, 5), None);
        }
        assert_eq!(missed_half_the_time(1.0, 1.0, 1), None);
        assert!(missed_half_the_time(1e-300, 0.0, 2).is_some_and(|difference| difference > 0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10))]
        #[test]
        fn it_is_symmetric_scales_and_falls_with_more_seeds(
            one in 0.1f64..3.0,
            other in 0.1f64..3.0,
            n in 3usize..12,
        ) {
            let found = missed_half_the_time(one, other, n).unwrap();
            let near = |other: f64| (other / found - 1.0).abs() < 1e-9;
            prop_assert!(near(missed_half_the_time(other, one, n).unwrap()));
            prop_assert!(near(missed_half_the_time(10.0 * one, 10.0 * other, n).unwrap() / 10.0));
            prop_assert!(missed_half_the_time(one, other, n + 1).unwrap() < found);
            prop_assert!(missed_half_the_time(1.2 * one, 1.2 * other, n).unwrap() > found);
        }
    }
}
