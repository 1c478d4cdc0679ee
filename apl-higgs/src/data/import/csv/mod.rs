//! Tables of comma-separated text, plain or gzipped.
//!
//! One thread reads, inflates and hashes the source and cuts it into blocks at line ends; all threads parse blocks; the rows are written in order.
//! A field may be quoted, but not hold a line end.

mod blocks;
mod table;

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use fs_err::File;
use rayon::prelude::*;

use super::{Imported, Job, Output, columns::Plan};
use crate::{Error, Result, RowNumber};
use blocks::{Block, Blocks};
use table::Parsed;

/// Imports a table of text.
pub(super) fn import(job: Job, file: File, gzip: bool) -> Result<Imported> {
    let length = file.metadata()?.len();
    let waiting = 2 * rayon::current_num_threads();
    let (send, receive) = sync_channel(waiting);
    let (give_back, spare) = channel();
    let path = job.path;
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || -> Option<String> {
            let mut blocks = Blocks::new(path, file, gzip, spare);
            for block in blocks.by_ref() {
                // The other side is gone once something is wrong there.
                send.send(block).ok()?;
            }
            Some(blocks.sha256())
        });
        let source = Received { receive, give_back, waiting, share: 1.0 / (length.max(1)) as f64 };
        let Some(first) = source.receive.recv().ok().transpose()? else {
            return Err(job.wrong("no lines", "a table", "download the file again"));
        };
        let (plan, begin) = table::begin(path, &first.text, job.options)?;
        let mut output = Output::create(job, &plan, if gzip { "csv.gz" } else { "csv" })?;
        source.parse(first, begin, &plan, &mut output)?;
        // All the blocks have come, so the thread ends by itself; only a panic leaves no digest.
        let sha256 = reader.join().ok().flatten().ok_or_else(|| Error::File {
            path: path.into(),
            found: "contents that the reader cannot handle".into(),
            expected: "a table of text".into(),
            hint: "download the file again".into(),
        })?;
        output.finish(&sha256)
    })
}

/// The blocks that come from the reading thread.
struct Received {
    receive: Receiver<Result<Block>>,
    /// Buffers that are free again.
    give_back: Sender<Vec<u8>>,
    /// The most blocks parsed at once.
    waiting: usize,
    /// The share of the source in one of its bytes.
    share: f64,
}

impl Received {
    /// Parses the first block from `begin` on, and all that follow, and gives their rows to `output` in order.
    fn parse(self, first: Block, begin: usize, plan: &Plan, output: &mut Output) -> Result<()> {
        let mut line = 1 + table::lines(&first.text[..begin]);
        let mut failed = Ok(());
        let mut batch = vec![(first, begin)];
        while !batch.is_empty() {
            let parsed: Vec<Parsed> = batch
                .par_iter()
                .map(|(block, begin)| table::parse(&block.text[*begin..], plan))
                .collect();
            for ((block, _), parsed) in batch.drain(..).zip(parsed) {
                let share = block.read as f64 * self.share;
                output.take(&parsed.rows, RowNumber::Line(line), share)?;
                line += parsed.lines;
                // Nobody takes it once the source is read to its end.
                let _ = self.give_back.send(block.text);
            }
            failed?;
            failed = self.next(&mut batch);
        }
        failed
    }

    /// Waits for a block and takes those that have come besides.
    fn next(&self, batch: &mut Vec<(Block, usize)>) -> Result<()> {
        let mut next = self.receive.recv().ok();
        while let Some(block) = next.transpose()? {
            batch.push((block, 0));
            next = (batch.len() < self.waiting).then(|| self.receive.try_recv().ok()).flatten();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
