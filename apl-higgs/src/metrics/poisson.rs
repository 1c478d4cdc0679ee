//! Poisson numbers of mean 1, by the million.

use apl_core::random::Stream;

/// `2^32 P(X <= k)` for k from 0, rounded to whole numbers; the next would be 2^32. Whole numbers, so that a draw is the same on every machine.
const BELOW: [u32; 12] = [
    0x5e2d_58d9,
    0xbc5a_b1b1,
    0xeb71_5e1e,
    0xfb23_9797,
    0xff10_25f6,
    0xffd9_0f3c,
    0xfffa_8b72,
    0xffff_540c,
    0xffff_ed1f,
    0xffff_fe21,
    0xffff_ffd5,
    0xffff_fffc,
];

/// How many are drawn at a time.
const BATCH: usize = 256;

/// Poisson numbers of mean 1, each from the next 32 bits of a stream: how many of [`BELOW`] they reach.
pub(super) struct Poisson {
    stream: Stream,
    drawn: [u8; BATCH],
    used: usize,
}

impl Poisson {
    /// The numbers of a stream.
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, drawn: [0; BATCH], used: BATCH }
    }

    /// The next one, from 0 to 12.
    #[inline]
    pub(super) fn draw(&mut self) -> u8 {
        if self.used == BATCH {
            self.refill();
        }
        self.used += 1;
        self.drawn[self.used - 1]
    }

    fn refill(&mut self) {
        let words: [u32; BATCH] = std::array::from_fn(|_| self.stream.next_u32());
        // No branches, so the compiler compares many words at once.
        self.drawn = words.map(|word| BELOW.iter().map(|&below| u8::from(word >= below)).sum());
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use apl_core::random::{Purpose, Streams};

    use super::*;

    /// In exact arithmetic the table is what its words say; f64 gives it to a unit.
    #[test]
    fn the_table_is_the_distribution() {
        let (mut term, mut sum) = ((-1.0f64).exp(), 0.0);
        for (k, &below) in BELOW.iter().enumerate() {
            sum += term;
            term /= (k + 1) as f64;
            assert!((sum * 2f64.powi(32) - f64::from(below)).abs() < 0.5001, "{k}");
        }
        sum += term;
        assert!((1.0 - sum) * 2f64.powi(32) < 0.5);
    }

    #[test]
    fn a_word_becomes_its_quantile_in_the_streams_order() {
        let stream = || Streams::new(2).named(Purpose::Sample, "words");
        let (mut words, mut numbers) = (stream(), Poisson::new(stream()));
        for _ in 0..3 * BATCH {
            let word = words.next_u32();
            let quantile = BELOW.iter().take_while(|&&below| word >= below).count();
            assert_eq!(usize::from(numbers.draw()), quantile);
        }
    }

    #[test]
    fn draws_have_their_chances() {
        let draws = 1_000_000;
        let mut numbers = Poisson::new(Streams::new(1).named(Purpose::Sample, "chances"));
        let mut counts = [0u32; 13];
        for _ in 0..draws {
            counts[usize::from(numbers.draw())] += 1;
        }
        let mut chance = (-1.0f64).exp();
        for (k, &count) in counts.iter().enumerate() {
            let mean = chance * f64::from(draws);
            // Five deviations, and one event where hardly any is expected.
            let bound = 5.0 * (mean * (1.0 - chance)).sqrt() + 1.0;
            assert!((f64::from(count) - mean).abs() < bound, "{k}: {count} {mean}");
            chance /= (k + 1) as f64;
        }
    }
}
