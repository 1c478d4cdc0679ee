//! Blocks of an event file, the last ones used in memory.

use std::{collections::HashMap, ops::Range};

use crate::{Result, data::EventFile, events::store::Row};

/// Events of a block: few enough to be read at once, many enough for a disk.
pub(super) const BLOCK: usize = 4096;
/// Blocks whose events are shuffled among each other.
pub(super) const WINDOW: usize = 64;
/// Blocks that are kept: those that the events of a window come from, which may begin and end anywhere in blocks of the file, and some of the next.
const KEPT: usize = 3 * WINDOW;
/// Bytes that blocks may take; wide events have fewer blocks.
const BYTES: usize = 128 << 20;

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
    kept: usize,
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
        let bytes = BLOCK * file.features().len() * 4;
        let kept = (BYTES / bytes.max(1)).clamp(4, KEPT);
        Self { kept, blocks: Vec::new(), places: HashMap::new(), numbers: Vec::new(), next: 0 }
    }

    /// The event of a row.
    pub(super) fn row(&mut self, file: &EventFile, row: usize) -> Result<Row<'_>> {
        let number = row / BLOCK;
        let place = match self.places.get(&number) {
            Some(&place) => place,
            None => self.take(file, number)?,
        };
        Ok(self.blocks[place].row(row % BLOCK))
    }

    fn take(&mut self, file: &EventFile, number: usize) -> Result<usize> {
        let place = self.next;
        self.next = (self.next + 1) % self.kept;
        if place == self.blocks.len() {
            self.blocks.push(Block::empty(file));
            self.numbers.push(None);
        }
        if let Some(old) = self.numbers[place].take() {
            self.places.remove(&old);
        }
        let first = number * BLOCK;
        self.blocks[place].read(file, first..file.rows().min(first + BLOCK))?;
        self.numbers[place] = Some(number);
        self.places.insert(number, place);
        Ok(place)
    }
}
