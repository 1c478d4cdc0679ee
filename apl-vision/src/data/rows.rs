//! What a format gives back: images and labels as they lie in its files, before they are put in order.

use crate::{
    Result,
    data::{Images, PIXELS},
};

/// Images and labels of one split in the order of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// N images, row-major `[N, 3, 32, 32]`, 0-255.
    pub pixels: Vec<u8>,
    /// N labels.
    pub labels: Vec<u32>,
    /// How many of the images had another size than 32x32.
    pub scaled: usize,
}

impl Rows {
    /// Adds the rows of another file.
    pub(crate) fn append(&mut self, mut more: Self) {
        // The first file's memory is taken over: often it is the only one.
        if self.labels.is_empty() {
            *self = more;
            return;
        }
        self.pixels.append(&mut more.pixels);
        self.labels.append(&mut more.labels);
        self.scaled += more.scaled;
    }

    /// Makes room for `count` images more and gives their pixels, 0.
    pub(crate) fn room(&mut self, count: usize) -> &mut [u8] {
        let start = self.pixels.len();
        self.pixels.resize(start + count * PIXELS, 0);
        &mut self.pixels[start..]
    }

    /// The rows in canonical order.
    pub(crate) fn canonical(self) -> Result<Images> {
        Images::canonical(self.pixels, self.labels)
    }
}
