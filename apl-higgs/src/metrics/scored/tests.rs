use proptest::prelude::*;

use super::*;
use crate::metrics::testing::any_events;

fn message(scores: &[f32], labels: &[u32], weights: Option<&[f32]>) -> String {
    Scored::new(scores, labels, weights).unwrap_err().to_string()
}

#[test]
fn wrong_events_are_refused_by_number() {
    let (scores, labels) = ([0.5, 0.25], [1, 0]);
    for (found, expected) in [
        (message(&scores, &[1], None), "labels: found 1, expected 2, one for each score"),
        (
            message(&scores, &labels, Some(&[1.0; 3])),
            "weights: found 3, expected 2, one for each score",
        ),
        (
            message(&[0.5, f32::NAN], &labels, None),
            "scores: found NaN at event 1, expected finite numbers",
        ),
        (
            message(&[f32::INFINITY, 0.0], &labels, None),
            "scores: found inf at event 0, expected finite numbers",
        ),
        (
            message(&scores, &[0, 2], None),
            "labels: found 2 at event 1, expected 0 (background) or 1 (signal)",
        ),
        (
            message(&scores, &labels, Some(&[1.0, -0.5])),
            "weights: found -0.5 at event 1, expected finite numbers of at least 0",
        ),
        (
            message(&scores, &labels, Some(&[f32::NAN, 1.0])),
            "weights: found NaN at event 0, expected finite numbers of at least 0",
        ),
    ] {
        assert_eq!(found, format!("metrics: {expected}"));
    }
}

#[test]
fn no_event_at_all_is_a_split_too() {
    let events = Scored::new(&[], &[], None).unwrap();
    assert!(events.is_empty() && events.groups().next().is_none());
    assert_eq!((events.totals(), events.distinct()), (Yields::default(), 0));
}

#[test]
fn both_zeros_are_one_score() {
    let events = Scored::new(&[-0.0, 0.0, -0.0, -1.0], &[1, 0, 1, 0], None).unwrap();
    let groups: Vec<(f32, Yields)> =
        events.groups().map(|group| (group.score, group.yields)).collect();
    let zero = Yields { signal: 2.0, background: 1.0 };
    let minus = Yields { signal: 0.0, background: 1.0 };
    assert_eq!(groups, [(0.0, zero), (-1.0, minus)]);
}

#[test]
fn the_order_is_that_of_floats_and_within_a_score_that_of_events() {
    let scores = [1e-45, -1e-45, f32::MIN, f32::MAX, 1.0, -1.0, 1.0, 0.0];
    let events = Scored::new(&scores, &[1; 8], Some(&[0., 1., 2., 3., 4., 5., 6., 7.])).unwrap();
    assert_eq!(events.scores, [f32::MAX, 1.0, 1.0, 1e-45, 0.0, -1e-45, -1.0, f32::MIN]);
    assert_eq!(events.weights, Some(vec![3., 4., 6., 0., 7., 1., 5., 2.]));
}

proptest! {
    #[test]
    fn it_is_a_stable_sort(events in any_events()) {
        let mut order: Vec<usize> = (0..events.scores.len()).collect();
        order.sort_by(|&i, &j| events.scores[j].total_cmp(&events.scores[i]));
        let sorted = events.sorted();
        let scores: Vec<f32> = order.iter().map(|&i| events.scores[i]).collect();
        let signal: Vec<bool> = order.iter().map(|&i| events.labels[i] == 1).collect();
        prop_assert_eq!(&sorted.scores, &scores);
        prop_assert_eq!(&sorted.signal, &signal);
        let sum = |label| events.class(label).map(|event| events.weight(event)).sum::<f64>();
        // Quarters: exact in any order.
        prop_assert_eq!(sorted.totals(), Yields { signal: sum(1), background: sum(0) });
        let simulated = events.class(0).filter(|&event| events.weight(event) > 0.0).count();
        prop_assert_eq!(sorted.simulated(), simulated as u64);
        let mut distinct = scores;
        distinct.dedup();
        prop_assert_eq!(sorted.distinct(), distinct.len());
        let groups: Vec<f32> = sorted.groups().map(|group| group.score).collect();
        prop_assert_eq!(groups, distinct);
    }
}
