//! Several tests at once.

/// The p-values of a table's planned comparisons, adjusted together.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Adjusted, in the order given; `None` where there was no test.
    pub adjusted: Vec<Option<f64>>,
    /// How many comparisons were tested.
    pub tested: usize,
}

impl Family {
    /// Holm's step-down adjustment: with the p-values in ascending order, `p'(i) = max over j <= i of min(1, (m - j + 1) p(j))`. Where every `p' <=
    /// 0.05` is called a difference, the chance of one false call in the whole family is at most 5 %, whatever depends on what.
    ///
    /// Which comparisons belong to the family is fixed by the table's file before any run. One without a p-value (or with one that is not a number)
    /// stays without and counts in m all the same, as if it had a p of 1: what is run later only makes the others smaller.
    ///
    /// ```
    /// use apl_report::statistics::Family;
    /// let family = Family::holm(&[Some(0.0625), None, Some(0.015625), Some(0.5)]);
    /// assert_eq!(family.adjusted, [Some(0.1875), None, Some(0.0625), Some(1.0)]);
    /// ```
    ///
    /// # Source
    /// S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
    pub fn holm(p: &[Option<f64>]) -> Self {
        let usable = |i: usize| p[i].filter(|p| !p.is_nan()).map(|p| (p.clamp(0.0, 1.0), i));
        let planned = p.len();
        let mut ascending: Vec<(f64, usize)> = (0..planned).filter_map(usable).collect();
        ascending.sort_by(|one, other| one.0.total_cmp(&other.0));
        let tested = ascending.len();
        let mut adjusted = vec![None; planned];
        let mut largest = 0.0f64;
        for (rank, (p, i)) in ascending.into_iter().enumerate() {
            largest = largest.max((planned - rank) as f64 * p).min(1.0);
            adjusted[i] = Some(largest);
        }
        Self { adjusted, tested }
    }

    /// What the p-values are, said once beside them: `p: Welch's two-sided test, adjusted after Holm over 6 planned comparisons (2 not tested)`.
    pub fn note(&self) -> String {
        let planned = self.adjusted.len();
        let over = format!("{planned} planned comparison{}", if planned == 1 { "" } else { "s" });
        match planned - self.tested {
            missing if missing == planned => format!("p: none of {over} tested"),
            0 => format!("p: Welch's two-sided test, adjusted after Holm over {over}"),
            missing => format!(
                "p: Welch's two-sided test, adjusted after Holm over {over} ({missing} not tested)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By hand: 3 x 0.01, 2 x 0.02, then 0.03 x 1 below the value before; a tie; a cap.
    #[test]
    fn known_families() {
        let holm = |p: &[f64]| -> Vec<f64> {
            let p: Vec<Option<f64>> = p.iter().copied().map(Some).collect();
            Family::holm(&p).adjusted.into_iter().flatten().collect()
        };
        let near = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{found} {expected}");
            }
        };
        near(holm(&[0.03, 0.01, 0.02]), &[0.04, 0.03, 0.04]);
        near(holm(&[0.02, 0.02, 0.5]), &[0.06, 0.06, 0.5]);
        near(holm(&[0.4, 0.9, 0.6]), &[1.0, 1.0, 1.0]);
        near(holm(&[0.2]), &[0.2]);
        assert_eq!(Family::holm(&[]), Family { adjusted: vec![], tested: 0 });
    }

    #[test]
    fn what_was_not_tested_stays_so_and_is_counted() {
        let family = Family::holm(&[None, Some(0.01), Some(f64::NAN), Some(0.25)]);
        assert_eq!(family.adjusted, [None, Some(0.04), None, Some(0.75)]);
        assert_eq!(
            family.note(),
            "p: Welch's two-sided test, adjusted after Holm over 4 planned comparisons (2 not tested)"
        );
        assert_eq!(
            Family::holm(&[Some(0.1)]).note(),
            "p: Welch's two-sided test, adjusted after Holm over 1 planned comparison"
        );
        assert_eq!(Family::holm(&[None]).note(), "p: none of 1 planned comparison tested");
    }

    /// The closed test of Bonferroni tests, of which Holm's procedure is the shortcut: a hypothesis is as significant as the weakest of all
    /// intersections that contain it.
    fn closure(p: &[f64]) -> Vec<f64> {
        let members = |set: u32| (0..p.len()).filter(move |&i| set & (1 << i) != 0);
        let bonferroni = |set: u32| {
            let least = members(set).map(|i| p[i]).fold(f64::INFINITY, f64::min);
            (least * f64::from(set.count_ones())).min(1.0)
        };
        let sets = || 1u32..1 << p.len();
        let of =
            |i: usize| sets().filter(|set| set & (1 << i) != 0).map(bonferroni).fold(0.0, f64::max);
        (0..p.len()).map(of).collect()
    }

    proptest! {
        #[test]
        fn it_is_the_closure_of_bonferronis_tests(
            p in prop::collection::vec(prop_oneof![0.0f64..1.0, 0.0f64..0.05, Just(0.01)], 1..7),
            turn in 0usize..7,
        ) {
            let some = |p: &[f64]| -> Vec<Option<f64>> { p.iter().copied().map(Some).collect() };
            let adjusted: Vec<f64> = Family::holm(&some(&p)).adjusted.into_iter().flatten().collect();
            for (found, expected) in adjusted.iter().zip(closure(&p)) {
                prop_assert!((found - expected).abs() < 1e-15);
            }
            for (i, j) in (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))) {
                prop_assert!(adjusted[i] >= p[i] && adjusted[i] <= 1.0);
                prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
            }
            // The order of the family does not matter.
            let (mut turned, mut expected) = (p.clone(), adjusted);
            turned.rotate_left(turn % p.len());
            expected.rotate_left(turn % p.len());
            let found: Vec<f64> = Family::holm(&some(&turned)).adjusted.into_iter().flatten().collect();
            prop_assert_eq!(found, expected);
        }
    }
}
