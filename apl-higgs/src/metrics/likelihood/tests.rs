use proptest::prelude::*;

use super::*;
use crate::metrics::testing::{Histogram, reference};

fn yields(histogram: &Histogram) -> Vec<Yields> {
    let pairs = histogram.signal.iter().zip(&histogram.background);
    pairs.map(|(&signal, &background)| Yields { signal, background }).collect()
}

#[test]
fn it_is_pyhfs_fit_and_the_formula_in_80_digits() {
    for case in reference().histograms {
        let found = profile_likelihood(&yields(&case), case.uncertainty);
        assert!((found / case.z - 1.0).abs() < 1e-12, "{found} {}", case.z);
        if let Some(pyhf) = case.pyhf {
            assert!((found - pyhf).abs() < 1e-6, "{found} {pyhf}");
        }
    }
}

#[test]
fn the_ends_of_the_range_are_numbers() {
    let bin = |signal, background| Yields { signal, background };
    assert_eq!(profile_likelihood(&[], 0.05), 0.0);
    assert_eq!(profile_likelihood(&[bin(0.0, 0.0)], 0.05), 0.0);
    assert_eq!(profile_likelihood(&[bin(0.0, 10.0), bin(0.0, 3.0)], 0.05), 0.0);
    assert_eq!(profile_likelihood(&[bin(1.0, 10.0), bin(0.1, 0.0)], 0.05), f64::INFINITY);
}

/// `ln L(1, 0) - ln L(0, a)` from the definition.
fn ratio(bins: &[Yields], uncertainty: f64, pull: f64) -> f64 {
    let term = |bin: &Yields| {
        let (n, mean) = (bin.signal + bin.background, bin.background * (1.0 + uncertainty * pull));
        n * (n / mean).ln() - n + mean
    };
    bins.iter().map(term).sum::<f64>() + 0.5 * pull * pull
}

fn any_bins(least: usize) -> impl Strategy<Value = Vec<Yields>> {
    let bin = (0.0f64..50.0, -1.0f64..3.0);
    let bin = bin.prop_map(|(signal, b)| Yields { signal, background: 10f64.powf(b) });
    prop::collection::vec(bin, least..12)
}

proptest! {
    #[test]
    fn no_other_pull_fits_better(
        bins in any_bins(1), uncertainty in 0.01f64..1.0, pull in 0.0f64..20.0,
    ) {
        let z = profile_likelihood(&bins, uncertainty);
        prop_assert!(0.5 * z * z <= ratio(&bins, uncertainty, pull) * (1.0 + 1e-9) + 1e-9);
    }

    #[test]
    fn more_signal_never_has_less(bins in any_bins(1), place in any::<prop::sample::Index>(), more in 0.0f64..20.0) {
        // Only where the background is known: signal that looks like background takes from the rest.
        let z = profile_likelihood(&bins, 0.0);
        let mut richer = bins.clone();
        richer[place.index(bins.len())].signal += more;
        prop_assert!(profile_likelihood(&richer, 0.0) >= z * (1.0 - 1e-12));
    }

    #[test]
    fn signal_in_proportion_rises(bins in any_bins(1), uncertainty in 0.0f64..1.0) {
        let z = profile_likelihood(&bins, uncertainty);
        let richer: Vec<Yields> =
            bins.iter().map(|bin| Yields { signal: 1.1 * bin.signal, ..*bin }).collect();
        prop_assert!(profile_likelihood(&richer, uncertainty) >= z * (1.0 - 1e-12));
    }

    #[test]
    fn joined_bins_never_have_more(
        bins in any_bins(2), place in any::<prop::sample::Index>(), uncertainty in 0.0f64..1.0,
    ) {
        let z = profile_likelihood(&bins, uncertainty);
        let mut joined = bins.clone();
        let bin = joined.remove(place.index(bins.len() - 1) + 1);
        joined[place.index(bins.len() - 1)] += bin;
        prop_assert!(profile_likelihood(&joined, uncertainty) <= z * (1.0 + 1e-9) + 1e-9);
    }

    #[test]
    fn a_better_known_background_never_has_less(bins in any_bins(1), uncertainty in 0.0f64..1.0) {
        let z = profile_likelihood(&bins, uncertainty);
        prop_assert!(profile_likelihood(&bins, 1.1 * uncertainty + 1e-3) <= z * (1.0 + 1e-9) + 1e-9);
    }

    /// One bin of known background is a count.
    #[test]
    fn one_bin_is_a_count(signal in 0.0f64..1e3, background in 1e-3f64..1e4) {
        let z = profile_likelihood(&[Yields { signal, background }], 0.0);
        let count = asimov(signal, background, 0.0);
        prop_assert!((z - count).abs() <= 1e-12 * count);
    }
}
