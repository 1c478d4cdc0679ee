//! Welch's test of two means.

use std::fmt;

use crate::statistics::{Statistics, student};

/// The fewest numbers a side that are tested.
pub const FEWEST: usize = 3;

/// Welch's two-sided test that two means are equal, for normal samples whose variances may differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// `(mean1 - mean2) / sqrt(v1 + v2)` with `v = deviation^2 / n`.
    pub t: f64,
    /// Degrees of freedom after Welch and Satterthwaite: `(v1 + v2)^2 / (v1^2 / (n1 - 1) + v2^2 / (n2 - 1))`.
    pub freedom: f64,
    /// The chance of a t as far from 0 where the means are equal.
    pub p: f64,
    /// The standard error of the difference, `sqrt(v1 + v2)`.
    pub error: f64,
}

impl Test {
    /// Half the width of the 95 % confidence interval of the difference: the interval leaves out 0 exactly where `p < 0.05`.
    pub fn interval(&self) -> f64 {
        student::critical(self.freedom) * self.error
    }
}

/// Why two means were not tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untested {
    /// Fewer than [`FEWEST`] numbers on a side.
    Few,
    /// No number of one side differs from any of the other.
    Identical,
    /// Neither side has any spread, though the means differ: nothing to measure the difference by.
    NoSpread,
    /// Numbers so large or so small that their squares cannot be computed.
    Range,
}

impl fmt::Display for Untested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Untested::Few => write!(f, "n below {FEWEST}"),
            Untested::Identical => write!(f, "identical"),
            Untested::NoSpread => write!(f, "no spread"),
            Untested::Range => write!(f, "numbers out of range"),
        }
    }
}

impl std::error::Error for Untested {}

/// Tests whether two means differ. A side without spread is taken at its word as long as the other has some.
///
/// # Errors
/// The reason why there is no test.
///
/// # Source
/// B. L. Welch, "The generalization of Student's problem when several different population variances are involved", Biometrika 34, 1947.
pub fn welch(one: &Statistics, other: &Statistics) -> Result<Test, Untested> {
    let (Some(deviation1), Some(deviation2)) = (one.deviation, other.deviation) else {
        return Err(Untested::Few);
    };
    if one.n.min(other.n) < FEWEST {
        return Err(Untested::Few);
    }
    if deviation1 == 0.0 && deviation2 == 0.0 {
        let equal = one.mean == other.mean;
        return Err(if equal { Untested::Identical } else { Untested::NoSpread });
    }
    let (t, freedom, error) = standardised(
        one.mean - other.mean,
        [(deviation1, one.n as f64), (deviation2, other.n as f64)],
    );
    let p = student::two_sided(t, freedom);
    if t.is_finite() && p.is_finite() {
        Ok(Test { t, freedom, p, error })
    } else {
        Err(Untested::Range)
    }
}

/// A difference of means in its standard errors, the degrees of freedom and the standard error, of two deviations and numbers.
pub(super) fn standardised(difference: f64, sides: [(f64, f64); 2]) -> (f64, f64, f64) {
    let [v1, v2] = sides.map(|(deviation, n)| deviation * deviation / n);
    let share = v1 / (v1 + v2);
    let [n1, n2] = sides.map(|(_, n)| n);
    let freedom = 1.0 / (share * share / (n1 - 1.0) + (1.0 - share) * (1.0 - share) / (n2 - 1.0));
    let error = (v1 + v2).sqrt();
    (difference / error, freedom, error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: [f64; 5] = [11.3, 11.5, 11.4, 11.1, 11.7];
    const B: [f64; 5] = [12.6, 12.4, 12.8, 12.5, 12.7];
    const C: [f64; 4] = [11.0, 12.9, 11.9, 12.2];
    const NONE: [f64; 5] = [12.0; 5];

    fn test(one: &[f64], other: &[f64]) -> Result<Test, Untested> {
        let of = |values: &[f64]| Statistics::of(values.iter().copied()).unwrap();
        welch(&of(one), &of(other))
    }

    fn near(found: f64, expected: f64, relative: f64) -> bool {
        (found - expected).abs() <= relative * expected.abs()
    }

    /// `stats.ttest_ind(x, y, equal_var=False)` with scipy 1.17.1: statistic, df, pvalue.
    #[test]
    fn tests_are_scipys() {
        let cases: [(&[f64], &[f64], [f64; 3]); 4] = [
            (&A, &B, [-9.797958971132713, 7.200000000000003, 2.0305358044279375e-05]),
            (&A, &C, [-1.477097891751992, 3.3890041493775924, 0.2259891685898344]),
            (&C, &B, [-1.4999999999999991, 3.194177280998181, 0.22519694104083504]),
            (&A, &NONE, [-6.000000000000002, 4.0, 0.003882537046960507]),
        ];
        for (one, other, [t, freedom, p]) in cases {
            let found = test(one, other).unwrap();
            assert!(near(found.t, t, 1e-12), "{found:?}");
            assert!(near(found.freedom, freedom, 1e-12), "{found:?}");
            assert!(near(found.p, p, 1e-10), "{found:?}");
        }
    }

    /// Half of `high - low` of `stats.ttest_ind(x, y, equal_var=False).confidence_interval()` with scipy 1.17.1.
    #[test]
    fn intervals_are_scipys() {
        let cases: [(&[f64], &[f64], f64); 4] = [
            (&A, &B, 0.28798330642658576),
            (&A, &C, 1.2126948227488186),
            (&C, &B, 1.2303001342924),
            (&A, &NONE, 0.2776445105197791),
        ];
        for (one, other, half) in cases {
            let found = test(one, other).unwrap().interval();
            assert!(near(found, half, 1e-9), "{found} {half}");
        }
    }

    #[test]
    fn what_cannot_be_tested_has_a_reason() {
        assert_eq!(test(&A[..2], &B), Err(Untested::Few));
        assert_eq!(test(&A, &B[..1]), Err(Untested::Few));
        assert_eq!(test(&NONE[..2], &NONE), Err(Untested::Few));
        assert_eq!(test(&NONE, &NONE[..3]), Err(Untested::Identical));
        assert_eq!(test(&NONE, &[12.5; 3]), Err(Untested::NoSpread));
        for size in [1e200, 1e-200, f64::MAX] {
            let large = [-size, 0.0, size];
            assert!(!matches!(test(&large, &A), Ok(Test { p, .. }) if !(0.0..=1.0).contains(&p)));
            assert!(!matches!(test(&large, &large), Ok(Test { p, .. }) if p != 1.0));
        }
        assert_eq!(test(&[-1e200, 0.0, 1e200], &A), Err(Untested::Range));
        assert_eq!(Untested::Few.to_string(), "n below 3");
    }

    proptest! {
        #[test]
        fn sides_order_shift_and_scale_change_nothing_but_the_sign(
            one in prop::collection::vec(-100.0f64..100.0, 3..8),
            other in prop::collection::vec(-100.0f64..100.0, 3..8),
            shift in -100.0f64..100.0,
            scale in 0.01f64..100.0,
        ) {
            let found = test(&one, &other).unwrap();
            prop_assert!((0.0..=1.0).contains(&found.p));
            let fewest = one.len().min(other.len()) - 1;
            let most = one.len() + other.len() - 2;
            prop_assert!(found.freedom >= fewest as f64 - 1e-9 && found.freedom <= most as f64 + 1e-9);
            let swapped = test(&other, &one).unwrap();
            prop_assert!(near(swapped.t, -found.t, 1e-12) && near(swapped.p, found.p, 1e-9));
            let mut reversed = one.clone();
            reversed.reverse();
            prop_assert_eq!(test(&reversed, &other).unwrap(), found);
            let [one, other] = [one, other].map(|side| -> Vec<f64> {
                side.iter().map(|value| (value + shift) * scale).collect()
            });
            let moved = test(&one, &other).unwrap();
            prop_assert!((moved.t - found.t).abs() <= 1e-9 * (1.0 + found.t.abs()));
            prop_assert!((moved.p - found.p).abs() <= 1e-9);
        }
    }
}
