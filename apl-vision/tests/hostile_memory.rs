//! What small hostile files make the readers allocate. Alone in its process, as it counts every allocation.

#![allow(clippy::unwrap_used)]

mod counting;

use std::path::Path;

use apl_vision::data::{Data, DataConfig, Folders, Set, Source};
use counting::peak_of;

/// Bytes that no small file may take more of.
const MOST: usize = 64 << 20;

/// The message of loading `source`, and the bytes that took.
fn load(config: DataConfig) -> (String, usize) {
    let nowhere = Path::new("unused");
    let folders = Folders { hub: nowhere, cache: nowhere };
    let (error, taken) = peak_of(|| Data::load(&config, folders).unwrap_err());
    (error.to_string(), taken)
}

/// A header of tar that claims `size` bytes.
fn header(name: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn small_files_take_little_memory_whatever_they_claim() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let config =
        |name: &str| DataConfig { source: Source::Path(path(name)), ..DataConfig::default() };

    let again = [
        b"c_codecs\nencode\nq\x00X\x00\x00\x10\x00".to_vec(),
        vec![b'a'; 1 << 20],
        b"q\x01Vlatin1\nq\x02".to_vec(),
        b"h\x00h\x01h\x02\x86R".repeat(10_000),
    ];
    for (name, pickle, expected) in [
        ("length", b"\x8E\0\0\0\0\xFF\0\0\0".to_vec(), "bytes to the end of the file"),
        ("numbers", vec![b'N'; 4 << 20], "more than 1000000 operations"),
        ("marks", vec![b'('; 4 << 20], "more than 1000000 operations"),
        ("lists", vec![b']'; 4 << 20], "more than 1000000 operations"),
        ("kept", b"Nr\x01\x02\x03\x04\x94".repeat(1 << 19), "more than 1000000 operations"),
        ("twice", [vec![b'N'], vec![b'2'; 4 << 20]].concat(), "more than 1000000 operations"),
        ("texts", again.concat(), "more bytes than the file has"),
    ] {
        std::fs::create_dir(path(name)).unwrap();
        for batch in 1..=5 {
            std::fs::write(path(name).join(format!("data_batch_{batch}")), &pickle).unwrap();
        }
        std::fs::write(path(name).join("test_batch"), "").unwrap();
        // One after the other, as on one processor: the claim is about a file.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let (error, bytes) = pool.install(|| load(config(name)));
        println!("{name}: {} KiB", bytes >> 10);
        assert!(error.contains(expected), "{name}: {error}");
        assert!(bytes < MOST, "{name}: {bytes}");
    }

    for (name, header) in [
        ("claims.tar", header("data_batch_1.bin", 200_000_000)),
        ("claims-more.tar", header("data_batch_1.bin", u64::MAX >> 10)),
        ("name.tar", header("././@LongLink", 1 << 32)),
    ] {
        std::fs::write(path(name), [header, vec![0; 2048]].concat()).unwrap();
        let (error, bytes) = load(config(name));
        println!("{name}: {} KiB", bytes >> 10);
        assert!(error.contains(name), "{error}");
        assert!(bytes < 16 << 20, "{name}: {bytes}");
    }

    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, 1, 1);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(&[1; 4]).unwrap();
    picture[16..24].copy_from_slice(&[0, 0, 0x14, 0, 0, 0, 0x14, 0]);
    let mut checksum = flate2::Crc::new();
    checksum.update(&picture[12..29]);
    picture[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
    for place in ["train/a", "train/b", "test/a", "test/b"] {
        std::fs::create_dir_all(path("pictures").join(place)).unwrap();
        std::fs::write(path("pictures").join(place).join("1.png"), &picture).unwrap();
    }
    let own = DataConfig { set: Set::Images, classes: Some(2), ..config("pictures") };
    let (error, bytes) = load(own);
    println!("pictures: {} KiB", bytes >> 10);
    assert!(error.contains("bytes for 5120x5120 pixels"), "{error}");
    assert!(bytes < 16 << 20, "{bytes}");
}
