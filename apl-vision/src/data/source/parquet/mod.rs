//! Images and labels out of parquet files as the hub stores them: `img: struct { bytes: PNG, path }` and an integer label.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use parquet::{
    column::reader::ColumnReader,
    data_type::ByteArray,
    errors::ParquetError,
    file::{reader::FileReader, serialized_reader::SerializedFileReader},
};
use rayon::prelude::*;

use crate::{
    Error, Result,
    data::{Labelling, PIXELS, Set, picture::png, rows::Rows},
};

/// The column with the PNG images.
const IMAGE: &str = "img.bytes";

/// The column with the labels.
fn label_column(set: Set) -> &'static str {
    match set {
        Set::Cifar10 | Set::Images => "label",
        Set::Cifar100 => "fine_label",
    }
}

/// The rows of all files in order.
///
/// # Errors
/// [`Error::File`] for a file that is no parquet, is damaged or has other columns; [`Error::Row`] for a row without image or label, an image
/// that is not a 32x32 RGB PNG, a label out of range.
pub(crate) fn read(files: &[PathBuf], labelling: Labelling) -> Result<Rows> {
    let mut all = Rows::default();
    for path in files {
        let file = fs_err::File::open(path)?;
        // The parquet crate panics on some damaged files (a negative offset in the footer, a page that refers to a dictionary there is not):
        // whatever happens in there, the file is at fault.
        let reading = || read_file(path, file.into_parts().0, labelling, &mut all);
        match catch_unwind(AssertUnwindSafe(reading)) {
            Ok(done) => done?,
            Err(_) => return Err(damaged(path, "contents that the parquet reader cannot handle")),
        }
    }
    Ok(all)
}

fn read_file(path: &Path, file: std::fs::File, labelling: Labelling, all: &mut Rows) -> Result<()> {
    let in_file = |error: ParquetError| damaged(path, &error.to_string());
    let reader = SerializedFileReader::new(file).map_err(in_file)?;
    let [image, label] = columns(path, &reader, labelling.set())?;
    let mut first = 0;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(in_file)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let place = Place { path, first, rows };
        let images = images(place, image, group.get_column_reader(image.index).map_err(in_file)?)?;
        let found = integers(place, label, group.get_column_reader(label.index).map_err(in_file)?)?;
        for (row, &value) in found.iter().enumerate() {
            let wrong = |expected| place.wrong(row, format!("{} {value}", label.name), expected);
            all.labels.push(labelling.label(value).map_err(wrong)?);
        }
        let rows_of_pixels = all.room(rows).par_chunks_exact_mut(PIXELS);
        let decoded: Vec<_> =
            rows_of_pixels.zip(&images).map(|(to, image)| png::decode(image.data(), to)).collect();
        for (row, result) in decoded.into_iter().enumerate() {
            result.map_err(|(found, expected)| place.wrong(row, found, expected))?;
        }
        first += rows;
    }
    Ok(())
}

/// A leaf column.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    index: usize,
    /// The definition level of a row that has a value.
    present: i16,
}

/// The columns of the images and the labels.
fn columns(
    path: &Path,
    reader: &SerializedFileReader<std::fs::File>,
    set: Set,
) -> Result<[Column; 2]> {
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let find = |name| {
        let index = schema.columns().iter().position(|column| column.path().string() == name);
        let index = index.ok_or_else(|| {
            let names: Vec<_> = schema.columns().iter().map(|c| c.path().string()).collect();
            Error::File {
                path: path.into(),
                found: format!("columns {}", names.join(", ")),
                expected: format!("{IMAGE} and {}", label_column(set)),
                hint: format!("is this uoft-cs/{}? the configuration says so", set.name()),
            }
        })?;
        let column = schema.column(index);
        if column.max_rep_level() > 0 {
            return Err(wrong_type(path, name, "lists", "one value a row"));
        }
        Ok(Column { name, index, present: column.max_def_level() })
    };
    Ok([find(IMAGE)?, find(label_column(set))?])
}

/// The rows of one row group: `rows` from row `first` of the file on.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    first: usize,
    rows: usize,
}

impl Place<'_> {
    fn wrong(&self, row: usize, found: String, expected: String) -> Error {
        Error::Row { path: self.path.into(), row: self.first + row, found, expected }
    }
}

fn images(place: Place, column: Column, reader: ColumnReader) -> Result<Vec<ByteArray>> {
    let ColumnReader::ByteArrayColumnReader(mut reader) = reader else {
        return Err(wrong_type(place.path, column.name, "another type", "bytes"));
    };
    let read = |levels: &mut _, values: &mut _| {
        reader.read_records(place.rows, Some(levels), None, values)
    };
    values(place, column, read)
}

fn integers(place: Place, column: Column, reader: ColumnReader) -> Result<Vec<i64>> {
    match reader {
        ColumnReader::Int64ColumnReader(mut reader) => values(place, column, |levels, values| {
            reader.read_records(place.rows, Some(levels), None, values)
        }),
        ColumnReader::Int32ColumnReader(mut reader) => {
            let narrow: Vec<i32> = values(place, column, |levels, values| {
                reader.read_records(place.rows, Some(levels), None, values)
            })?;
            Ok(narrow.into_iter().map(i64::from).collect())
        }
        _ => Err(wrong_type(place.path, column.name, "another type", "integers")),
    }
}

/// Reads one value for each row. `read` fills levels and values it is given and tells the number of rows, values and levels.
fn values<T>(
    place: Place,
    column: Column,
    read: impl FnOnce(&mut Vec<i16>, &mut Vec<T>) -> parquet::errors::Result<(usize, usize, usize)>,
) -> Result<Vec<T>> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let read = read(&mut levels, &mut values);
    let (rows, _, _) = read.map_err(|error| damaged(place.path, &error.to_string()))?;
    if let Some(row) = levels.iter().position(|&level| level < column.present) {
        let found = format!("no value in column {}", column.name);
        return Err(place.wrong(row, found, "one".into()));
    }
    if rows != place.rows || values.len() != rows {
        let name = column.name;
        let found = format!("{rows} rows in column {name}, {} in the footer", place.rows);
        return Err(damaged(place.path, &found));
    }
    Ok(values)
}

fn wrong_type(path: &Path, column: &str, found: &str, expected: &str) -> Error {
    Error::File {
        path: path.into(),
        found: format!("{found} in column {column}"),
        expected: expected.into(),
        hint: "the file is laid out otherwise than the hub's".into(),
    }
}

fn damaged(path: &Path, found: &str) -> Error {
    Error::File {
        path: path.into(),
        found: found.into(),
        expected: "a whole parquet file, uncompressed or packed by snappy, zstd or gzip".into(),
        hint: "download the file again".into(),
    }
}

#[cfg(test)]
mod tests;
