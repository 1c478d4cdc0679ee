use proptest::prelude::*;

use super::*;
use crate::metrics::{
    auc,
    testing::{any_events, counted, normal},
};

/// The area under a polygon.
fn area(curve: &[RocPoint]) -> f64 {
    let trapezium = |pair: &[RocPoint]| {
        (pair[1].background_efficiency - pair[0].background_efficiency)
            * (pair[0].signal_efficiency + pair[1].signal_efficiency)
            / 2.0
    };
    curve.windows(2).map(trapezium).sum()
}

fn ends(curve: &[RocPoint]) -> bool {
    let at = |share| RocPoint { background_efficiency: share, signal_efficiency: share };
    curve.first() == Some(&at(0.0)) && curve.last() == Some(&at(1.0))
}

#[test]
fn a_thinned_curve_is_near_the_whole_one() {
    let events = normal("roc", 50_000, 1.3).sorted();
    let whole = auc(&events).unwrap();
    for points in [2, 3, 16, 512] {
        let curve = roc(&events, points).unwrap();
        assert!(curve.len() <= points && curve.len() * 2 > points && ends(&curve));
        // A chord over a stretch of the sum of both efficiencies cuts off less than a triangle.
        let bound = 0.5 / (points - 1) as f64 + 1e-3;
        assert!((area(&curve) - whole).abs() < bound, "{points}: {}", area(&curve));
    }
    assert_eq!(roc(&events, 0).unwrap().len(), 2);
}

#[test]
fn one_step_is_the_diagonal() {
    assert!(ends(&roc(&counted(&[(0.5, 2, 3)]).sorted(), 10).unwrap()));
    assert_eq!(roc(&counted(&[(0.5, 0, 3)]).sorted(), 10), None);
}

proptest! {
    #[test]
    fn it_rises_between_its_ends_over_the_area(events in any_events(), points in 0usize..40) {
        let events = events.sorted();
        if let Some(curve) = roc(&events, points) {
            prop_assert!(ends(&curve) && curve.len() <= points.max(2));
            prop_assert!(curve.is_sorted_by_key(|point| point.signal_efficiency));
            prop_assert!(curve.is_sorted_by_key(|point| point.background_efficiency));
            if points > events.distinct() {
                prop_assert!((area(&curve) - auc(&events).unwrap()).abs() < 1e-12);
            }
        }
    }
}
