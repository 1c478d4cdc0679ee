//! What is left of a logarithm without its linear term.

/// Where the series takes over.
const SMALL: f64 = 0.5;

/// `x - ln(1 + x)` for `x >= 0`, to a few units in the last place also where `x` is small: with `t = x / (2 + x)`, `ln(1 + x) = 2 artanh t`, and
///
/// ```text
/// x - ln(1 + x) = x t - 2 (t^3 / 3 + t^5 / 5 + ...)
/// ```
pub(super) fn beyond_linear(x: f64) -> f64 {
    if x > SMALL {
        return x - libm::log1p(x);
    }
    let t = x / (2.0 + x);
    let square = t * t;
    // square <= 0.04: the first term left out is below 1e-17 of the sum.
    let series = (1..12).rev().fold(0.0, |sum, k| 1.0 / f64::from(2 * k + 1) + square * sum);
    t * (x - 2.0 * square * series)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With mpmath 1.4.1, 50 digits: `x - mpmath.log1p(x)`.
    #[test]
    fn it_is_exact_on_both_sides() {
        for (x, expected) in [
            (1e-300, 0.0),
            (1e-9, 4.999_999_996_666_667e-19),
            (0.001, 4.996_669_164_668_332e-7),
            (0.25, 0.026_856_448_685_790_243),
            (0.5, 0.094_534_891_891_835_62),
            (0.500_001, 0.094_535_225_225_391_18),
            (3.0, 1.613_705_638_880_109_4),
            (1e10, 9_999_999_976.974_15),
        ] {
            let found = beyond_linear(x);
            assert!((found - expected).abs() <= 1e-15 * expected, "{x}: {found} {expected}");
        }
    }
}
