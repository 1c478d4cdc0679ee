//! The order of the training images in an epoch.

use apl_core::random::{Purpose, Streams};

use crate::data::Shuffle;

/// Fills `indices` with the order of `0..count` in `epoch` (from 0).
///
/// The permutation is Fisher and Yates by the stream (seed, [`Purpose::Shuffle`], layer 0, index = epoch); with [`Shuffle::Once`] it is that of
/// epoch 0 in every epoch. Reuses the memory of `indices`.
///
/// ```
/// use apl_core::random::Streams;
/// use apl_vision::data::{Shuffle, order};
/// let (mut first, mut later) = (Vec::new(), Vec::new());
/// order(Shuffle::Once, Streams::new(1), 0, 100, &mut first);
/// order(Shuffle::Once, Streams::new(1), 7, 100, &mut later);
/// assert_eq!(first, later);
/// order(Shuffle::Epoch, Streams::new(1), 7, 100, &mut later);
/// assert_ne!(first, later);
/// ```
pub fn order(shuffle: Shuffle, streams: Streams, epoch: u64, count: usize, indices: &mut Vec<u32>) {
    indices.clear();
    indices.extend(0..count as u32);
    let epoch = match shuffle {
        Shuffle::Once => 0,
        Shuffle::Epoch => epoch,
    };
    streams.stream(Purpose::Shuffle, 0, epoch).shuffle(indices);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shuffle: Shuffle, seed: u32, epoch: u64) -> Vec<u32> {
        let mut indices = vec![9; 3];
        order(shuffle, Streams::new(seed), epoch, 50, &mut indices);
        indices
    }

    #[test]
    fn every_order_is_a_permutation_of_its_seed_and_epoch() {
        let mut orders = Vec::new();
        for seed in [1, 2] {
            for epoch in [0, 1, 1 << 33] {
                let indices = of(Shuffle::Epoch, seed, epoch);
                let mut sorted = indices.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..50).collect::<Vec<_>>());
                assert_eq!(of(Shuffle::Once, seed, epoch), of(Shuffle::Epoch, seed, 0));
                orders.push(indices);
            }
        }
        orders.sort();
        orders.dedup();
        assert_eq!(orders.len(), 6);
    }
}
