//! Tables in parquet files: one value a row in each column that is read, some thousand rows at a time.

mod column;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use fs_err::File;
use parquet::{
    errors::ParquetError,
    file::{reader::FileReader, serialized_reader::SerializedFileReader},
    schema::types::ColumnDescPtr,
};

use super::{Imported, Job, Output, columns::Plan, contents, rows::Rows};
use crate::{Error, Result, RowNumber};
use column::Column;

/// Rows read at a time.
const SLICE: usize = 8192;

/// Imports a parquet file.
pub(super) fn import(job: Job, file: File) -> Result<Imported> {
    let path = job.path;
    // The parquet crate panics on some damaged files: whatever happens in there, the file is at fault.
    catch_unwind(AssertUnwindSafe(|| read(job, file)))
        .unwrap_or_else(|_| Err(damaged(path, "contents that the parquet reader cannot handle")))
}

fn read(job: Job, file: File) -> Result<Imported> {
    let path = job.path;
    let in_file = |error: ParquetError| damaged(path, &error.to_string());
    let sha256 = contents::sha256(&file)?;
    let reader = SerializedFileReader::new(file.into_parts().0).map_err(in_file)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names = schema.columns().iter().map(|column| column.path().string()).collect();
    let (plan, used) = Plan::choose(path, names, false, job.options)?.of_used();
    let descriptions: Vec<_> = used.iter().map(|&index| schema.column(index)).collect();
    for description in &descriptions {
        column::check(path, description)?;
    }

    let total = reader.metadata().file_metadata().num_rows().max(1) as f64;
    let mut output = Output::create(job, &plan, "parquet")?;
    let mut done = 0;
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(in_file)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let column = |(&index, description): (&usize, &ColumnDescPtr)| {
            Ok(Column::new(group.get_column_reader(index).map_err(in_file)?, description))
        };
        let columns = used.iter().zip(&descriptions).map(column).collect::<Result<Vec<_>>>();
        let mut columns = columns?;
        for start in (0..rows).step_by(SLICE) {
            let count = SLICE.min(rows - start);
            for (column, name) in columns.iter_mut().zip(&plan.columns) {
                column.read(count).map_err(|problem| {
                    damaged(path, &format!("{problem} in column {name} of row group {number}"))
                })?;
            }
            let mut slice = Rows::with_room(count, &plan);
            let mut cells: Vec<_> = columns.iter().map(Column::cells).collect();
            for row in 0..count {
                if !slice.push(&plan, row as u64, cells.iter_mut().map(|cells| cells.next())) {
                    break;
                }
            }
            let first = RowNumber::Row(done);
            done += count as u64;
            output.take(&slice, first, done as f64 / total)?;
        }
    }
    output.finish(&sha256)
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::File {
        path: path.into(),
        found: found.into(),
        expected: "a whole parquet file, uncompressed or compressed with snappy, zstd or gzip"
            .into(),
        hint: "download the file again, or write it with another compression".into(),
    }
}

#[cfg(test)]
mod tests;
