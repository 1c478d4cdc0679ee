//! Whether runs of one seed go together.

use std::{collections::BTreeMap, fmt};

use crate::statistics::{FEWEST, Statistics};

/// How the scores of two rows go together over the seeds both have. It is shown and never tested: a seed gives two networks of other shapes other
/// initial values, so there is no reason to expect a correlation, and so few pairs could not show one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairing {
    /// How many seeds both have.
    pub seeds: usize,
    /// Pearson's `r = sum (x - mean x) (y - mean y) / sqrt(sum (x - mean x)^2 sum (y - mean y)^2)`, from -1 to 1.
    pub correlation: f64,
}

impl Pairing {
    /// Of the scores of two rows, each with its seed. `None` below three seeds in common with finite scores, and where the scores of one row are all
    /// equal. Of a seed given twice the last score counts.
    pub fn of(one: &[(u64, f64)], other: &[(u64, f64)]) -> Option<Self> {
        let finite = |scores: &[(u64, f64)]| -> BTreeMap<u64, f64> {
            scores.iter().copied().filter(|(_, score)| score.is_finite()).collect()
        };
        let (one, other) = (finite(one), finite(other));
        let pairs: Vec<(f64, f64)> =
            one.iter().filter_map(|(seed, &x)| other.get(seed).map(|&y| (x, y))).collect();
        if pairs.len() < FEWEST {
            return None;
        }
        let x = Statistics::of(pairs.iter().map(|pair| pair.0))?;
        let y = Statistics::of(pairs.iter().map(|pair| pair.1))?;
        let products: f64 = pairs.iter().map(|pair| (pair.0 - x.mean) * (pair.1 - y.mean)).sum();
        let correlation = products / (pairs.len() - 1) as f64 / x.deviation? / y.deviation?;
        let correlation = correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))?;
        Some(Self { seeds: pairs.len(), correlation })
    }
}

impl fmt::Display for Pairing {
    /// `r = 0.48 over 4 seeds`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let r = crate::format::number(self.correlation, 2);
        write!(f, "r = {r} over {} seeds", self.seeds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: [(u64, f64); 5] = [(1, 11.3), (2, 11.5), (3, 11.1), (4, 11.9), (7, 50.0)];
    const OTHER: [(u64, f64); 5] = [(4, 12.3), (3, 12.1), (1, 12.0), (2, 12.6), (9, -50.0)];

    /// `stats.pearsonr([11.3, 11.5, 11.1, 11.9], [12.0, 12.6, 12.1, 12.3]).statistic` with scipy 1.17.1.
    #[test]
    fn it_is_scipys_over_the_seeds_in_common() {
        let pairing = Pairing::of(&ONE, &OTHER).unwrap();
        assert_eq!(pairing.seeds, 4);
        assert!((pairing.correlation - 0.4795122238161574).abs() < 1e-13, "{pairing:?}");
        assert_eq!(pairing.to_string(), "r = 0.48 over 4 seeds");
    }

    #[test]
    fn too_few_pairs_and_no_spread_give_none() {
        assert_eq!(Pairing::of(&ONE[..2], &OTHER), None);
        assert_eq!(Pairing::of(&[], &[]), None);
        let flat = [1, 2, 3, 4].map(|seed| (seed, 12.1));
        assert_eq!(Pairing::of(&ONE, &flat), None);
        let damaged = [(1, f64::NAN), (2, 11.5), (3, f64::INFINITY), (4, 11.9)];
        assert_eq!(Pairing::of(&damaged, &OTHER), None);
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_sees_neither_shift_nor_scale(
            pairs in prop::collection::vec((-10.0f64..10.0, -10.0f64..10.0), 3..9),
            shift in -10.0f64..10.0,
            scale in 0.1f64..10.0,
        ) {
            let side = |value: fn(&(f64, f64)) -> f64| -> Vec<(u64, f64)> {
                pairs.iter().enumerate().map(|(seed, pair)| (seed as u64, value(pair))).collect()
            };
            let (one, mut other) = (side(|pair| pair.0), side(|pair| pair.1));
            let found = Pairing::of(&one, &other).unwrap();
            prop_assert!(found.correlation.abs() <= 1.0);
            other.reverse();
            prop_assert!((Pairing::of(&other, &one).unwrap().correlation - found.correlation).abs() < 1e-12);
            let of = |scale: f64| -> f64 {
                let moved: Vec<(u64, f64)> = one.iter().map(|(s, x)| (*s, x * scale + shift)).collect();
                Pairing::of(&moved, &other).unwrap().correlation
            };
            prop_assert!((of(scale) - found.correlation).abs() < 1e-9);
            prop_assert!((of(-scale) + found.correlation).abs() < 1e-9);
        }
    }
}
