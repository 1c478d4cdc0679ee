//! Events for the tests.

use apl_core::random::{Purpose, Streams};
use proptest::prelude::*;
use serde::Deserialize;

use crate::metrics::Scored;

/// What `reference/values.py` computed with other programs.
#[derive(Deserialize)]
pub(super) struct Reference {
    pub areas: Vec<Area>,
    /// Signal, background, relative uncertainty, significance.
    pub asimov: Vec<[f64; 4]>,
    pub histograms: Vec<Histogram>,
}

#[derive(Deserialize)]
pub(super) struct Area {
    pub number: u32,
    pub count: u32,
    pub levels: u32,
    pub weighted: bool,
    pub area: f64,
}

#[derive(Deserialize)]
pub(super) struct Histogram {
    pub signal: Vec<f64>,
    pub background: Vec<f64>,
    pub uncertainty: f64,
    pub z: f64,
    pub pyhf: Option<f64>,
}

pub(super) fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/values.json")).unwrap()
}

/// The events of a split, unsorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    pub scores: Vec<f32>,
    pub labels: Vec<u32>,
    pub weights: Option<Vec<f32>>,
}

impl Events {
    pub(super) fn sorted(&self) -> Scored {
        Scored::new(&self.scores, &self.labels, self.weights.as_deref()).unwrap()
    }

    /// The weight of an event.
    pub(super) fn weight(&self, event: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[event]))
    }

    /// The numbers of the events of a class.
    pub(super) fn class(&self, label: u32) -> impl Iterator<Item = usize> {
        (0..self.scores.len()).filter(move |&event| self.labels[event] == label)
    }

    /// The area under the ROC curve by its definition, pair by pair.
    pub(super) fn area(&self) -> Option<f64> {
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (i, j) in self.class(1).flat_map(|i| self.class(0).map(move |j| (i, j))) {
            let weight = self.weight(i) * self.weight(j);
            let (x, y) = (self.scores[i], self.scores[j]);
            sum += weight * if x > y { 1.0 } else { f64::from(u8::from(x == y)) / 2.0 };
            pairs += weight;
        }
        (pairs > 0.0).then(|| sum / pairs)
    }
}

/// Groups of a score, its background events and its signal events.
pub(super) fn counted(groups: &[(f32, usize, usize)]) -> Events {
    let mut events = Events::default();
    for &(score, background, signal) in groups {
        for (label, count) in [(0, background), (1, signal)] {
            events.scores.extend(vec![score; count]);
            events.labels.extend(vec![label; count]);
        }
    }
    events
}

/// Every second event is signal, whose scores are normal around `distance`; those of background around 0.
pub(super) fn normal(name: &str, count: u32, distance: f64) -> Events {
    let mut stream = Streams::new(5).named(Purpose::Sample, name);
    let labels: Vec<u32> = (0..count).map(|event| event % 2).collect();
    let score = |&label: &u32| (distance * f64::from(label) + stream.normal()) as f32;
    Events { scores: labels.iter().map(score).collect(), labels, weights: None }
}

/// The finaliser of MurmurHash3, as in `reference/values.py`.
fn mix(mut x: u32) -> u32 {
    x = (x ^ x >> 16).wrapping_mul(0x85EB_CA6B);
    x = (x ^ x >> 13).wrapping_mul(0xC2B2_AE35);
    x ^ x >> 16
}

/// The events of `reference/values.py`.
pub(super) fn hashed(case: &Area) -> Events {
    let hashes =
        |number: u32| (0..case.count).map(move |i| mix(i.wrapping_mul(0x9E37_79B9) ^ mix(number)));
    let [first, second, third] = [0, 1, 2].map(|stream| hashes(10 * case.number + stream));
    let labels: Vec<u32> = first.map(|hash| u32::from(hash % 4 == 0)).collect();
    let score = |(hash, label): (u32, &u32)| {
        let steps = hash % case.levels + label * (case.levels / 4);
        (f64::from(steps) / 1024.0 - 3.0) as f32
    };
    let scores = second.zip(&labels).map(score).collect();
    let weights: Vec<f32> = third.map(|hash| (hash % 64) as f32 / 16.0).collect();
    Events { scores, labels, weights: case.weighted.then_some(weights) }
}

/// A few events with many equal scores, half of them with weights, some of those 0.
pub(super) fn any_events() -> impl Strategy<Value = Events> {
    let event = (-12i8..12, 0u32..2, 0u8..9);
    (prop::collection::vec(event, 0..60), any::<bool>()).prop_map(|(events, weighted)| Events {
        scores: events.iter().map(|&(score, ..)| f32::from(score) / 4.0).collect(),
        labels: events.iter().map(|&(_, label, _)| label).collect(),
        weights: weighted
            .then(|| events.iter().map(|&(.., weight)| f32::from(weight) / 4.0).collect()),
    })
}
