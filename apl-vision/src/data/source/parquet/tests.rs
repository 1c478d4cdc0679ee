//! Reading what was written, and saying what is wrong with what was not written well.

use super::*;
use crate::data::{
    Set,
    testing::{self, CIFAR10, CIFAR100, Row, expected, labelling, message, rows},
};

/// The error of a file with these rows, `group` of them in a row group.
fn error_of(rows: &[Row], group: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    testing::write(&path, CIFAR10, rows, group, true);
    message(read(&[path], labelling(Set::Cifar10)), folder.path())
}

#[test]
fn rows_come_back_whatever_the_row_groups_and_the_compression() {
    let folder = tempfile::tempdir().unwrap();
    for (group, snappy) in [(1, true), (4, false), (100, true)] {
        let path = folder.path().join(format!("{group}.parquet"));
        testing::write(&path, CIFAR10, &rows(0..23, 10), group, snappy);
        assert_eq!(read(&[path], labelling(Set::Cifar10)).unwrap(), expected(0..23, 10));
    }
}

#[test]
fn files_follow_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    testing::write(&paths[0], CIFAR10, &rows(0..3, 10), 2, true);
    testing::write(&paths[1], CIFAR10, &rows(3..8, 10), 2, true);
    assert_eq!(read(&paths, labelling(Set::Cifar10)).unwrap(), expected(0..8, 10));
}

#[test]
fn the_fine_label_counts_and_narrow_or_required_integers_do_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fine.parquet");
    testing::write(&path, CIFAR100, &rows(90..105, 100), 4, true);
    assert_eq!(read(&[path], labelling(Set::Cifar100)).unwrap(), expected(90..105, 100));
    let path = folder.path().join("narrow.parquet");
    testing::write(&path, &CIFAR10.replace("int64", "int32"), &rows(0..5, 10), 4, true);
    assert_eq!(read(&[path], labelling(Set::Cifar10)).unwrap(), expected(0..5, 10));
    let path = folder.path().join("required.parquet");
    testing::write(
        &path,
        &CIFAR10.replace("optional int64", "required int64"),
        &rows(0..5, 10),
        4,
        true,
    );
    assert_eq!(read(&[path], labelling(Set::Cifar10)).unwrap(), expected(0..5, 10));
}

#[test]
fn a_row_that_cannot_be_used_is_named() {
    let with = |row: usize, image: Option<Vec<u8>>, label: Option<i64>| {
        let mut rows = rows(0..5, 10);
        rows[row] = (image, label);
        error_of(&rows, 2)
    };
    let good = rows(0..1, 10)[0].0.clone().unwrap();
    assert_eq!(
        with(3, None, Some(1)),
        "DIR/a.parquet: row 3: found no value in column img.bytes, expected one"
    );
    assert_eq!(
        with(0, Some(good.clone()), None),
        "DIR/a.parquet: row 0: found no value in column label, expected one"
    );
    for label in [-1, 10, i64::MIN, i64::MAX, 1 << 32] {
        assert_eq!(
            with(4, Some(good.clone()), Some(label)),
            format!("DIR/a.parquet: row 4: found label {label}, expected 0 to 9")
        );
    }
    let small = testing::encode(&[0; 16 * 32 * 3], 16, 32, ::png::ColorType::Rgb);
    assert_eq!(
        with(2, Some(small), Some(1)),
        "DIR/a.parquet: row 2: found a PNG of 16x32, 8-bit Rgb, expected 32x32, 8-bit Rgb"
    );
    let grey = testing::encode(&[0; 32 * 32], 32, 32, ::png::ColorType::Grayscale);
    assert_eq!(
        with(1, Some(grey), Some(1)),
        "DIR/a.parquet: row 1: found a PNG of 32x32, 8-bit Grayscale, expected 32x32, 8-bit Rgb"
    );
    assert_eq!(
        with(1, Some(b"GIF89a".to_vec()), Some(1)),
        "DIR/a.parquet: row 1: found Invalid PNG signature., expected a whole PNG image"
    );
    assert_eq!(
        with(1, Some(good[..good.len() / 2].to_vec()), Some(1)),
        "DIR/a.parquet: row 1: found unexpected end of file, expected a whole PNG image"
    );
}

#[test]
fn the_first_bad_row_is_the_one_named() {
    let mut many = rows(0..64, 10);
    for row in [9, 10, 33, 63] {
        many[row].0 = Some(vec![row as u8]);
    }
    assert!(error_of(&many, 64).starts_with("DIR/a.parquet: row 9: "));
}

#[test]
fn a_file_of_another_layout_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let error = |schema: &str, set| {
        testing::write(&path, schema, &rows(0..3, 10), 2, true);
        message(read(std::slice::from_ref(&path), labelling(set)), folder.path())
    };
    assert_eq!(
        error(CIFAR10, Set::Cifar100),
        "DIR/a.parquet: found columns img.bytes, img.path, label, expected img.bytes and fine_label\nhint: is this uoft-cs/cifar100? the configuration says so"
    );
    assert_eq!(
        error("message schema { optional int64 label; }", Set::Cifar10),
        "DIR/a.parquet: found columns label, expected img.bytes and label\nhint: is this uoft-cs/cifar10? the configuration says so"
    );
    let swapped = "message schema { optional group img { optional binary path; optional int64 bytes; } optional int64 label; }";
    assert!(
        error(&swapped.replace("optional int64 bytes", "required int64 bytes"), Set::Cifar10)
            .starts_with(
                "DIR/a.parquet: found another type in column img.bytes, expected bytes\nhint: "
            )
    );
    let path = folder.path().join("text.parquet");
    std::fs::write(&path, "not a parquet file at all").unwrap();
    assert_eq!(
        message(read(&[path], labelling(Set::Cifar10)), folder.path()),
        "DIR/text.parquet: found Parquet error: Invalid Parquet file. Corrupt footer, expected a whole parquet file, uncompressed or packed by snappy, zstd or gzip\nhint: download the file again"
    );
    let path = folder.path().join("empty.parquet");
    std::fs::write(&path, "").unwrap();
    assert!(
        message(read(&[path], labelling(Set::Cifar10)), folder.path())
            .starts_with("DIR/empty.parquet: found ")
    );
    let path = folder.path().join("absent.parquet");
    assert!(
        message(read(&[path], labelling(Set::Cifar10)), folder.path())
            .contains("DIR/absent.parquet")
    );
}

/// Cut anywhere or with any byte changed, a file gives rows or an error that names it; nothing else happens.
#[test]
fn damaged_files_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    testing::write(&path, CIFAR10, &rows(0..3, 10), 2, true);
    let whole = std::fs::read(&path).unwrap();
    let check = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        match read(std::slice::from_ref(&path), labelling(Set::Cifar10)) {
            Ok(rows) => assert_eq!(rows.pixels.len(), rows.labels.len() * PIXELS, "{what}"),
            Err(error) => {
                let text = error.to_string();
                assert!(text.starts_with(&path.display().to_string()), "{what}: {text}");
            }
        }
    };
    for length in (0..whole.len()).step_by(1 + whole.len() / 400) {
        check(&whole[..length], &format!("cut at {length}"));
        assert!(
            read(std::slice::from_ref(&path), labelling(Set::Cifar10)).is_err(),
            "cut at {length}"
        );
    }
    // The footer byte by byte, the pages here and there.
    let footer = whole.len().saturating_sub(1200);
    let places = (0..footer).step_by(1 + footer / 400).chain(footer..whole.len());
    for place in places {
        for mask in [0x01, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[place] ^= mask;
            check(&bytes, &format!("byte {place} of {} ^ {mask}", whole.len()));
        }
    }
}
