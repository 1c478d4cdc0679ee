//! Parquet files as the hub has them: PNG images and labels.

use std::sync::Arc;

use parquet::{
    column::writer::ColumnWriter,
    data_type::ByteArray,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

const SCHEMA: &str = "message schema { optional group img { optional binary bytes; optional binary path (UTF8); } optional int64 label; }";

/// So many images of noise, the same for the same seed.
pub fn parquet(images: u32, seed: u32) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut bytes = Vec::new();
    let properties = Arc::new(WriterProperties::default());
    let mut file = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    let mut group = file.next_row_group().unwrap();
    let defined = vec![2; images as usize];
    let mut first = true;
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let value = |n| if first { png(n, seed) } else { b"image.png".to_vec() };
                let values: Vec<ByteArray> = (0..images).map(|n| value(n).into()).collect();
                writer.write_batch(&values, Some(&defined), None).unwrap();
                first = false;
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let labels: Vec<i64> = (0..images).map(|n| i64::from(n % 10)).collect();
                writer.write_batch(&labels, Some(&vec![1; images as usize]), None).unwrap();
            }
            _ => panic!("a column of another type"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    file.close().unwrap();
    bytes
}

/// Image number `n`.
fn png(n: u32, seed: u32) -> Vec<u8> {
    let mut state = n.wrapping_mul(2_654_435_761).wrapping_add(seed) | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let pixels: Vec<u8> = (0..32 * 32 * 3).map(|_| next()).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}
