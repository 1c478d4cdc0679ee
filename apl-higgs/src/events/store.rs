//! Events where they are kept: all of them in memory, or in a file of which the blocks used last are in memory.

use std::sync::{Mutex, PoisonError};

use crate::{
    Result,
    data::EventFile,
    events::blocks::{Block, Blocks, block_rows},
};

/// Bytes of features up to which events are in memory whole.
pub(super) const WHOLE: u64 = 256 << 20;

/// Events that can be visited in any order.
#[derive(Debug)]
pub struct Store(Kind);

#[derive(Debug)]
enum Kind {
    Memory(Block),
    File { file: Box<EventFile>, blocks: Mutex<Blocks> },
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The features of the file, in its order; NaN where one is missing.
    pub features: &'a [f32],
    /// 1 for signal, 0 for background.
    pub label: u8,
    /// How much it counts; 1 where the file has no weights.
    pub weight: f32,
}

impl Store {
    /// Events in memory, `width` features each.
    pub fn memory(width: usize, features: Vec<f32>, labels: Vec<u8>) -> Self {
        Self(Kind::Memory(Block::new(width, features, labels, None)))
    }

    /// The first `rows` events of a file, in memory whole if their features have up to `whole` bytes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn file(file: EventFile, rows: usize, whole: u64) -> Result<Self> {
        if bytes(rows, file.features().len()) > whole {
            let blocks = Mutex::new(Blocks::new(&file));
            return Ok(Self(Kind::File { file: Box::new(file), blocks }));
        }
        let mut block = Block::empty(&file);
        block.read(&file, 0..rows.min(file.rows()))?;
        Ok(Self(Kind::Memory(block)))
    }

    /// How many neighbouring events are read at once where they are in a file.
    pub fn block(&self) -> usize {
        match &self.0 {
            Kind::Memory(block) => block_rows(block.width()),
            Kind::File { file, .. } => block_rows(file.features().len()),
        }
    }

    /// Shows the events of these rows one after the other, each with its place among them. Rows near each other, in whatever order, are fast.
    ///
    /// # Errors
    /// A file that cannot be read, or has changed since it was opened.
    pub fn visit(
        &self,
        rows: impl Iterator<Item = usize>,
        mut show: impl FnMut(usize, Row),
    ) -> Result<()> {
        match &self.0 {
            Kind::Memory(block) => {
                rows.enumerate().for_each(|(i, row)| show(i, block.row(row)));
                Ok(())
            }
            Kind::File { file, blocks } => {
                // A reader that panicked leaves whole blocks or none.
                let mut blocks = blocks.lock().unwrap_or_else(PoisonError::into_inner);
                for (i, row) in rows.enumerate() {
                    show(i, blocks.row(file, row)?);
                }
                Ok(())
            }
        }
    }
}

/// The bytes of features.
pub(super) fn bytes(rows: usize, width: usize) -> u64 {
    (rows as u64).saturating_mul(width as u64).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::EventWriter;

    #[test]
    fn a_file_read_in_blocks_shows_what_one_in_memory_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.safetensors");
        let rows = 20_000;
        let mut writer = crate::events::testing::writer(&path, 3, true);
        let features: Vec<f32> = (0..rows * 3).map(|i| i as f32 / 7.0).collect();
        let labels: Vec<u8> = (0..rows).map(|i| (i % 3 == 0) as u8).collect();
        let weights: Vec<f32> = (0..rows).map(|i| 1.0 + i as f32).collect();
        writer.append(&features, &labels, &weights).unwrap();
        EventWriter::finish(writer, &"0".repeat(64), 0).unwrap();
        let open = || EventFile::open(&path).unwrap();
        let stores = [u64::MAX, 0].map(|limit| Store::file(open(), rows, limit).unwrap());
        let fresh = Store::file(open(), rows, 0).unwrap();
        assert!(matches!(stores[0].0, Kind::Memory(_)) && matches!(stores[1].0, Kind::File { .. }));
        for store in &stores {
            let order = (0..rows).map(|i| i * 7919 % rows);
            store
                .visit(order.clone(), |i, row| {
                    let at = i * 7919 % rows;
                    assert_eq!(row.features, &features[3 * at..3 * at + 3]);
                    assert_eq!((row.label, row.weight), (labels[at], weights[at]));
                })
                .unwrap();
        }
        // Cut short while it is open.
        let length = std::fs::metadata(&path).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
        let error = fresh.visit((0..rows).rev(), |_, _| ()).unwrap_err().to_string();
        assert!(error.contains("the file was cut short in the meantime"), "{error}");
    }
}
