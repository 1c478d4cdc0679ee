//! Small sources of events on disk, for tests.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::ByteArray,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

use super::*;
use crate::Result;

/// A folder for sources and what is imported from them.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// In memory where the system has such a place: thousands of small files that are synced take minutes on a disk.
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        Self(
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
                .unwrap(),
        )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Imports a file of this folder to a new place.
    pub(crate) fn import(&self, name: &str, options: &ImportOptions) -> Result<Imported> {
        self.import_from(&self.path(name), options)
    }

    pub(crate) fn import_from(&self, path: &Path, options: &ImportOptions) -> Result<Imported> {
        let out = tempfile::tempdir_in(&self.0).unwrap().keep().join("events.safetensors");
        let result = import(path, options, &out, &mut |_| Ok(()));
        if result.is_err() {
            let left: Vec<_> = std::fs::read_dir(out.parent().unwrap()).unwrap().collect();
            assert!(left.is_empty(), "{left:?}");
        }
        result
    }

    /// The message of an import that fails, with the folder replaced by `DIR`.
    pub(crate) fn error(&self, name: &str, options: &ImportOptions) -> String {
        self.message(self.import(name, options))
    }

    /// The message of an error, with the folder replaced by `DIR`.
    pub(crate) fn message<T>(&self, result: Result<T>) -> String {
        match result {
            Ok(_) => panic!("an error was expected"),
            Err(error) => error.to_string().replace(&self.0.path().display().to_string(), "DIR"),
        }
    }
}

/// Options with these names.
pub(crate) fn named(label: &str, weight: Option<&str>, features: &[&str]) -> ImportOptions {
    let features = features.iter().map(|name| name.to_string()).collect();
    ImportOptions {
        label: Some(label.into()),
        weight: weight.map(String::from),
        features: Some(features),
        ..ImportOptions::default()
    }
}

/// All rows of a file: features, labels, weights.
pub(crate) fn rows(events: &EventFile) -> (Vec<f32>, Vec<u8>, Vec<f32>) {
    let count = events.rows();
    let mut features = vec![0.0; count * events.features().len()];
    let mut labels = vec![0; count];
    let mut weights = vec![0.0; if events.has_weights() { count } else { 0 }];
    let wanted = events.has_weights().then_some(&mut weights[..]);
    events.read_rows(0..count, &mut features, &mut labels, wanted).unwrap();
    events.verify().unwrap();
    (features, labels, weights)
}

/// The bits of floats, which tell NaNs apart.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A column of a parquet file.
#[derive(Clone)]
pub(crate) enum Column {
    F64(Vec<Option<f64>>),
    F32(Vec<Option<f32>>),
    I64(Vec<Option<i64>>),
    /// The type as the schema has it, such as `int32 (UINT_8)`.
    I32(&'static str, Vec<Option<i32>>),
    Bool(Vec<Option<bool>>),
    Text(Vec<Option<&'static str>>),
}

impl Column {
    pub(crate) fn floats(values: impl IntoIterator<Item = f64>) -> Self {
        Column::F64(values.into_iter().map(Some).collect())
    }

    fn kind(&self) -> &'static str {
        match self {
            Column::F64(_) => "double",
            Column::F32(_) => "float",
            Column::I64(_) => "int64",
            Column::I32(kind, _) => kind,
            Column::Bool(_) => "boolean",
            Column::Text(_) => "binary",
        }
    }

    fn len(&self) -> usize {
        match self {
            Column::F64(values) => values.len(),
            Column::F32(values) => values.len(),
            Column::I64(values) => values.len(),
            Column::I32(_, values) => values.len(),
            Column::Bool(values) => values.len(),
            Column::Text(values) => values.len(),
        }
    }
}

/// Writes a parquet file with `group` rows a row group. A name may begin with `required`.
pub(crate) fn write_parquet(
    path: &Path,
    columns: &[(&str, Column)],
    group: usize,
    compression: Compression,
) {
    let fields: String = columns
        .iter()
        .map(|(name, column)| {
            let required = name.strip_prefix("required ");
            let repetition = if required.is_some() { "required" } else { "optional" };
            let (kind, name) = (column.kind(), required.unwrap_or(name));
            match kind.split_once(' ') {
                Some((kind, logical)) => format!("{repetition} {kind} {name} {logical}; "),
                None => format!("{repetition} {kind} {name}; "),
            }
        })
        .collect();
    let schema = Arc::new(parse_message_type(&format!("message schema {{ {fields} }}")).unwrap());
    // Small pages, so that a piece that is read spans several.
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_data_page_row_count_limit(1000)
        .set_write_batch_size(100)
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let count = columns.first().map_or(0, |(_, column)| column.len());
    for start in (0..count).step_by(group) {
        let end = count.min(start + group);
        let mut rows = writer.next_row_group().unwrap();
        for (_, column) in columns {
            let mut to = rows.next_column().unwrap().unwrap();
            macro_rules! write {
                ($writer:ident, $values:expr, $convert:expr) => {{
                    let values = &$values[start..end];
                    let levels: Vec<i16> = values.iter().map(|v| v.is_some().into()).collect();
                    let values: Vec<_> = values.iter().flatten().map($convert).collect();
                    $writer.write_batch(&values, Some(&levels), None).unwrap();
                }};
            }
            match (to.untyped(), column) {
                (ColumnWriter::DoubleColumnWriter(w), Column::F64(v)) => write!(w, v, |v| *v),
                (ColumnWriter::FloatColumnWriter(w), Column::F32(v)) => write!(w, v, |v| *v),
                (ColumnWriter::Int64ColumnWriter(w), Column::I64(v)) => write!(w, v, |v| *v),
                (ColumnWriter::Int32ColumnWriter(w), Column::I32(_, v)) => write!(w, v, |v| *v),
                (ColumnWriter::BoolColumnWriter(w), Column::Bool(v)) => write!(w, v, |v| *v),
                (ColumnWriter::ByteArrayColumnWriter(w), Column::Text(v)) => {
                    write!(w, v, |v| ByteArray::from(*v))
                }
                _ => panic!("a column of another type than its schema"),
            }
            to.close().unwrap();
        }
        rows.close().unwrap();
    }
    writer.close().unwrap();
}

/// Imports damaged versions of a source: cut at many lengths, with one byte changed at many places. None may panic; an error names the file; what is
/// imported all the same is whole.
pub(crate) fn damage(name: &str, whole: &[u8], options: &ImportOptions) {
    let folder = Folder::new();
    let check = |bytes: &[u8], what: String| {
        folder.write(name, bytes);
        let out = folder.path("out.safetensors");
        match import::replace(&folder.path(name), options, &out, &mut |_| Ok(())) {
            Ok(imported) => imported.events.verify().unwrap(),
            Err(error) => {
                let text = folder.message::<()>(Err(error));
                assert!(text.contains(&format!("DIR/{name}")), "{what}: {text}");
                assert!(text.contains("found ") && text.contains(", expected "), "{what}: {text}");
            }
        }
    };
    for length in (0..whole.len()).step_by(1 + whole.len() / 150) {
        check(&whole[..length], format!("cut at {length}"));
    }
    for place in (0..whole.len()).step_by(1 + whole.len() / 500) {
        for change in [0x01, 0x80, 0xFF] {
            let mut bytes = whole.to_vec();
            bytes[place] ^= change;
            check(&bytes, format!("byte {place} changed by {change:x}"));
        }
    }
}
