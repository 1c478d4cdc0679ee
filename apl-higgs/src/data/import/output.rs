//! The event file that an import writes, and what is counted on the way.

use super::{Imported, Job, Progress, columns::Plan, rows::Rows};
use crate::{Error, Result, RowNumber, data::EventWriter};

/// The event file of an import.
pub(super) struct Output<'a, 'p> {
    job: Job<'a>,
    plan: &'p Plan,
    writer: EventWriter,
    rows: u64,
    skipped: u64,
    first_skipped: Option<String>,
}

impl<'a, 'p> Output<'a, 'p> {
    /// Begins the file.
    pub(super) fn create(job: Job<'a>, plan: &'p Plan, kind: &str) -> Result<Self> {
        let name = job.path.file_name().unwrap_or_default().to_string_lossy();
        let writer = EventWriter::create(job.out, &plan.features, (&name, kind), plan.weights)?;
        Ok(Self { job, plan, writer, rows: 0, skipped: 0, first_skipped: None })
    }

    /// Takes the rows that follow, the first of them at `first` in the source, of which `share` is read by then.
    ///
    /// # Errors
    /// A bad row, unless the plan skips them; a file that cannot be written; what the caller's progress returns.
    pub(super) fn take(&mut self, rows: &Rows, first: RowNumber, share: f64) -> Result<()> {
        if let Some((row, bad)) = &rows.first_bad {
            let error = bad.error(self.job.path, first.plus(*row), self.plan);
            if !self.plan.skip_bad {
                return Err(error);
            }
            let message = || error.to_string().lines().next().unwrap_or_default().to_string();
            self.first_skipped.get_or_insert_with(message);
        }
        self.skipped += rows.bad;
        self.writer.append(&rows.features, &rows.labels, &rows.weights)?;
        self.rows += rows.labels.len() as u64;
        (self.job.progress)(Progress { rows: self.rows, share: share.clamp(0.0, 1.0) })
    }

    /// Ends the file. `sha256` is of the source's bytes.
    pub(super) fn finish(self, sha256: &str) -> Result<Imported> {
        if self.rows == 0 {
            return Err(match self.first_skipped {
                Some(error) => Error::File {
                    path: self.job.path.into(),
                    found: format!("{} rows of which none can be used", self.skipped),
                    expected: "rows".into(),
                    hint: format!("the first of them: {error}"),
                },
                None => self.job.wrong("no rows", "at least one", "download the file again"),
            });
        }
        Ok(Imported {
            events: self.writer.finish(sha256, self.skipped)?,
            layout: self.plan.layout,
            first_skipped: self.first_skipped,
        })
    }
}
