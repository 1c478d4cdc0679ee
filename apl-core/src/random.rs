//! Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11), documented to the bit.
//!
//! A number is a pure function of where it is used, so the state of a run is (seed, step) and nothing else:
//!
//! ```text
//! key     = [seed, purpose << 24 | layer]
//! counter = [block low, block high, index low, index high]
//! ```
//!
//! Each (key, counter) gives four 32-bit words. A [`Stream`] hands them out in order, block after block. What `index` means depends on the
//! purpose: FNV-1a of the parameter's name for [`Purpose::Init`], the epoch for [`Purpose::Shuffle`], `epoch << 32 | image` for
//! [`Purpose::Augment`], the step for [`Purpose::Dropout`] (where element `i` reads byte `i mod 16` of block `i / 16`, bytes in
//! little-endian order of the words).
//!
//! ```
//! use apl_core::random::{Purpose, Streams};
//! let streams = Streams::new(7);
//! let mut weights = streams.named(Purpose::Init, "conv1.weight");
//! let mut again = streams.named(Purpose::Init, "conv1.weight");
//! assert_eq!(weights.normal(), again.normal());
//! ```

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// One block of Philox4x32 with ten rounds.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut blocks = counter.map(|word| [word]);
    philox4x32_blocks(&mut blocks, key);
    blocks.map(|[word]| word)
}

/// `N` blocks at once, word by word, so that the compiler can put a block in each SIMD lane.
#[inline(always)]
pub(crate) fn philox4x32_blocks<const N: usize>(words: &mut [[u32; N]; 4], key: [u32; 2]) {
    let mut key = key;
    for _ in 0..10 {
        let [a, b, c, d] = *words;
        for i in 0..N {
            let first = u64::from(MULTIPLIERS[0]) * u64::from(a[i]);
            let second = u64::from(MULTIPLIERS[1]) * u64::from(c[i]);
            words[0][i] = (second >> 32) as u32 ^ b[i] ^ key[0];
            words[1][i] = second as u32;
            words[2][i] = (first >> 32) as u32 ^ d[i] ^ key[1];
            words[3][i] = first as u32;
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
}

/// What a stream of random numbers is for; the number is part of the key and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Initial values of parameters, by name.
    Init = 1,
    /// The order of the training examples, by epoch.
    Shuffle = 2,
    /// Crops and flips, by epoch and image.
    Augment = 3,
    /// Dropout masks, by step and layer.
    Dropout = 4,
    /// Generated data sets.
    Data = 5,
    /// Samples taken for records and figures.
    Sample = 6,
}

/// All random streams of a run: a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u32,
}

impl Streams {
    /// The streams of the run with this seed.
    pub fn new(seed: u32) -> Self {
        Self { seed }
    }

    /// The seed that was given.
    pub fn seed(&self) -> u32 {
        self.seed
    }

    /// The 64-bit key of a purpose and a layer; only the low 24 bits of `layer` count.
    pub fn key(&self, purpose: Purpose, layer: u32) -> [u32; 2] {
        [self.seed, (purpose as u32) << 24 | (layer & 0x00FF_FFFF)]
    }

    /// The stream for a purpose, a layer and an index (step, epoch, ...).
    pub fn stream(&self, purpose: Purpose, layer: u32, index: u64) -> Stream {
        Stream::new(self.key(purpose, layer), index)
    }

    /// The stream of something that has a name instead of a number: layer 0, index FNV-1a-64 of the name.
    pub fn named(&self, purpose: Purpose, name: &str) -> Stream {
        self.stream(purpose, 0, fnv1a(name.as_bytes()))
    }
}

/// FNV-1a, 64 bits: stable across platforms and versions, unlike the standard library's hasher.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A sequence of random numbers.
#[derive(Debug, Clone)]
pub struct Stream {
    key: [u32; 2],
    index: u64,
    block: u64,
    words: [u32; 4],
    used: usize,
}

impl Stream {
    /// The stream of a key and an index.
    pub fn new(key: [u32; 2], index: u64) -> Self {
        Self { key, index, block: 0, words: [0; 4], used: 4 }
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            let counter = [
                self.block as u32,
                (self.block >> 32) as u32,
                self.index as u32,
                (self.index >> 32) as u32,
            ];
            self.words = philox4x32(counter, self.key);
            self.block = self.block.wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// The next 64 bits: the low word first.
    pub fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) | u64::from(self.next_u32()) << 32
    }

    /// Uniform in `[0, 1)` with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Normal with mean 0 and deviation 1, by Box and Muller: `sqrt(-2 ln(1 - u)) cos(2 pi v)`, two uniforms a number.
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        libm::sqrt(-2.0 * libm::log(1.0 - u)) * libm::cos(std::f64::consts::TAU * v)
    }

    /// Uniform among `0..bound`, without bias (Lemire's rejection). `bound` 0 gives 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let threshold = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Puts `items` (fewer than 2^32) in random order, by Fisher and Yates from the end.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123 1.14 (kat_vectors, philox4x32 with 10 rounds).
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_differ_by_seed_purpose_layer_and_index() {
        let mut firsts = Vec::new();
        for seed in [1, 2] {
            for purpose in [Purpose::Init, Purpose::Dropout] {
                for layer in [0, 1] {
                    for index in [0, 1, 1 << 32] {
                        firsts.push(Streams::new(seed).stream(purpose, layer, index).next_u64());
                    }
                }
            }
        }
        let all = firsts.len();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), all);
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut stream = Streams::new(3).named(Purpose::Sample, "moments");
        let n = 100_000;
        let (mut mean, mut square, mut uniform) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = stream.normal();
            mean += z / n as f64;
            square += z * z / n as f64;
            uniform += stream.uniform() / n as f64;
        }
        // Five standard errors of each estimate.
        assert!(mean.abs() < 5.0 / (n as f64).sqrt(), "{mean}");
        assert!((square - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt(), "{square}");
        assert!((uniform - 0.5).abs() < 5.0 / (12.0 * n as f64).sqrt(), "{uniform}");
    }

    #[test]
    fn below_stays_below_and_shuffle_permutes() {
        let mut stream = Streams::new(4).named(Purpose::Shuffle, "bounds");
        assert_eq!(stream.below(0), 0);
        let mut seen = [0u32; 7];
        for _ in 0..7000 {
            seen[stream.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| (850..1150).contains(&count)), "{seen:?}");
        let mut items: Vec<u32> = (0..100).collect();
        stream.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
