//! A curve of millions of points, drawn with a few hundred.

/// Which points of a curve are kept: the first in each of equal stretches of a position that rises from 0 to 1, and the first at 1; all of them where
/// they are few enough.
pub(super) struct Thin {
    all: bool,
    stretches: f64,
    next: f64,
}

impl Thin {
    /// Keeps at most `most` (at least 2) of `points` points.
    pub(super) fn new(points: usize, most: usize) -> Self {
        let most = most.max(2);
        Self { all: points <= most, stretches: (most - 1) as f64, next: 0.0 }
    }

    /// Whether the next point is kept.
    pub(super) fn keep(&mut self, position: f64) -> bool {
        let stretch = (position * self.stretches).floor();
        let first = stretch >= self.next;
        if first {
            self.next = stretch + 1.0;
        }
        first || self.all
    }
}
