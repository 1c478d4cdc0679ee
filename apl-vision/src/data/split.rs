//! Which training images are held out for validation.

use apl_core::random::{Purpose, Streams};

/// Divides `0..count` into those that stay in train and `validation` held out, both ascending.
///
/// The held-out images are the first of the permutation of `0..count` by the stream named `validation` of seed 0, purpose
/// [`Purpose::Sample`], whatever the run's seed: runs of different seeds are validated on the same images, and fewer validation images are a
/// part of more.
pub(crate) fn validation(count: usize, validation: usize) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<u32> = (0..count as u32).collect();
    Streams::new(0).named(Purpose::Sample, "validation").shuffle(&mut order);
    let mut train = order.split_off(validation.min(count));
    train.sort_unstable();
    order.sort_unstable();
    (train, order)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_parts_are_ascending_and_make_the_whole() {
        for (count, held_out) in [(1, 0), (10, 3), (1000, 999), (5, 9)] {
            let (train, validation) = validation(count, held_out);
            assert_eq!(validation.len(), held_out.min(count));
            assert!(train.is_sorted() && validation.is_sorted());
            let all: BTreeSet<u32> = train.iter().chain(&validation).copied().collect();
            assert_eq!(all, (0..count as u32).collect());
            assert_eq!(train.len() + validation.len(), count);
        }
    }

    #[test]
    fn fewer_are_a_part_of_more_and_the_choice_never_changes() {
        let (_, few) = validation(100, 5);
        let (_, more) = validation(100, 20);
        assert!(few.iter().all(|image| more.contains(image)));
        assert_eq!(few, [25, 28, 34, 77, 99]);
    }
}
