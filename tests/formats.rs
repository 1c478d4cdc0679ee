//! The format of the images does not change a run: the same network comes out to the last byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
#[cfg(feature = "hub")]
#[path = "../apl-train/tests/loopback/mod.rs"]
mod loopback;

use std::{path::Path, sync::Arc};

use apl_vision::data::{Data, DataConfig, Folders, Images, PIXELS, Set};
use command::Bench;
use parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::ByteArray,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

/// An image and its label.
type Row<'i> = (&'i [u8], u32);

fn rows(images: &Images) -> Vec<Row<'_>> {
    images.pixels().chunks_exact(PIXELS).zip(images.labels().iter().copied()).collect()
}

fn png_of(pixels: &[u8]) -> Vec<u8> {
    let rgb: Vec<u8> = (0..1024).flat_map(|i| [0, 1, 2].map(|c| pixels[c * 1024 + i])).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
    bytes
}

fn write_parquet(path: &Path, rows: &[Row]) {
    let schema =
        "message schema { required group img { required binary bytes; } required int64 label; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let images: Vec<ByteArray> = rows.iter().map(|row| png_of(row.0).into()).collect();
                writer.write_batch(&images, None, None).unwrap();
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let labels: Vec<i64> = rows.iter().map(|row| row.1.into()).collect();
                writer.write_batch(&labels, None, None).unwrap();
            }
            _ => panic!("another column"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

fn binary(rows: &[Row]) -> Vec<u8> {
    rows.iter().flat_map(|(pixels, label)| [&[*label as u8], *pixels].concat()).collect()
}

/// A pickle as Python 2 and numpy wrote CIFAR-10's.
fn pickled(rows: &[Row]) -> Vec<u8> {
    let mut bytes = b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01M".to_vec();
    bytes.extend((rows.len() as u16).to_le_bytes());
    bytes.extend(b"M\x00\x0C\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\x00tb\x89T");
    bytes.extend(((rows.len() * PIXELS) as u32).to_le_bytes());
    rows.iter().for_each(|row| bytes.extend(row.0));
    bytes.extend(b"tbU\x06labels](");
    rows.iter().for_each(|row| bytes.extend([b'K', row.1 as u8]));
    bytes.extend(b"eu.");
    bytes
}

/// The five training files and the test file of one of the authors' versions.
fn files(
    train: &[Row],
    test: &[Row],
    ending: &str,
    write: fn(&[Row]) -> Vec<u8>,
) -> Vec<(String, Vec<u8>)> {
    let parts = train.chunks(train.len().div_ceil(5)).zip(1..);
    let train = parts.map(|(rows, n)| (format!("data_batch_{n}{ending}"), write(rows)));
    train.chain([(format!("test_batch{ending}"), write(test))]).collect()
}

#[test]
fn the_format_does_not_change_a_run() {
    let bench = Bench::new();
    let config = DataConfig { train: Some(300), test: Some(100), ..DataConfig::default() };
    let nowhere = Path::new("unused");
    let data = Data::load(&config, Folders { hub: nowhere, cache: nowhere }).unwrap();
    let (mut train, mut test) = (rows(&data.train), rows(&data.test));

    let shards = ["train-00000-of-00001.parquet", "test-00000-of-00001.parquet"];
    write_parquet(&bench.path("parquet").join(shards[0]), &train);
    write_parquet(&bench.path("parquet").join(shards[1]), &test);
    // Another order of the rows, far from the one they are put in.
    train.sort_by_key(|row| (row.1, row.0[77]));
    test.reverse();
    write_parquet(&bench.path("shuffled/plain_text").join(shards[0]), &train);
    write_parquet(&bench.path("shuffled/plain_text").join(shards[1]), &test);
    for (name, bytes) in files(&train, &test, ".bin", binary) {
        std::fs::create_dir_all(bench.path("binary/cifar-10-batches-bin")).unwrap();
        std::fs::write(bench.path("binary/cifar-10-batches-bin").join(name), bytes).unwrap();
    }
    let packed = std::fs::File::create(bench.path("python.tar.gz")).unwrap();
    let packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    let mut builder = tar::Builder::new(packed);
    for (name, bytes) in files(&train, &test, "", pickled) {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        let name = format!("cifar-10-batches-py/{name}");
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
    let names = Set::Cifar10.class_names().unwrap();
    for (split, rows) in [("train", &train), ("test", &test)] {
        for (n, (pixels, label)) in rows.iter().enumerate() {
            let folder = bench.path("classes").join(split).join(names[*label as usize]);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{n}.png")), png_of(pixels)).unwrap();
        }
    }

    bench.train(&["--runs", "embedded-runs", "--no-progress"]).ok();
    let model = bench.bytes("embedded-runs", "model.safetensors");
    for source in ["parquet", "shuffled", "binary", "python.tar.gz", "classes"] {
        let runs = format!("{source}-runs");
        let ended = bench.train(&["--data", source, "--runs", &runs, "--no-progress"]).ok();
        assert_eq!(ended.err, "", "{source}");
        assert!(bench.bytes(&runs, "model.safetensors") == model, "{source}: another model");
        assert_eq!(
            bench.summary(&runs)["data"],
            bench.summary("embedded-runs")["data"],
            "{source}"
        );
    }
    #[cfg(feature = "hub")]
    {
        let hub = loopback::Hub::start();
        for shard in shards {
            let bytes = std::fs::read(bench.path("shuffled/plain_text").join(shard)).unwrap();
            hub.put("uoft-cs/cifar10", &format!("plain_text/{shard}"), bytes);
        }
        let arguments = ["train", "small/net.toml", "--data", "hub", "--runs", "hub-runs"];
        let mut command = bench.command(&arguments);
        command.env("HF_ENDPOINT", &hub.endpoint).env_remove("HF_HUB_OFFLINE");
        bench.ended(command.output().unwrap()).ok();
        assert!(bench.bytes("hub-runs", "model.safetensors") == model, "the hub: another model");
    }
}

#[test]
fn images_of_ones_own_train_a_network_of_their_classes() {
    let bench = Bench::new();
    let config = DataConfig { train: Some(60), test: Some(30), ..DataConfig::default() };
    let nowhere = Path::new("unused");
    let data = Data::load(&config, Folders { hub: nowhere, cache: nowhere }).unwrap();
    for (split, images) in [("train", &data.train), ("test", &data.test)] {
        for (n, (pixels, label)) in rows(images).into_iter().enumerate() {
            let folder =
                bench.path("own").join(split).join(["cats", "dogs", "owls"][label as usize % 3]);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{n}.png")), png_of(pixels)).unwrap();
        }
    }
    bench.config_with(
        "train = 300\ntest = 100\nvalidation = 30\n",
        "set = \"images\"\nclasses = 3\n",
    );
    bench.train(&["--data", "own", "--no-progress"]).ok();
    let model = bench.bytes("runs", "model.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&model).unwrap();
    assert_eq!(tensors.tensor("ip3.weight").unwrap().shape()[0], 3);
    bench.config_with(
        "train = 300\ntest = 100\nvalidation = 30\n",
        "set = \"images\"\nclasses = 4\n",
    );
    bench.train(&["--data", "own", "--runs", "other", "--no-progress"]).fails(
        1,
        "error: own/train: found 3 class folders, expected 4\nhint: `data.classes = 3` reads them all",
    );
}
