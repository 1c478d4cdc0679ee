//! Blocks of an event file, the last ones used in memory.

use std::{collections::HashMap, ops::Range};

use crate::{Result, data::EventFile, events::store::Row};

/// The most events of a block: few enough to be read at once, many enough for a disk.
const MOST: usize = 4096;
/// Bytes that the features of a block have at most, unless single events are larger.
const BYTES: usize = 400 << 10;
/// Blocks whose events are shuffled among each other.
pub(super) const WINDOW: usize = 64;
/// Blocks that are kept: those that the events of a window come from, which may begin and end anywhere in blocks of the file, and some of the next. No
/// more than 75 MiB.
const KEPT: usize = 3 * WINDOW;

/// Events of a block, given how many features they have: a power of two.
pub(super) fn block_rows(width: usize) -> usize {
    let fitting = (BYTES / (4 * width.max(1))).max(1);
    (1 << fitting.ilog2()).min(MOST)
}

/// Neighbouring events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    width: usize,
    features: Vec<f32>,
    labels: Vec<u8>,
    weights: Option<Vec<f32>>,
}

impl Block {
    pub(super) fn new(
        width: usize,
        features: Vec<f32>,
        labels: Vec<u8>,
        weights: Option<Vec<f32>>,
    ) -> Self {
        Self { width, features, labels, weights }
    }

    /// Room for events of a file.
    pub(super) fn empty(file: &EventFile) -> Self {
        let weights = file.has_weights().then(Vec::new);
        Self::new(file.features().len(), Vec::new(), Vec::new(), weights)
    }

    /// Reads rows of a file in place of what is there.
    pub(super) fn read(&mut self, file: &EventFile, rows: Range<usize>) -> Result<()> {
        self.features.resize(rows.len() * self.width, 0.0);
        self.labels.resize(rows.len(), 0);
        if let Some(weights) = &mut self.weights {
            weights.resize(rows.len(), 0.0);
        }
        file.read_rows(rows, &mut self.features, &mut self.labels, self.weights.as_deref_mut())
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn row(&self, row: usize) -> Row<'_> {
        Row {
            features: &self.features[row * self.width..][..self.width],
            label: self.labels[row],
            weight: self.weights.as_ref().map_or(1.0, |weights| weights[row]),
        }
    }
}

/// The blocks in memory, each read when it is first needed, in place of the one read longest ago.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Events of a block.
    rows: usize,
    blocks: Vec<Block>,
    /// Which block of the file is in which place.
    places: HashMap<usize, usize>,
    /// The block of the file in each place.
    numbers: Vec<Option<usize>>,
    /// The place to use next.
    next: usize,
}

impl Blocks {
    pub(super) fn new(file: &EventFile) -> Self {
        let rows = block_rows(file.features().len());
        Self { rows, blocks: Vec::new(), places: HashMap::new(), numbers: Vec::new(), next: 0 }
    }

    /// The event of a row.
    pub(super) fn row(&mut self, file: &EventFile, row: usize) -> Result<Row<'_>> {
        let number = row / self.rows;
        let place = match self.places.get(&number) {
            Some(&place) => place,
            None => self.take(file, number)?,
        };
        Ok(self.blocks[place].row(row % self.rows))
    }

    fn take(&mut self, file: &EventFile, number: usize) -> Result<usize> {
        let place = self.next;
        self.next = (self.next + 1) % KEPT;
        if place == self.blocks.len() {
            self.blocks.push(Block::empty(file));
            self.numbers.push(None);
        }
        if let Some(old) = self.numbers[place].take() {
            self.places.remove(&old);
        }
        let first = number * self.rows;
        self.blocks[place].read(file, first..file.rows().min(first + self.rows))?;
        self.numbers[place] = Some(number);
        self.places.insert(number, place);
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_wide_events_have_fewer_of_them() {
        assert_eq!([1, 25, 30, 200, 8192].map(block_rows), [4096, 4096, 2048, 512, 8]);
    }
}
