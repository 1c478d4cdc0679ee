use proptest::prelude::*;

use super::*;
use crate::metrics::testing::{any_events, counted, normal};

fn config(bins: usize, least_expected: f64, least_simulated: u64) -> SignificanceConfig {
    SignificanceConfig { bins, least_expected, least_simulated, ..Default::default() }
}

#[test]
fn bins_have_equal_background() {
    let groups: Vec<(f32, usize, usize)> = (0..100).rev().map(|i| (i as f32, 10, 1)).collect();
    let events = counted(&groups).sorted();
    let edges = |bins, expected, simulated| edges(&events, &config(bins, expected, simulated));
    assert_eq!(edges(4, 10.0, 100), Some(vec![75.0, 50.0, 25.0]));
    assert_eq!(edges(1, 10.0, 100), Some(vec![]));
    // 1000 simulated events make at most three bins of 300, and 5000 expected ones two of 2000.
    assert_eq!(edges(20, 10.0, 300), Some(vec![66.0, 33.0]));
    assert_eq!(edges(20, 2000.0, 100), Some(vec![50.0]));
    assert_eq!(edges(20, 10.0, 1000), Some(vec![]));
    assert_eq!(edges(20, 10.0, 1001), None);
}

#[test]
fn equal_scores_stay_together() {
    // Quarters end at 250, 500 and 750: the group of 600 takes two of them.
    let events = counted(&[(4.0, 100, 9), (3.0, 600, 9), (2.0, 60, 1), (1.0, 240, 1)]).sorted();
    assert_eq!(edges(&events, &config(4, 10.0, 50)), Some(vec![3.0, 2.0]));
    // With 100 at least, the bin of 60 cannot end where the third quarter does.
    assert_eq!(edges(&events, &config(4, 10.0, 100)), Some(vec![3.0]));
    let one = counted(&[(1.0, 1000, 10)]).sorted();
    assert_eq!(edges(&one, &config(4, 10.0, 100)), Some(vec![]));
}

#[test]
fn a_low_end_of_too_little_background_joins_the_bin_above() {
    let events = counted(&[(3.0, 500, 9), (2.0, 450, 9), (1.0, 50, 1), (0.0, 0, 7)]).sorted();
    assert_eq!(edges(&events, &config(2, 10.0, 100)), Some(vec![3.0]));
    let events = counted(&[(3.0, 600, 9), (2.0, 390, 9), (1.0, 10, 1)]).sorted();
    assert_eq!(edges(&events, &config(10, 10.0, 100)), Some(vec![3.0]));
}

#[test]
fn without_a_class_there_are_no_bins() {
    for groups in [[(1.0, 500, 0)], [(1.0, 0, 500)]] {
        let events = counted(&groups).sorted();
        assert_eq!(edges(&events, &config(20, 10.0, 1)), None);
        let binned = Binned::new(&[], &[], events.totals(), &config(20, 10.0, 1));
        assert_eq!(binned, None);
    }
}

/// The histogram of the bins' own weights, with edges at 3, 2, 1: the yields of the four bins.
fn histogram(yields: [(f64, f64); 4]) -> Option<Binned> {
    let (mut above, mut whole) = (Vec::new(), Yields::default());
    for (signal, background) in yields {
        whole += Yields { signal, background };
        above.push(whole);
    }
    above.pop();
    let config = SignificanceConfig {
        signal: whole.signal,
        background: whole.background,
        ..Default::default()
    };
    Binned::new(&[3.0, 2.0, 1.0], &above, whole, &config)
}

#[test]
fn bins_without_background_join_their_neighbours() {
    let bin = |from, signal, background| Bin { from, expected: Yields { signal, background } };
    let bins = |yields| histogram(yields).unwrap().bins;
    assert_eq!(
        bins([(4.0, 1.0), (3.0, 2.0), (2.0, 3.0), (1.0, 4.0)]),
        [
            bin(Some(3.0), 4.0, 1.0),
            bin(Some(2.0), 3.0, 2.0),
            bin(Some(1.0), 2.0, 3.0),
            bin(None, 1.0, 4.0)
        ]
    );
    assert_eq!(
        bins([(4.0, 0.0), (3.0, 0.0), (2.0, 3.0), (1.0, 4.0)]),
        [bin(Some(1.0), 9.0, 3.0), bin(None, 1.0, 4.0)]
    );
    assert_eq!(
        bins([(4.0, 1.0), (3.0, 0.0), (2.0, 3.0), (1.0, 4.0)]),
        [bin(Some(3.0), 4.0, 1.0), bin(Some(1.0), 5.0, 3.0), bin(None, 1.0, 4.0)]
    );
    assert_eq!(
        bins([(4.0, 1.0), (3.0, 3.0), (2.0, 0.0), (1.0, 0.0)]),
        [bin(Some(3.0), 4.0, 1.0), bin(None, 6.0, 3.0)]
    );
    assert_eq!(bins([(4.0, 0.0), (3.0, 0.0), (2.0, 0.0), (1.0, 4.0)]), [bin(None, 10.0, 4.0)]);
    assert_eq!(bins([(4.0, 4.0), (3.0, 0.0), (2.0, 0.0), (1.0, 0.0)]), [bin(None, 10.0, 4.0)]);
}

#[test]
fn finer_bins_see_more_of_a_good_network() {
    let events = normal("bins", 100_000, 1.5).sorted();
    let z = |bins| {
        let choices = config(bins, 10.0, 100).choose(&events).unwrap();
        choices.read(&events).binned.unwrap().z
    };
    let found = [1, 2, 4, 20, 100].map(z);
    assert!(found.is_sorted_by(|one, other| one < other), "{found:?}");
}

proptest! {
    #[test]
    fn every_bin_has_enough(
        events in any_events(), bins in 1usize..8, least in 1u64..6,
    ) {
        let config = config(bins, 300.0, least);
        let events = events.sorted();
        if let Some(edges) = edges(&events, &config) {
            prop_assert!(edges.len() < bins && edges.is_sorted_by(|one, other| one > other));
            let read = config.choose(&events).unwrap().read(&events).binned.unwrap();
            // No bin of the split they were chosen on lacks background.
            let froms: Vec<Option<f32>> = read.bins.iter().map(|bin| bin.from).collect();
            let expected: Vec<Option<f32>> = edges.iter().copied().map(Some).chain([None]).collect();
            prop_assert_eq!(froms, expected);
            for bin in &read.bins {
                prop_assert!(bin.expected.background >= config.least_expected * (1.0 - 1e-12));
            }
            let sum = read.bins.iter().fold(Yields::default(), |mut sum, bin| { sum += bin.expected; sum });
            prop_assert!((sum.signal - 100.0).abs() < 1e-9 && (sum.background - 5000.0).abs() < 1e-9);
            let simulated = |from: Option<f32>| {
                let above = events.groups().take_while(|group| from.is_none_or(|from| group.score >= from));
                above.map(|group| group.simulated).sum::<u64>()
            };
            let counts: Vec<u64> = read.bins.iter().map(|bin| simulated(bin.from)).collect();
            prop_assert!(counts[0] >= least && counts.windows(2).all(|pair| pair[1] - pair[0] >= least));
        }
    }

    #[test]
    fn the_significance_is_always_a_number(
        yields in prop::array::uniform4((0u8..4, 0u8..3)),
    ) {
        if let Some(binned) = histogram(yields.map(|(s, b)| (f64::from(s), f64::from(b)))) {
            prop_assert!(binned.z.is_finite() && binned.z >= 0.0);
        }
    }
}
