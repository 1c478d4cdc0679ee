//! One column of a row group, read piece by piece.

use std::path::Path;

use parquet::{
    basic::{ConvertedType, LogicalType, Type},
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType},
    schema::types::ColumnDescriptor,
};

use super::super::cell::Cell;
use crate::{Error, Result};

/// Refuses a column that does not have one number or text a row.
///
/// # Errors
/// [`Error::File`] with the column's name and type.
pub(super) fn check(path: &Path, column: &ColumnDescriptor) -> Result<()> {
    let decimal = column.converted_type() == ConvertedType::DECIMAL
        || matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)));
    let found = if column.max_rep_level() > 0 {
        "lists".to_string()
    } else if decimal {
        "decimals".to_string()
    } else if matches!(column.physical_type(), Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY) {
        format!("values of type {}", column.physical_type())
    } else {
        return Ok(());
    };
    Err(Error::File {
        path: path.into(),
        found: format!("{found} in column {}", column.path().string()),
        expected: "one number or text a row".into(),
        hint: "convert the column, or name the columns that shall be used".into(),
    })
}

/// A column, and the piece of it that was read last.
pub(super) struct Column {
    reader: ColumnReader,
    /// The definition level of a row that has a value; where it is 0, every row has one.
    present: i16,
    /// Whether integers have no sign.
    unsigned: bool,
    levels: Vec<i16>,
    values: Values,
}

/// The values of the rows that have one.
enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<ByteArray>),
}

impl Column {
    pub(super) fn new(reader: ColumnReader, description: &ColumnDescriptor) -> Self {
        let unsigned = matches!(
            description.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        );
        let present = description.max_def_level();
        Self { reader, present, unsigned, levels: Vec::new(), values: Values::Numbers(Vec::new()) }
    }

    /// Reads the next `rows` rows; what is wrong otherwise.
    pub(super) fn read(&mut self, rows: usize) -> std::result::Result<(), String> {
        let Self { reader, levels, values, unsigned, .. } = self;
        let unsigned = *unsigned;
        levels.clear();
        let found = match reader {
            ColumnReader::BoolColumnReader(reader) => {
                numbers(reader, rows, levels, values, |value| f64::from(u8::from(value)))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                let number =
                    |value: i32| if unsigned { f64::from(value as u32) } else { value.into() };
                numbers(reader, rows, levels, values, number)
            }
            ColumnReader::Int64ColumnReader(reader) => {
                let number = |value: i64| if unsigned { value as u64 as f64 } else { value as f64 };
                numbers(reader, rows, levels, values, number)
            }
            ColumnReader::FloatColumnReader(reader) => {
                numbers(reader, rows, levels, values, f64::from)
            }
            ColumnReader::DoubleColumnReader(reader) => {
                numbers(reader, rows, levels, values, |value| value)
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                let mut texts = Vec::new();
                let read = reader.read_records(rows, Some(levels), None, &mut texts);
                *values = Values::Texts(texts);
                read.map(|(rows, ..)| rows)
            }
            ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => {
                return Err("values of another type".into());
            }
        };
        let found = found.map_err(|error| error.to_string())?;
        let present = if self.present == 0 {
            found
        } else {
            self.levels.iter().filter(|&&level| level == self.present).count()
        };
        let values = match &self.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Texts(texts) => texts.len(),
        };
        if found != rows || (self.present > 0 && self.levels.len() != rows) || values != present {
            return Err(format!("{values} values in {found} rows of {rows}"));
        }
        Ok(())
    }

    /// The cells of the piece, row by row.
    pub(super) fn cells(&self) -> Cells<'_> {
        Cells { column: self, row: 0, value: 0 }
    }
}

/// Reads numbers of one type.
fn numbers<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    levels: &mut Vec<i16>,
    values: &mut Values,
    number: impl Fn(T::T) -> f64,
) -> parquet::errors::Result<usize> {
    let mut typed = Vec::with_capacity(rows);
    let (rows, ..) = reader.read_records(rows, Some(levels), None, &mut typed)?;
    let mut all = match std::mem::replace(values, Values::Texts(Vec::new())) {
        Values::Numbers(numbers) => numbers,
        Values::Texts(_) => Vec::new(),
    };
    all.clear();
    all.extend(typed.into_iter().map(number));
    *values = Values::Numbers(all);
    Ok(rows)
}

/// The cells of a piece in order.
pub(super) struct Cells<'a> {
    column: &'a Column,
    row: usize,
    value: usize,
}

impl<'a> Cells<'a> {
    /// The cell of the next row.
    pub(super) fn next(&mut self) -> Cell<'a> {
        let column = self.column;
        let present = column.present == 0 || column.levels.get(self.row) == Some(&column.present);
        self.row += 1;
        if !present {
            return Cell::Empty;
        }
        let value = self.value;
        self.value += 1;
        match &column.values {
            Values::Numbers(numbers) => {
                numbers.get(value).map_or(Cell::Empty, |&v| Cell::Number(v))
            }
            Values::Texts(texts) => texts.get(value).map_or(Cell::Empty, |text| {
                std::str::from_utf8(text.data()).map_or(Cell::Garbage, Cell::Text)
            }),
        }
    }
}
