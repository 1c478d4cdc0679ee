//! How much signal and how much background.

use std::ops::{AddAssign, Sub};

/// An amount of signal and of background: sums of weights, or expected events.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Yields {
    /// Of signal.
    pub signal: f64,
    /// Of background.
    pub background: f64,
}

impl Yields {
    /// Whether there is some of both.
    pub(super) fn both(self) -> bool {
        self.signal > 0.0 && self.background > 0.0
    }

    /// The share of a whole that has some of both.
    pub(super) fn of(self, whole: Self) -> Self {
        let Self { signal, background } = self;
        Self { signal: signal / whole.signal, background: background / whole.background }
    }
}

impl AddAssign for Yields {
    fn add_assign(&mut self, other: Self) {
        self.signal += other.signal;
        self.background += other.background;
    }
}

impl Sub for Yields {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { signal: self.signal - other.signal, background: self.background - other.background }
    }
}
