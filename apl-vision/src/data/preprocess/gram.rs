//! Products of a matrix with its own transpose.

use apl_core::ops::matmul::{Matrix, matmul};
use rayon::prelude::*;

/// Columns of a block.
const BLOCK: usize = 384;

/// The sum of `x^T x` over rows x, `[D, D]`, gathered piece by piece.
///
/// Only blocks on and below the diagonal are computed; each is one task that takes the pieces in their order, so the sum does not depend on the
/// number of threads.
pub(super) struct Gram {
    dimension: usize,
    blocks: Vec<Block>,
}

/// Rows from `row` on and columns from `column` on, up to [`BLOCK`] of each.
struct Block {
    row: usize,
    column: usize,
    values: Vec<f64>,
}

impl Gram {
    /// The sum over no row.
    pub fn new(dimension: usize) -> Self {
        let starts = || (0..dimension).step_by(BLOCK);
        let blocks = starts().flat_map(|row| {
            starts().take_while(move |&column| column <= row).map(move |column| Block {
                row,
                column,
                values: vec![0.0; width(dimension, row) * width(dimension, column)],
            })
        });
        Self { dimension, blocks: blocks.collect() }
    }

    /// Adds rows, `[n, D]` row-major.
    pub fn add(&mut self, rows: &[f64]) {
        let dimension = self.dimension;
        let rows = Matrix::row_major(rows, rows.len() / dimension.max(1), dimension);
        let part = |first| rows.columns(first, width(dimension, first));
        self.blocks.par_iter_mut().for_each(|Block { row, column, values }| {
            matmul(values, part(*row).transposed(), part(*column), true);
        });
    }

    /// The sum, row-major and symmetric to the bit, every element multiplied by a factor.
    pub fn finish(self, factor: f64) -> Vec<f64> {
        let Self { dimension, blocks } = self;
        let mut sum = vec![0.0; dimension * dimension];
        for Block { row, column, values } in blocks {
            for (i, line) in values.chunks_exact(width(dimension, column)).enumerate() {
                for (j, value) in line.iter().enumerate().take_while(|(j, _)| column + j <= row + i)
                {
                    sum[(row + i) * dimension + column + j] = value * factor;
                    sum[(column + j) * dimension + row + i] = value * factor;
                }
            }
        }
        sum
    }
}

/// Rows or columns of the block that starts here.
fn width(dimension: usize, first: usize) -> usize {
    BLOCK.min(dimension - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_plain_sum_over_blocks_and_pieces_at_any_number_of_threads() {
        for (count, dimension) in [(7, 3), (5, BLOCK + 9), (3, 2 * BLOCK), (0, 4), (2, 1)] {
            let rows: Vec<f64> =
                (0..count * dimension).map(|i| ((i * i + 3 * i) % 17) as f64 - 8.0).collect();
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut gram = Gram::new(dimension);
                    rows.chunks(2 * dimension).for_each(|piece| gram.add(piece));
                    gram.finish(0.5)
                })
            };
            let found = run(1);
            assert_eq!(run(3), found);
            for i in 0..dimension {
                for j in 0..dimension {
                    // Small integers: exact.
                    let product = |row: &[f64]| row[i] * row[j];
                    let sum: f64 = rows.chunks_exact(dimension).map(product).sum();
                    assert_eq!(found[i * dimension + j], 0.5 * sum);
                }
            }
        }
    }
}
