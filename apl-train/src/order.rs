//! The order in which a pass over the training split shows its examples.

use std::ops::Range;

use apl_core::random::{Purpose, Streams};

/// The order of one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Order(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Listed(Vec<u32>),
    Blocks(Blocks),
}

impl Order {
    /// Examples one by one.
    pub fn listed(examples: Vec<u32>) -> Self {
        Self(Kind::Listed(examples))
    }

    /// Blocks of neighbouring examples in random order, and the examples of every `window` of blocks among each other: nearly as random as an order
    /// of single examples, but what lies on a disk is read in pieces, and only the window at hand is in memory.
    ///
    /// Blocks are shuffled by the stream (seed, [`Purpose::Shuffle`], layer 0, index = epoch), window `w` by layer 1 with the index
    /// `epoch << 32 | w`. The last block may be smaller.
    ///
    /// ```
    /// use apl_core::random::Streams;
    /// use apl_train::order::Order;
    /// let mut order = Order::blocks(1000, 16, 4, Streams::new(1), 0);
    /// let first: Vec<u32> = order.examples(0, 64).to_vec();
    /// assert_eq!(first.len(), 64);
    /// let blocks: std::collections::BTreeSet<u32> = first.iter().map(|example| example / 16).collect();
    /// assert!(blocks.len() <= 5);
    /// ```
    pub fn blocks(
        examples: usize,
        block: usize,
        window: usize,
        streams: Streams,
        epoch: u64,
    ) -> Self {
        let (block, window) = (block.max(1), window.max(1));
        let mut order: Vec<u32> = (0..examples.div_ceil(block) as u32).collect();
        streams.stream(Purpose::Shuffle, 0, epoch).shuffle(&mut order);
        let smallest = order.iter().position(|&at| at as usize == examples / block);
        let hand = (usize::MAX, Vec::new());
        Self(Kind::Blocks(Blocks {
            examples,
            block,
            window,
            order,
            smallest,
            streams,
            epoch,
            hand,
        }))
    }

    /// The examples of the places from `first` on in the pass: at least one and at most `most` of them, none behind the end. They come fastest when
    /// asked for in order.
    pub fn examples(&mut self, first: usize, most: usize) -> &[u32] {
        let (from, list) = match &mut self.0 {
            Kind::Listed(list) => (first, &*list),
            Kind::Blocks(blocks) => blocks.at(first),
        };
        let list = list.get(from..).unwrap_or_default();
        &list[..most.min(list.len())]
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Blocks {
    examples: usize,
    block: usize,
    window: usize,
    /// The blocks in the order of the pass.
    order: Vec<u32>,
    /// Where in it the block stands that is not full.
    smallest: Option<usize>,
    streams: Streams,
    epoch: u64,
    /// The window at hand: which, and its examples.
    hand: (usize, Vec<u32>),
}

impl Blocks {
    /// The window that a place of the pass lies in, and where in it.
    fn at(&mut self, place: usize) -> (usize, &Vec<u32>) {
        // A block that is not full lets what comes after it begin earlier.
        let early = place / (self.window * self.block);
        let window = if self.window_start(early + 1) <= place { early + 1 } else { early };
        if self.hand.0 != window {
            self.take(window);
        }
        (place - self.window_start(window), &self.hand.1)
    }

    /// The place in the pass where a window begins.
    fn window_start(&self, window: usize) -> usize {
        let blocks = window * self.window;
        let missing = self.block - self.examples % self.block;
        let short = if self.smallest.is_some_and(|at| at < blocks) { missing } else { 0 };
        blocks * self.block - short
    }

    fn take(&mut self, window: usize) {
        let (at, list) = &mut self.hand;
        *at = window;
        list.clear();
        let first = (window * self.window).min(self.order.len());
        let last = (first + self.window).min(self.order.len());
        for &block in &self.order[first..last] {
            let Range { start, end } =
                block as usize * self.block..(block as usize + 1) * self.block;
            list.extend(start as u32..end.min(self.examples) as u32);
        }
        let index = self.epoch << 32 | window as u64;
        self.streams.stream(Purpose::Shuffle, 1, index).shuffle(list);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(order: &mut Order, examples: usize, step: usize) -> Vec<u32> {
        let mut all = Vec::new();
        while all.len() < examples {
            let some = order.examples(all.len(), step);
            assert!(!some.is_empty());
            all.extend_from_slice(some);
        }
        assert!(order.examples(examples, step).is_empty());
        all
    }

    proptest! {
        #[test]
        fn a_pass_shows_every_example_once_however_it_is_asked_for(
            examples in 1usize..2000,
            block in 1usize..70,
            window in 1usize..9,
            step in 1usize..300,
            seed: u32,
        ) {
            let order = || Order::blocks(examples, block, window, Streams::new(seed), 3);
            let all = whole(&mut order(), examples, step);
            let mut sorted = all.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..examples as u32).collect::<Vec<_>>());
            // Any place may be asked for first.
            let mut order = order();
            for first in [examples / 2, examples - 1, 0, examples / 3] {
                prop_assert_eq!(order.examples(first, 1), &all[first..=first]);
            }
        }
    }

    #[test]
    fn passes_and_seeds_differ() {
        let order = |seed, epoch| {
            whole(&mut Order::blocks(500, 10, 5, Streams::new(seed), epoch), 500, 100)
        };
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
        assert_eq!(order(1, 0), order(1, 0));
    }

    #[test]
    fn a_window_holds_whole_blocks() {
        let mut order = Order::blocks(1003, 10, 5, Streams::new(4), 0);
        let all = whole(&mut order, 1003, 50);
        let ends = (0..=1003).filter(|&end| {
            let blocks = |list: &[u32]| {
                list.iter().map(|e| e / 10).collect::<std::collections::BTreeSet<_>>()
            };
            blocks(&all[..end]).is_disjoint(&blocks(&all[end..]))
        });
        // Where the blocks before are complete: at least at the end of each of the 21 windows.
        assert!(ends.count() >= 22);
    }

    #[test]
    fn a_list_is_shown_as_it_is() {
        assert_eq!(whole(&mut Order::listed(vec![4, 2, 9]), 3, 2), [4, 2, 9]);
    }
}
