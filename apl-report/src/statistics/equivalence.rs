//! Whether two means are as good as equal.

use crate::statistics::{FEWEST, Statistics, Test, Untested, student, welch};

/// Two one-sided tests that two means differ by less than a margin, for normal samples whose variances may differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// The difference beyond which means would not be as good as equal, fixed before looking.
    pub margin: f64,
    /// The chance of a difference as small where the means differ by the margin or more: the larger p-value of the two tests.
    pub p: f64,
}

impl Equivalence {
    /// Whether the means are as good as equal, at the level of every test here.
    pub fn holds(&self) -> bool {
        self.p < student::LEVEL
    }
}

/// Tests whether two means are equivalent, by Welch's t of either end of the margin. Several of them that must all hold need no correction.
///
/// Sides without any spread cannot be tested, but for equal means of both, which are equivalent with a `p` of 0.
///
/// # Errors
/// The reason why there is no test.
///
/// # Source
/// D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for assessing the equivalence of average
/// bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.
pub fn equivalence(
    one: &Statistics,
    other: &Statistics,
    margin: f64,
) -> Result<Equivalence, Untested> {
    let Test { error, freedom, .. } = match welch(one, other) {
        Err(Untested::Identical) if margin > 0.0 => return Ok(Equivalence { margin, p: 0.0 }),
        test => test?,
    };
    let difference = (one.mean - other.mean).abs();
    // The nearer end of the margin has the larger p-value.
    let t = (margin - difference) / error;
    let tail = 0.5 * student::two_sided(t, freedom);
    let p = if t > 0.0 { tail } else { 1.0 - tail };
    if p.is_finite() { Ok(Equivalence { margin, p }) } else { Err(Untested::Range) }
}

/// The seeds a row with which [`equivalence`] would be shown at least half the time, if both means are equal and the rows have this deviation: the
/// fewest n with `(t + z) deviation sqrt(2 / n) <= margin`, t the 0.95 quantile of Student's distribution of 2 n - 2 degrees of freedom and z the
/// 0.75 quantile of the normal one. `None` above a thousand, or where nothing can be said.
pub fn seeds_for_equivalence(deviation: f64, margin: f64) -> Option<usize> {
    const MOST: usize = 1000;
    const Z: f64 = 0.674_489_750_196_081_7;
    if !(deviation >= 0.0 && deviation.is_finite() && margin > 0.0) {
        return None;
    }
    let reach = |n: usize| {
        let t = student::quantile(0.95, 2.0 * n as f64 - 2.0);
        (t + Z) * deviation * (2.0 / n as f64).sqrt()
    };
    (FEWEST..=MOST).find(|&n| reach(n) <= margin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Statistics {
        Statistics::of(values.iter().copied()).unwrap()
    }

    /// `ttost_ind(x, y, -m, m, usevar="unequal")[0]` with statsmodels 0.15.0.
    #[test]
    fn p_values_are_statsmodels() {
        let a = of(&[11.3, 11.5, 11.4, 11.1, 11.7]);
        let b = of(&[12.6, 12.4, 12.8, 12.5, 12.7]);
        let c = of(&[11.0, 12.9, 11.9, 12.2]);
        let d = of(&[11.4, 11.2, 11.6, 11.5, 11.3]);
        for (other, margin, expected) in [
            (&d, 0.5, 0.002201780334917328),
            (&d, 0.2, 0.07264890133892962),
            (&c, 1.0, 0.1948651623288754),
            (&b, 1.0, 0.9273510986610697),
            (&b, 2.0, 0.00014376629276708193),
        ] {
            let found = equivalence(&a, other, margin).unwrap();
            assert!((found.p - expected).abs() < 1e-9, "{margin}: {found:?}");
            assert_eq!(found.holds(), expected < 0.05);
        }
    }

    #[test]
    fn what_has_no_spread_is_equal_or_untested() {
        let (same, other) = (of(&[2.0; 3]), of(&[2.5; 3]));
        assert_eq!(equivalence(&same, &same, 0.1), Ok(Equivalence { margin: 0.1, p: 0.0 }));
        assert_eq!(equivalence(&same, &same, 0.0), Err(Untested::Identical));
        assert_eq!(equivalence(&same, &other, 1.0), Err(Untested::NoSpread));
        assert_eq!(equivalence(&of(&[1.0, 2.0]), &other, 1.0), Err(Untested::Few));
    }

    #[test]
    fn seeds_have_the_power_they_promise() {
        assert_eq!(seeds_for_equivalence(0.0, 0.1), Some(3));
        assert_eq!(
            [seeds_for_equivalence(1.0, 0.01), seeds_for_equivalence(f64::NAN, 1.0)],
            [None; 2]
        );
        let n = seeds_for_equivalence(1.0, 1.0).unwrap();
        assert_eq!(n, 12);
        // Normal numbers as sums of twelve uniform ones, from a fixed generator (xorshift).
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut row = || {
            let scores: Vec<f64> =
                (0..n).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect();
            of(&scores)
        };
        const TIMES: usize = 4000;
        let shown = (0..TIMES).filter(|_| equivalence(&row(), &row(), 1.0).unwrap().holds());
        let power = shown.count() as f64 / TIMES as f64;
        assert!((0.48..0.56).contains(&power), "{power}");
    }

    proptest! {
        #[test]
        fn a_wider_margin_is_easier_and_sides_do_not_matter(
            one in prop::collection::vec(-10.0f64..10.0, 3..8),
            other in prop::collection::vec(-10.0f64..10.0, 3..8),
            margin in 0.01f64..5.0,
        ) {
            let (one, other) = (of(&one), of(&other));
            let narrow = equivalence(&one, &other, margin).unwrap();
            let wide = equivalence(&one, &other, 2.0 * margin).unwrap();
            prop_assert!(wide.p <= narrow.p && (0.0..=1.0).contains(&narrow.p));
            let swapped = equivalence(&other, &one, margin).unwrap();
            prop_assert!((swapped.p - narrow.p).abs() < 1e-9);
            // Equivalent means lie within the margin.
            prop_assert!(!narrow.holds() || (one.mean - other.mean).abs() < margin);
        }
    }
}
