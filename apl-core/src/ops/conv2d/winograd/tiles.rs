//! Blocks of tiles, and the way from planes of pixels to channels side by side and back.

use super::{padded, transform::POINTS};
use crate::ops::{
    parallel::Shared,
    simd::Vectors,
    transpose::{transpose, transpose_back},
};

/// How the output's tiles are divided into blocks: several small images, or a strip of a large one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiling {
    batch: usize,
    /// Outputs along the side of a tile.
    side: usize,
    /// Tiles of an image along both axes.
    grid: [usize; 2],
    /// Images in a block.
    images: usize,
    /// Rows of tiles in a block, per image.
    rows: usize,
}

/// Some rows of tiles of successive images.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub first_image: usize,
    pub images: usize,
    /// Outputs along the side of a tile.
    pub side: usize,
    /// The first row of tiles.
    pub first_row: usize,
    /// Rows and columns of tiles, per image.
    pub grid: [usize; 2],
}

impl Tiling {
    /// Blocks of about `tiles` tiles.
    pub fn new(batch: usize, output: [usize; 2], side: usize, tiles: usize) -> Self {
        let grid = output.map(|length| length.div_ceil(side));
        let images = (tiles / (grid[0] * grid[1])).clamp(1, batch);
        let rows = (tiles / grid[1]).clamp(1, grid[0]);
        Self { batch, side, grid, images, rows }
    }

    pub fn blocks(&self) -> usize {
        self.batch.div_ceil(self.images) * self.strips()
    }

    fn strips(&self) -> usize {
        self.grid[0].div_ceil(self.rows)
    }

    /// Tiles of the largest block.
    pub fn most_tiles(&self) -> usize {
        self.images * self.rows * self.grid[1]
    }

    /// Pixels under the largest block: the tiles with the pixels around them.
    pub fn most_pixels(&self) -> usize {
        self.images * (self.rows * self.side + POINTS) * (self.grid[1] * self.side + POINTS)
    }

    pub fn block(&self, index: usize) -> Block {
        let (group, strip) = (index / self.strips(), index % self.strips());
        let (first_image, first_row) = (group * self.images, strip * self.rows);
        Block {
            first_image,
            images: self.images.min(self.batch - first_image),
            side: self.side,
            first_row,
            grid: [self.rows.min(self.grid[0] - first_row), self.grid[1]],
        }
    }
}

impl Block {
    pub fn tiles(&self) -> usize {
        self.images * self.grid[0] * self.grid[1]
    }

    /// Rows and columns of outputs, per image.
    pub fn outputs(&self) -> [usize; 2] {
        self.grid.map(|tiles| tiles * self.side)
    }

    /// Rows and columns of pixels under tiles of 6 by 6, per image.
    pub fn pixels(&self) -> [usize; 2] {
        self.outputs().map(|outputs| outputs + POINTS - self.side)
    }

    /// Calls `work(image, row, column, tile)` for every tile, with the tile's first output.
    #[inline(always)]
    pub fn for_each_tile(&self, mut work: impl FnMut(usize, usize, usize, usize)) {
        let mut tile = 0;
        for image in 0..self.images {
            for i in 0..self.grid[0] {
                for j in 0..self.grid[1] {
                    work(image, i * self.side, j * self.side, tile);
                    tile += 1;
                }
            }
        }
    }
}

/// Images as planes: `[channels, height, width]` each.
#[derive(Clone, Copy)]
pub(super) struct Planes {
    pub channels: usize,
    pub size: [usize; 2],
}

impl Planes {
    fn area(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Fills `band`, `[rows, columns, padded channels]` per image, with the pixels of the block's images from row `top` on and from `padding` columns left
    /// of the image on; 0 outside.
    #[inline(always)]
    pub fn gather<T: Vectors>(
        &self,
        images: &[T],
        block: Block,
        padding: usize,
        pixels: [usize; 2],
        band: &mut [T],
    ) {
        let [height, width] = self.size;
        let depth = padded(self.channels);
        let top = block.first_row * block.side;
        let rows = band.chunks_exact_mut(pixels[1] * depth).take(block.images * pixels[0]);
        for (index, row) in rows.enumerate() {
            let (image, i) = (block.first_image + index / pixels[0], index % pixels[0] + top);
            if i < padding || i >= padding + height {
                row.fill(T::ZERO);
                continue;
            }
            let (left, inside) = row.split_at_mut(padding.min(pixels[1]) * depth);
            let count = width.min(pixels[1] - padding.min(pixels[1]));
            let (inside, right) = inside.split_at_mut(count * depth);
            left.fill(T::ZERO);
            right.fill(T::ZERO);
            let first = image * self.channels * self.area() + (i - padding) * width;
            let line = |channel| &images[first + channel * self.area()..][..count];
            transpose(line, self.channels, inside, depth);
        }
    }

    /// Writes `outputs`, `[rows, columns, depth]` per image, to the channels from `first` on; what lies outside the image is left out.
    ///
    /// # Safety
    /// No other task may touch these channels of the block's rows.
    #[allow(unsafe_code)]
    #[inline(always)]
    pub unsafe fn scatter<T: Vectors>(
        &self,
        outputs: &[T],
        block: Block,
        first: usize,
        depth: usize,
        images: &Shared<T>,
    ) {
        let [height, width] = self.size;
        let [rows, columns] = block.outputs();
        let channels = depth.min(self.channels - first);
        for (index, row) in outputs.chunks_exact(columns * depth).enumerate() {
            let (image, i) = (index / rows, index % rows + block.first_row * block.side);
            if i >= height || image >= block.images {
                continue;
            }
            let plane = (block.first_image + image) * self.channels + first;
            let line = |channel: usize| {
                let place = (plane + channel) * self.area() + i * width;
                // SAFETY: a row of one channel, which is the caller's alone.
                unsafe { images.part(place, width) }
            };
            transpose_back(&row[..width * depth], depth, channels, line);
        }
    }
}
