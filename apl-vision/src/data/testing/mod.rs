//! Small data sets on disk, for tests: real PNG images in real parquet files.

pub(crate) mod cifar;
pub(crate) mod jpeg;

use std::{path::Path, sync::Arc};

use apl_core::random::{Purpose, Streams};
use parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::ByteArray,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

use crate::data::{CHANNELS, Labelling, PIXELS, SIDE, Set, rows::Rows};

/// A row as it is stored: the bytes of the image and the label, either of them missing.
pub(crate) type Row = (Option<Vec<u8>>, Option<i64>);

/// The columns of CIFAR-10.
pub(crate) const CIFAR10: &str = "message schema { optional group img { optional binary bytes; optional binary path (UTF8); } optional int64 label; }";
/// The columns of CIFAR-100.
pub(crate) const CIFAR100: &str = "message schema { optional group img { optional binary bytes; optional binary path (UTF8); } optional int64 fine_label; optional int64 coarse_label; }";

/// Image number `n`, `[3, 32, 32]`: a slope with some noise.
pub(crate) fn image(n: u32) -> Vec<u8> {
    let mut stream = Streams::new(n).named(Purpose::Sample, "image");
    let steps = [(); CHANNELS].map(|()| stream.below(5) as usize);
    let value =
        |i: usize, noise: u32| (i % SIDE * steps[i / SIDE / SIDE] + i / SIDE) as u32 + noise;
    (0..PIXELS).map(|i| value(i, stream.below(9)) as u8).collect()
}

/// The PNG of `[3, 32, 32]` pixels.
pub(crate) fn png_of(pixels: &[u8]) -> Vec<u8> {
    let plane = SIDE * SIDE;
    let rgb: Vec<u8> =
        (0..plane).flat_map(|i| [pixels[i], pixels[plane + i], pixels[2 * plane + i]]).collect();
    encode(&rgb, SIDE as u32, SIDE as u32, png::ColorType::Rgb)
}

/// A PNG of any size and colour, 8 bits a value.
pub(crate) fn encode(values: &[u8], width: u32, height: u32, color: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(values).unwrap();
    bytes
}

/// Rows of images `numbers`, image `n` with label `n mod classes`.
pub(crate) fn rows(numbers: impl IntoIterator<Item = u32>, classes: u32) -> Vec<Row> {
    let row = |n| (Some(png_of(&image(n))), Some(i64::from(n % classes)));
    numbers.into_iter().map(row).collect()
}

/// Writes a parquet file with `group` rows a row group. Every integer column gets the label.
pub(crate) fn write(path: &Path, schema: &str, rows: &[Row], group: usize, snappy: bool) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let compression = if snappy { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
    let properties = WriterProperties::builder().set_compression(compression).build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for rows in rows.chunks(group) {
        let mut group = writer.next_row_group().unwrap();
        let mut first = true;
        while let Some(mut column) = group.next_column().unwrap() {
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let path = |_: &Row| Some(b"image.png".to_vec());
                    let values: Vec<Option<Vec<u8>>> = rows
                        .iter()
                        .map(|row| if first { row.0.clone() } else { path(row) })
                        .collect();
                    let levels: Vec<i16> =
                        values.iter().map(|value| if value.is_some() { 2 } else { 1 }).collect();
                    let values: Vec<ByteArray> =
                        values.into_iter().flatten().map(ByteArray::from).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                    first = false;
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let levels: Vec<i16> = rows.iter().map(|row| row.1.is_some().into()).collect();
                    let values: Vec<i64> = rows.iter().filter_map(|row| row.1).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::Int32ColumnWriter(writer) => {
                    let levels: Vec<i16> = rows.iter().map(|row| row.1.is_some().into()).collect();
                    let values: Vec<i32> =
                        rows.iter().filter_map(|row| row.1).map(|n| n as i32).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                _ => panic!("a column of a type this writer does not know"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The rows that [`rows`] of these numbers should give back.
pub(crate) fn expected(numbers: impl IntoIterator<Item = u32>, classes: u32) -> Rows {
    let numbers: Vec<u32> = numbers.into_iter().collect();
    let pixels = numbers.iter().flat_map(|&n| image(n)).collect();
    Rows { pixels, labels: numbers.iter().map(|n| n % classes).collect(), scaled: 0 }
}

/// The message of an error, with the folder replaced by `DIR`.
pub(crate) fn message<T>(result: crate::Result<T>, folder: &Path) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string().replace(&folder.display().to_string(), "DIR"),
    }
}

/// CIFAR-10 or CIFAR-100 as a labelling.
pub(crate) fn labelling(set: Set) -> Labelling {
    Labelling::new(set, None).unwrap()
}
