use proptest::prelude::*;

use super::*;
use crate::metrics::testing::{Events, any_events, counted, normal};

fn few() -> SignificanceConfig {
    SignificanceConfig { least_expected: 1e-9, least_simulated: 1, ..Default::default() }
}

/// Every threshold of a split, by counting.
fn all(events: &Events, config: &SignificanceConfig) -> Vec<(f32, f64)> {
    let mut thresholds = events.scores.clone();
    thresholds.sort_by(|one, other| other.total_cmp(one));
    thresholds.dedup();
    let passing = |label, threshold| {
        events.class(label).filter(move |&event| events.scores[event] >= threshold)
    };
    let share = |label, threshold| {
        let sum =
            |threshold| passing(label, threshold).map(|event| events.weight(event)).sum::<f64>();
        sum(threshold) / sum(f32::MIN)
    };
    let cut = |&threshold: &f32| {
        let simulated = passing(0, threshold).filter(|&event| events.weight(event) > 0.0).count();
        let (s, b) = (config.signal * share(1, threshold), config.background * share(0, threshold));
        let allowed = b >= config.least_expected && simulated as u64 >= config.least_simulated;
        (allowed && s.is_finite()).then(|| (threshold, asimov(s, b, config.uncertainty)))
    };
    thresholds.iter().filter_map(cut).collect()
}

#[test]
fn too_little_background_is_passed_over() {
    // The best of all thresholds is 3, with 2 of 1000 background events.
    let events = counted(&[(3.0, 2, 50), (2.0, 8, 20), (1.0, 90, 20), (0.0, 900, 10)]).sorted();
    let threshold = |least_expected, least_simulated| {
        let config = SignificanceConfig { least_expected, least_simulated, ..Default::default() };
        best_cut(&events, &config).map(|cut| cut.threshold)
    };
    assert_eq!(threshold(10.0, 2), Some(3.0));
    assert_eq!(threshold(10.5, 2), Some(2.0));
    assert_eq!(threshold(10.0, 3), Some(2.0));
    assert_eq!(threshold(10.0, 11), Some(1.0));
    assert_eq!(threshold(51.0, 2), Some(1.0));
    assert_eq!(threshold(5000.0, 2), Some(0.0));
    assert_eq!(threshold(10.0, 1001), None);
    let cut = best_cut(&events, &SignificanceConfig { least_simulated: 10, ..Default::default() });
    let expected = Yields { signal: 70.0, background: 50.0 };
    let z = asimov(70.0, 50.0, 0.05);
    let [signal_efficiency, background_efficiency] = [0.7, 0.01];
    let by_hand = Cut { threshold: 2.0, signal_efficiency, background_efficiency, expected, z };
    assert_eq!(cut, Some(by_hand));
}

#[test]
fn without_a_class_there_is_no_cut() {
    for groups in [[(1.0, 500, 0)], [(1.0, 0, 500)]] {
        let events = counted(&groups).sorted();
        assert_eq!(best_cut(&events, &few()), None);
        assert_eq!(cut_curve(&events, &few(), 10), []);
    }
}

#[test]
fn a_thinned_curve_rises_in_efficiency_near_the_best() {
    let config = SignificanceConfig::default();
    let events = normal("curve", 50_000, 1.5).sorted();
    let best = best_cut(&events, &config).unwrap();
    let curve = cut_curve(&events, &config, 256);
    assert!(curve.len() <= 256 && curve.len() > 128);
    assert!(curve.is_sorted_by_key(|cut| cut.signal_efficiency));
    assert!(curve.iter().all(|cut| cut.z <= best.z && cut.expected.background >= 10.0));
    let highest = curve.iter().map(|cut| cut.z).fold(0.0, f64::max);
    assert!(highest > 0.98 * best.z, "{highest} {}", best.z);
    assert_eq!(curve.last().unwrap().signal_efficiency, 1.0);
    assert_eq!(cut_curve(&events, &config, usize::MAX).len(), allowed(&events, &config).count());
}

proptest! {
    #[test]
    fn the_best_is_the_best_of_all(events in any_events(), least in 0u64..5) {
        let config = SignificanceConfig { least_simulated: least + 1, least_expected: 100.0 * least as f64 + 1e-9, ..Default::default() };
        let expected = all(&events, &config);
        let sorted = events.sorted();
        let cuts: Vec<Cut> = allowed(&sorted, &config).collect();
        prop_assert_eq!(cuts.len(), expected.len());
        for (cut, (threshold, z)) in cuts.iter().zip(&expected) {
            prop_assert_eq!(cut.threshold, *threshold);
            prop_assert!((cut.z - z).abs() <= 1e-12 * z);
        }
        let best = best_cut(&sorted, &config);
        prop_assert_eq!(best.is_none(), expected.is_empty());
        if let Some(best) = best {
            prop_assert!(expected.iter().all(|&(_, z)| z <= best.z * (1.0 + 1e-12)));
        }
    }
}
