//! What importing many rows takes of memory. Alone in its process, as it counts every allocation.

#![allow(clippy::unwrap_used)]

#[path = "../../apl-vision/tests/counting/mod.rs"]
mod counting;

use std::{io::Write, path::Path, sync::Arc};

use apl_higgs::data::{ImportOptions, import};
use counting::peak_of;
use parquet::{
    column::writer::ColumnWriter,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

/// Bytes that no import may take more of: with two threads, up to nine blocks of 1 MiB and their rows are on the way.
const MOST: usize = 24 << 20;

/// So many rows of two features, as text.
fn write_csv(path: &Path, rows: usize) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"x,y,label\n").unwrap();
    for row in 0..rows {
        writeln!(file, "{row},{}.123456789012345678,{}", row % 99, row % 2).unwrap();
    }
}

/// The same in one row group.
fn write_parquet(path: &Path, rows: usize) {
    let schema = "message schema { required double x; required double y; required int32 label; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(path).unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::DoubleColumnWriter(writer) => {
                let values: Vec<f64> = (0..rows).map(|row| row as f64).collect();
                writer.write_batch(&values, None, None).unwrap();
            }
            ColumnWriter::Int32ColumnWriter(writer) => {
                let values: Vec<i32> = (0..rows).map(|row| (row % 2) as i32).collect();
                writer.write_batch(&values, None, None).unwrap();
            }
            _ => unreachable!("not in the schema"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn memory_does_not_grow_with_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let [text, columns] = ["a.csv", "a.parquet"].map(|name| folder.path().join(name));
    let rows = 2_000_000;
    write_csv(&text, rows);
    write_parquet(&columns, rows);
    let options = ImportOptions { label: Some("label".into()), ..ImportOptions::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for path in [text, columns] {
        let out = path.with_extension("safetensors");
        let (imported, taken) =
            peak_of(|| pool.install(|| import(&path, &options, &out, &mut |_| Ok(()))).unwrap());
        let size = std::fs::metadata(&out).unwrap().len();
        println!("{}: {} kB for an event file of {} kB", path.display(), taken >> 10, size >> 10);
        assert!(taken < MOST, "{taken}");
        assert_eq!((imported.events.rows(), size > 18_000_000), (rows, true));
        std::fs::remove_file(out).unwrap();
    }
}
