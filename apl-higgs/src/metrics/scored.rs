//! The events of a split, sorted by what a network says of them.

use rayon::prelude::*;

use crate::{Error, Result, metrics::yields::Yields};

/// Events that one task looks at: a batch of training is done before another thread wakes up.
const PIECE: usize = 4096;

/// The events of a split with their scores, sorted once from the highest score down, so that what passes a threshold is a beginning of the list.
/// Events of equal score are a group, which no threshold divides.
///
/// Only the order of the scores counts: logits serve as well as outputs of the sigmoid (which may round neighbours to the same number).
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    scores: Vec<f32>,
    signal: Vec<bool>,
    weights: Option<Vec<f32>>,
    groups: usize,
    totals: Yields,
    simulated: u64,
}

impl Scored {
    /// Sorts the events of a split. Time `O(n log n)`, on all threads; 5 bytes an event stay, 9 with weights, and 8 more are used meanwhile.
    ///
    /// # Shapes
    /// - `scores`: `[N]`, the higher the more like signal
    /// - `labels`: `[N]`, 1 for signal and 0 for background
    /// - `weights`: `[N]`, in any unit; without them every event counts 1
    ///
    /// # Errors
    /// [`Error::Setting`] for unequal lengths or `2^32` and more events, and with the first event whose score is not a finite number, whose label is
    /// neither 0 nor 1, or whose weight is not a finite number of at least 0.
    pub fn new(scores: &[f32], labels: &[u32], weights: Option<&[f32]>) -> Result<Self> {
        check(scores, labels, weights)?;
        let mut keys: Vec<u64> =
            scores.par_iter().zip(0..scores.len() as u32).with_min_len(PIECE).map(key).collect();
        // No two keys are equal, so the order does not depend on the threads.
        keys.par_sort_unstable();
        let event = |key: &u64| *key as u32 as usize;
        let mut scored = Self {
            scores: keys
                .par_iter()
                .with_min_len(PIECE)
                .map(|key| zeroed(scores[event(key)]))
                .collect(),
            signal: keys
                .par_iter()
                .with_min_len(PIECE)
                .map(|key| labels[event(key)] == 1)
                .collect(),
            weights: weights.map(|weights| {
                keys.par_iter().with_min_len(PIECE).map(|key| weights[event(key)]).collect()
            }),
            groups: 0,
            totals: Yields::default(),
            simulated: 0,
        };
        let (mut groups, mut totals, mut simulated) = (0, Yields::default(), 0);
        for group in scored.groups() {
            groups += 1;
            totals += group.yields;
            simulated += group.simulated;
        }
        (scored.groups, scored.totals, scored.simulated) = (groups, totals, simulated);
        Ok(scored)
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// The sums of the weights.
    pub fn totals(&self) -> Yields {
        self.totals
    }

    /// How many simulated background events have a weight above 0.
    pub fn simulated(&self) -> u64 {
        self.simulated
    }

    /// How many different scores.
    pub(super) fn distinct(&self) -> usize {
        self.groups
    }

    /// The groups of equal score, from the highest down.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group> {
        self.groups_times(|| 1.0)
    }

    /// The same, with each event's weight times the next of `times`.
    pub(super) fn groups_times(&self, times: impl FnMut() -> f64) -> impl Iterator<Item = Group> {
        Groups { events: self, next: 0, times }
    }
}

/// Events of equal score.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// Their score.
    pub score: f32,
    /// The sums of their weights.
    pub yields: Yields,
    /// How many of them are background and have a weight above 0.
    pub simulated: u64,
}

struct Groups<'a, T> {
    events: &'a Scored,
    next: usize,
    times: T,
}

impl<T: FnMut() -> f64> Iterator for Groups<'_, T> {
    type Item = Group;

    #[inline]
    fn next(&mut self) -> Option<Group> {
        let score = *self.events.scores.get(self.next)?;
        let mut group = Group { score, yields: Yields::default(), simulated: 0 };
        while self.events.scores.get(self.next) == Some(&score) {
            let weights = self.events.weights.as_deref();
            let weight =
                (self.times)() * weights.map_or(1.0, |weights| f64::from(weights[self.next]));
            // Without a branch: labels of neighbours cannot be foreseen.
            let signal = weight * f64::from(u8::from(self.events.signal[self.next]));
            let background = weight - signal;
            group.yields += Yields { signal, background };
            group.simulated += u64::from(background > 0.0);
            self.next += 1;
        }
        Some(group)
    }
}

/// Minus zero as zero, which it equals.
fn zeroed(score: f32) -> f32 {
    if score == 0.0 { 0.0 } else { score }
}

/// Ascending where scores descend and, for equal ones, event numbers ascend: the bits of a float, turned into an unsigned number of the opposite order,
/// above the event's number.
fn key((&score, event): (&f32, u32)) -> u64 {
    let bits = zeroed(score).to_bits();
    let descending = if bits >> 31 == 1 { bits } else { !bits & 0x7FFF_FFFF };
    u64::from(descending) << 32 | u64::from(event)
}

fn check(scores: &[f32], labels: &[u32], weights: Option<&[f32]>) -> Result<()> {
    let wrong = |place: &str, found: String, expected: String| {
        Err(Error::Setting { place: format!("metrics: {place}"), found, expected })
    };
    let events = scores.len();
    if u32::try_from(events).is_err() {
        return wrong("scores", format!("{events} events"), "fewer than 2^32".into());
    }
    let lengths = [("labels", Some(labels.len())), ("weights", weights.map(<[f32]>::len))];
    for (place, length) in lengths {
        if let Some(length) = length.filter(|&length| length != events) {
            return wrong(place, length.to_string(), format!("{events}, one for each score"));
        }
    }
    if let Some(i) = scores.iter().position(|score| !score.is_finite()) {
        return wrong("scores", at(scores, i), "finite numbers".into());
    }
    if let Some(i) = labels.iter().position(|&label| label > 1) {
        return wrong("labels", at(labels, i), "0 (background) or 1 (signal)".into());
    }
    let weights = weights.unwrap_or_default();
    if let Some(i) = weights.iter().position(|&weight| !(weight >= 0.0 && weight.is_finite())) {
        return wrong("weights", at(weights, i), "finite numbers of at least 0".into());
    }
    Ok(())
}

fn at<T: std::fmt::Display>(values: &[T], event: usize) -> String {
    format!("{} at event {event}", values[event])
}

#[cfg(test)]
mod tests;
