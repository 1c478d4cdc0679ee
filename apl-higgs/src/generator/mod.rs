//! A Monte-Carlo of H -> tau tau against Z -> tau tau, both taus decaying to leptons.
//!
//! The data of the paper (82 million simulated events of Baldi, Sadowski and Whiteson, arXiv 1410.3469) is not published. This generator stands in for
//! it: the same question, the same number of features, real kinematics, but none of the matrix elements, showers and detector simulation behind theirs.
//! **Its numbers are its own**: an area under the ROC curve or a significance on these events says nothing about the paper's, only about one activation
//! against another on the same events.
//!
//! What is in it, step by step:
//!
//! 1. [`production`]: a boson with its Breit-Wigner mass, a rapidity, and jets and soft particles that it recoils from;
//! 2. [`mod@decay`]: two taus with the angles and spins of a scalar or a vector, each to an electron or muon with the V - A spectrum and two neutrinos;
//! 3. [`detector`]: resolutions, thresholds, and a missing momentum that knows only what was measured;
//! 4. [`features`]: ten measured numbers and fifteen computed from them.
//!
//! Half the events are signal: of events `2k` and `2k + 1` one is, by a coin. An event is a function of the seed and its index, so any slice can be made
//! anywhere.
//!
//! ```
//! use apl_higgs::{generator::Generator, network::FEATURES};
//! let generator = Generator::new(1);
//! let (mut features, mut labels) = (vec![0.0; 100 * FEATURES], vec![0; 100]);
//! generator.fill(40, &mut features, &mut labels);
//! assert_eq!(labels.iter().filter(|label| **label == 1).count(), 50);
//! assert_eq!(labels[3], u8::from(generator.event(43).signal));
//! ```

pub mod decay;
pub mod detector;
pub mod features;
pub mod production;
pub mod vector;
mod write;

use apl_core::random::{Purpose, Stream, Streams};
use rayon::prelude::*;

use crate::network::FEATURES;
use decay::{Boson, TauDecay, decay};
use detector::{Seen, leptons, measure};
pub use features::NAMES;
use production::{HIGGS, Production, Z};
pub(crate) use write::replace as rewrite;
pub use write::write;

/// Events that one task makes.
const TASK: usize = 256;

/// Layers of the random streams: the events, the coins between pairs, and the neutrinos.
const EVENTS: u32 = 0x48_0000;
const COINS: u32 = 0x48_0001;
const NEUTRINOS: u32 = 0x48_0002;

/// The generator with a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    streams: Streams,
}

/// An event: what happened and what is seen of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Whether it was a Higgs boson.
    pub signal: bool,
    /// How the boson was made.
    pub production: Production,
    /// Its taus and their decays.
    pub decays: [TauDecay; 2],
    /// What a detector sees.
    pub seen: Seen,
}

impl Generator {
    /// The events of a seed.
    pub fn new(seed: u32) -> Self {
        Self { streams: Streams::new(seed) }
    }

    /// Whether an event is signal.
    pub fn is_signal(&self, index: u64) -> bool {
        let coin = self.streams.stream(Purpose::Data, COINS, index / 2).next_u32();
        (index ^ u64::from(coin)) & 1 == 1
    }

    /// One event: bosons are made until one's leptons pass the selection.
    pub fn event(&self, index: u64) -> Event {
        let signal = self.is_signal(index);
        let (process, boson) = if signal { (&HIGGS, Boson::Higgs) } else { (&Z, Boson::Z) };
        let random = &mut self.streams.stream(Purpose::Data, EVENTS, index);
        loop {
            let production = process.produce(random);
            let decays = decay(boson, &production.boson, production.mass, random);
            if let Some(leptons) = leptons(&decays, random) {
                let seen = measure(leptons, &production, random);
                return Event { signal, production, decays, seen };
            }
        }
    }

    /// The random numbers with which the neutrinos of an event are told apart.
    pub fn neutrinos(&self, index: u64) -> Stream {
        self.streams.stream(Purpose::Data, NEUTRINOS, index)
    }

    /// Writes the features (row by row) and labels (1 for signal) of as many events as there are labels, from event `first` on.
    ///
    /// # Shapes
    /// - `features`: `[N, 25]`; rows without a label are left as they are
    /// - `labels`: `[N]`
    pub fn fill(&self, first: u64, features: &mut [f32], labels: &mut [u8]) {
        let tasks = features.par_chunks_mut(TASK * FEATURES).zip(labels.par_chunks_mut(TASK));
        tasks.enumerate().for_each(|(task, (features, labels))| {
            let rows = features.chunks_exact_mut(FEATURES).zip(labels);
            for (index, (row, label)) in (first + (task * TASK) as u64..).zip(rows) {
                let event = self.event(index);
                row.copy_from_slice(&features::features(&event.seen));
                *label = u8::from(event.signal);
            }
        });
    }
}

#[cfg(test)]
mod tests;
