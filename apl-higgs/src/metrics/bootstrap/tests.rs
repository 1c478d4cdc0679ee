use std::time::Instant;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use super::*;
use crate::metrics::{
    SignificanceConfig, auc,
    testing::{Events, any_events, counted, normal},
};

fn spreads(events: &Events, replicates: usize) -> (Readings, Spreads) {
    let choices =
        SignificanceConfig::default().choose(&normal("choice", 40_000, 1.2).sorted()).unwrap();
    let events = events.sorted();
    (choices.read(&events), choices.bootstrap(&events, replicates, &Streams::new(1)))
}

/// The deviation of an area by DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988): from the variance of each event's share of won pairs.
fn delong(events: &Events) -> f64 {
    let variance = |label: u32| {
        let wins = |i: usize| {
            let rivals = events.class(1 - label).map(|j| events.scores[j]);
            let score = events.scores[i];
            let (won, number) = rivals.fold((0.0, 0.0), |(won, number), rival| {
                let win =
                    if score > rival { 1.0 } else { f64::from(u8::from(score == rival)) / 2.0 };
                (won + win, number + 1.0)
            });
            won / number
        };
        let wins: Vec<f64> = events.class(label).map(wins).collect();
        let n = wins.len() as f64;
        let mean = wins.iter().sum::<f64>() / n;
        wins.iter().map(|win| (win - mean) * (win - mean)).sum::<f64>() / (n - 1.0) / n
    };
    (variance(0) + variance(1)).sqrt()
}

#[test]
fn the_deviation_of_the_area_is_delongs() {
    for (name, count, distance) in [("one", 2000, 1.2), ("two", 900, 0.0), ("three", 3000, 2.5)] {
        let events = normal(name, count, distance);
        let found = spreads(&events, 800).1.auc.unwrap().deviation;
        let expected = delong(&events);
        // Four deviations of a deviation from 800 numbers.
        assert!((found / expected - 1.0).abs() < 0.1, "{found} {expected}");
    }
}

/// Other splits of the same size scatter as far as the bootstrap of one says.
#[test]
fn the_deviations_are_those_of_new_splits() {
    let count = 20_000;
    let (_, found) = spreads(&normal("first", count, 1.2), 200);
    let choices =
        SignificanceConfig::default().choose(&normal("choice", 40_000, 1.2).sorted()).unwrap();
    let readings: Vec<Readings> = (0..200)
        .map(|split| choices.read(&normal(&format!("split {split}"), count, 1.2).sorted()))
        .collect();
    let deviation = |value: fn(&Readings) -> f64| {
        Spread::of(readings.iter().map(value).collect()).unwrap().deviation
    };
    for (found, expected) in [
        (found.auc.unwrap(), deviation(|readings| readings.auc.unwrap())),
        (found.cut.unwrap(), deviation(|readings| readings.cut.unwrap().z)),
        (found.binned.unwrap(), deviation(|readings| readings.binned.as_ref().unwrap().z)),
    ] {
        // Four deviations of the ratio of two deviations of 200 numbers each, and what the one split happens to be.
        assert!((found.deviation / expected - 1.0).abs() < 0.25, "{found:?} {expected}");
    }
}

#[test]
fn the_plain_number_is_in_the_middle() {
    let (readings, found) = spreads(&normal("middle", 20_000, 1.2), REPLICATES);
    for (plain, spread) in [
        (readings.auc.unwrap(), found.auc.unwrap()),
        (readings.cut.unwrap().z, found.cut.unwrap()),
        (readings.binned.unwrap().z, found.binned.unwrap()),
    ] {
        assert!(spread.low < plain && plain < spread.high, "{plain} {spread:?}");
        let width = (spread.high - spread.low) / spread.deviation;
        assert!((3.0..5.0).contains(&width), "{width}");
        let middle = 0.5 * (spread.low + spread.high);
        assert!((middle - plain).abs() < spread.deviation, "{plain} {spread:?}");
        assert_eq!(spread.replicates, REPLICATES);
    }
}

#[test]
fn the_mean_is_the_plain_number() {
    let events = normal("mean", 20_000, 1.2).sorted();
    let choices =
        SignificanceConfig::default().choose(&normal("choice", 40_000, 1.2).sorted()).unwrap();
    let plain = choices.read(&events);
    let readings: Vec<Readings> = (0..REPLICATES as u64)
        .map(|replicate| {
            let stream = Streams::new(1).stream(Purpose::Sample, LAYER, replicate);
            let mut numbers = Poisson::new(stream);
            choices.of(events.groups_times(|| f64::from(numbers.draw())))
        })
        .collect();
    let mean = |value: fn(&Readings) -> f64| {
        readings.iter().map(value).sum::<f64>() / readings.len() as f64 - value(&plain)
    };
    let found = choices.bootstrap(&events, REPLICATES, &Streams::new(1));
    // Four deviations of a mean for the area, which the bootstrap does not bias; significances curve upwards.
    let area = mean(|readings| readings.auc.unwrap());
    let bound = 4.0 * found.auc.unwrap().deviation / (REPLICATES as f64).sqrt();
    assert!(area.abs() < bound, "{area} {bound}");
    for (difference, spread) in [
        (mean(|readings| readings.cut.unwrap().z), found.cut.unwrap()),
        (mean(|readings| readings.binned.as_ref().unwrap().z), found.binned.unwrap()),
    ] {
        assert!(difference.abs() < spread.deviation, "{difference} {spread:?}");
    }
}

#[test]
fn threads_change_nothing() {
    let events = normal("threads", 5000, 1.2);
    let on = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| spreads(&events, 50))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
}

#[test]
fn a_seed_is_a_bootstrap() {
    let choices = SignificanceConfig::default().choose(&counted(&[]).sorted()).unwrap();
    let events = normal("seeds", 500, 1.0).sorted();
    let of = |seed| choices.bootstrap(&events, 20, &Streams::new(seed));
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    assert_eq!((of(1).cut, of(1).binned), (None, None));
}

/// A replicate counts each event as often as its number says.
#[test]
fn a_replicate_is_a_split_of_repeated_events() {
    let events = normal("repeated", 3000, 1.0);
    let (sorted, streams) = (events.sorted(), Streams::new(9));
    let choices =
        SignificanceConfig::default().choose(&normal("choice", 40_000, 1.2).sorted()).unwrap();
    let mut order: Vec<usize> = (0..3000).collect();
    order.sort_by(|&i, &j| events.scores[j].total_cmp(&events.scores[i]));
    let values: Vec<Readings> = (0..2)
        .map(|replicate| {
            let mut numbers = Poisson::new(streams.stream(Purpose::Sample, LAYER, replicate));
            let repeated: Vec<usize> = order
                .iter()
                .flat_map(|&i| std::iter::repeat_n(i, usize::from(numbers.draw())))
                .collect();
            let repeated = Events {
                scores: repeated.iter().map(|&i| events.scores[i]).collect(),
                labels: repeated.iter().map(|&i| events.labels[i]).collect(),
                weights: None,
            };
            choices.read(&repeated.sorted())
        })
        .collect();
    let found = choices.bootstrap(&sorted, 2, &streams);
    let of = |value: fn(&Readings) -> f64| Spread::of(values.iter().map(value).collect());
    assert_eq!(found.auc, of(|readings| readings.auc.unwrap()));
    assert_eq!(found.cut, of(|readings| readings.cut.unwrap().z));
    assert_eq!(found.binned, of(|readings| readings.binned.as_ref().unwrap().z));
}

/// By hand, and `numpy.quantile` with numpy 2.4.6.
#[test]
fn a_spread_is_deviation_and_quantiles() {
    let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
    assert!((spread.deviation - (5.0f64 / 3.0).sqrt()).abs() < 1e-15);
    assert!((spread.low - 1.075).abs() < 1e-15 && (spread.high - 3.925).abs() < 1e-15);
    assert_eq!(spread.replicates, 4);
    let same = Spread::of(vec![2.0; 2]).unwrap();
    assert_eq!((same.deviation, same.low, same.high), (0.0, 2.0, 2.0));
    assert_eq!((Spread::of(vec![]), Spread::of(vec![1.0])), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_events_have_finite_spreads(events in any_events()) {
        let (_, found) = spreads(&events, 8);
        for spread in [found.auc, found.cut, found.binned].into_iter().flatten() {
            prop_assert!(spread.deviation.is_finite() && spread.low <= spread.high);
            prop_assert!((2..=8).contains(&spread.replicates));
        }
    }
}

/// How long it takes, printed: `cargo test --release --workspace --lib metrics::bootstrap -- --ignored --nocapture`
#[test]
#[ignore = "takes a minute and is about time alone"]
fn millions_of_events() {
    let million = normal("million", 1_000_000, 1.2);
    let choices = SignificanceConfig::default().choose(&million.sorted()).unwrap();
    for (repeats, weighted) in [(1, false), (1, true), (10, false)] {
        let scores = million.scores.repeat(repeats);
        let labels = million.labels.repeat(repeats);
        let weights = weighted.then(|| vec![0.5; scores.len()]);
        let start = Instant::now();
        let events = Scored::new(&scores, &labels, weights.as_deref()).unwrap();
        let sorted = start.elapsed();
        let area = auc(&events);
        let passed = start.elapsed() - sorted;
        let start = Instant::now();
        SignificanceConfig::default().choose(&events).unwrap();
        let chosen = start.elapsed();
        let start = Instant::now();
        let found = choices.bootstrap(&events, REPLICATES, &Streams::new(1));
        println!(
            "{} events, weights {weighted}: sorted {sorted:.2?}, area {passed:.2?} ({area:?}), choices {chosen:.2?}, bootstrap {:.2?} ({:?})",
            scores.len(),
            start.elapsed(),
            found.auc
        );
    }
}
