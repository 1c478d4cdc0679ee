//! Dropout on the CPU: sixteen Philox blocks at a time, a byte an element.

use super::Mask;
use crate::{
    ops::{parallel::for_chunks, real::Real, simd::vectorise},
    random::philox4x32_blocks,
};

/// Blocks drawn together, one in each lane of an AVX-512 register.
const BLOCKS: usize = 16;
/// Elements that these blocks decide about.
const SPAN: usize = 16 * BLOCKS;
/// Elements of a task.
const CHUNK: usize = 128 * SPAN;

pub(super) fn apply<T: Real>(x: &[T], y: &mut [T], mask: Mask, scale: T) {
    for_chunks(y, CHUNK, |start, y| {
        let x = &x[start..start + y.len()];
        vectorise(
            #[inline(always)]
            || {
                for (i, (x, y)) in x.chunks(SPAN).zip(y.chunks_mut(SPAN)).enumerate() {
                    let bytes = bytes(mask, start / SPAN + i);
                    for ((y, &x), byte) in y.iter_mut().zip(x).zip(bytes) {
                        *y = if byte < mask.threshold { T::ZERO } else { x * scale };
                    }
                }
            },
        );
    });
}

pub(super) fn apply_in_place<T: Real>(x: &mut [T], mask: Mask, scale: T) {
    for_chunks(x, CHUNK, |start, x| {
        vectorise(
            #[inline(always)]
            || {
                for (i, x) in x.chunks_mut(SPAN).enumerate() {
                    let bytes = bytes(mask, start / SPAN + i);
                    for (x, byte) in x.iter_mut().zip(bytes) {
                        *x = if byte < mask.threshold { T::ZERO } else { *x * scale };
                    }
                }
            },
        );
    });
}

/// The bytes for elements `span * SPAN ..`.
#[inline(always)]
fn bytes(mask: Mask, span: usize) -> [u8; SPAN] {
    let first = (span * BLOCKS) as u64;
    let mut words = [
        std::array::from_fn(|lane| (first + lane as u64) as u32),
        std::array::from_fn(|lane| ((first + lane as u64) >> 32) as u32),
        [mask.step as u32; BLOCKS],
        [(mask.step >> 32) as u32; BLOCKS],
    ];
    philox4x32_blocks(&mut words, mask.key);
    let mut bytes = [0; SPAN];
    for lane in 0..BLOCKS {
        for (word, values) in words.iter().enumerate() {
            let start = 16 * lane + 4 * word;
            bytes[start..start + 4].copy_from_slice(&values[lane].to_le_bytes());
        }
    }
    bytes
}
