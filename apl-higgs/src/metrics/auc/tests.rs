use proptest::prelude::*;

use super::*;
use crate::metrics::testing::{Events, any_events, counted, hashed, reference};

#[test]
fn areas_are_scikit_learns() {
    for case in reference().areas {
        let found = auc(&hashed(&case).sorted()).unwrap();
        assert!((found - case.area).abs() < 1e-12, "{}: {found} {}", case.number, case.area);
    }
}

#[test]
fn without_a_class_or_its_weight_there_is_none() {
    assert_eq!(auc(&Scored::new(&[], &[], None).unwrap()), None);
    assert_eq!(auc(&counted(&[(1.0, 0, 3), (0.0, 0, 1)]).sorted()), None);
    assert_eq!(auc(&counted(&[(1.0, 3, 0)]).sorted()), None);
    assert_eq!(auc(&Scored::new(&[1.0, 2.0], &[1, 0], Some(&[0.0, 1.0])).unwrap()), None);
}

#[test]
fn it_knows_the_extremes() {
    assert_eq!(auc(&counted(&[(1.0, 0, 5), (0.0, 7, 0)]).sorted()), Some(1.0));
    assert_eq!(auc(&counted(&[(1.0, 5, 0), (0.0, 0, 7)]).sorted()), Some(0.0));
    assert_eq!(auc(&counted(&[(1.0, 5, 7)]).sorted()), Some(0.5));
}

fn area(events: &Events) -> Option<f64> {
    auc(&events.sorted())
}

fn near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-14,
        _ => one == other,
    }
}

proptest! {
    #[test]
    fn it_is_the_sum_over_pairs(events in any_events()) {
        prop_assert!(near(area(&events), events.area()));
    }

    #[test]
    fn rising_maps_change_nothing(events in any_events()) {
        let maps: [fn(f32) -> f32; 4] =
            [|x| 3.0 * x - 1.0, |x| x * x * x, |x| 1.0 / (1.0 + (-x).exp()), |x| x * 1e30];
        for map in maps {
            let mapped = Events { scores: events.scores.iter().map(|&x| map(x)).collect(), ..events.clone() };
            prop_assert_eq!(area(&mapped), area(&events));
        }
    }

    #[test]
    fn other_labels_or_a_falling_map_give_the_rest(events in any_events()) {
        let rest = area(&events).map(|area| 1.0 - area);
        let labels = events.labels.iter().map(|label| 1 - label).collect();
        let relabelled = Events { labels, ..events.clone() };
        prop_assert!(near(area(&relabelled), rest));
        let scores = events.scores.iter().map(|score| -score).collect();
        let mirrored = Events { scores, ..events.clone() };
        prop_assert!(near(area(&mirrored), rest));
    }

    #[test]
    fn a_weight_counts_events(events in any_events()) {
        // Quarters times four.
        let counts = |event| (4.0 * events.weight(event)) as usize;
        let repeated = |i: usize| std::iter::repeat_n(i, counts(i));
        let order: Vec<usize> = (0..events.scores.len()).flat_map(repeated).collect();
        let repeated = Events {
            scores: order.iter().map(|&i| events.scores[i]).collect(),
            labels: order.iter().map(|&i| events.labels[i]).collect(),
            weights: None,
        };
        prop_assert_eq!(area(&repeated), area(&events));
    }
}
