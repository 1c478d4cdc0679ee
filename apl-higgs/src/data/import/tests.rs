//! What is found at a path, and that the format it comes in makes no difference.

use ::parquet::basic::{Compression, ZstdLevel};

use super::*;
use crate::data::testing::{Column, Folder, gzip, named, rows, write_parquet};

/// The events of `tests/hdf5/make.py`: features, labels, weights.
fn fixture() -> (Vec<[f64; 4]>, Vec<i64>, Vec<f64>) {
    let features =
        (0..20).map(|i| [0, 1, 2, 3].map(|j| f64::from((7 * i + 3 * j) % 13 - 6) / 4.0)).collect();
    let labels = (0..20).map(|i| i64::from(i % 3 == 0)).collect();
    (features, labels, (0..20).map(|i| f64::from(i % 5 + 1) / 8.0).collect())
}

fn hdf5_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5/events.h5")
}

#[test]
fn the_same_rows_give_the_same_events_in_every_format() {
    let folder = Folder::new();
    let (features, labels, weights) = fixture();
    let mut text = "w,a,b,kind,c,d\n".to_string();
    for ((row, label), weight) in features.iter().zip(&labels).zip(&weights) {
        let kind = if *label == 1 { "s" } else { "b" };
        text += &format!("{weight},{},{},{kind},{:e},{}\n", row[0], row[1], row[2], row[3]);
    }
    folder.write("a.csv", &text);
    folder.write("a.csv.gz", gzip(text.as_bytes()));
    let feature = |j: usize| Column::floats(features.iter().map(|row| row[j]));
    let single = |j: usize| Column::F32(features.iter().map(|row| Some(row[j] as f32)).collect());
    let columns = [
        ("d", feature(3)),
        ("kind", Column::I64(labels.iter().copied().map(Some).collect())),
        ("a", single(0)),
        ("b", feature(1)),
        ("required w", Column::floats(weights.iter().copied())),
        ("c", single(2)),
    ];
    let zstd = Compression::ZSTD(ZstdLevel::default());
    write_parquet(&folder.path("a.parquet"), &columns, 7, zstd);

    let options = named("kind", Some("w"), &["a", "b", "c", "d"]);
    let hdf5 = ImportOptions {
        label: None,
        weight: Some("more/weight".into()),
        data_set: "more/data".into(),
        label_set: "more/label".into(),
        ..options.clone()
    };
    let sources = [
        ("csv", folder.path("a.csv"), &options),
        ("csv.gz", folder.path("a.csv.gz"), &options),
        ("parquet", folder.path("a.parquet"), &options),
        ("hdf5", hdf5_file(), &hdf5),
    ];
    let all = sources.map(|(kind, path, options)| {
        let events = folder.import_from(&path, options).unwrap().events;
        assert_eq!(events.about().source.kind, kind);
        let bytes = std::fs::read(&path).unwrap();
        let digest = <sha2::Sha256 as sha2::Digest>::digest(bytes);
        assert_eq!(events.about().source.sha256, crate::data::event_file::hex(&digest));
        (events.digest().to_string(), rows(&events))
    });
    let expected: Vec<f32> = features.iter().flatten().map(|&value| value as f32).collect();
    let labels: Vec<u8> = labels.iter().map(|&label| label as u8).collect();
    let weights: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
    for (digest, rows) in &all {
        assert_eq!(*digest, all[0].0);
        assert_eq!(*rows, (expected.clone(), labels.clone(), weights.clone()));
    }
}

/// The nearest `f32` of the nearest `f64`, which here is not the nearest `f32` of the text: a parquet file could not tell.
#[test]
fn texts_are_rounded_as_doubles_are() {
    let folder = Folder::new();
    let text = "1.000000059604644775390626";
    assert_ne!(text.parse::<f32>().unwrap(), text.parse::<f64>().unwrap() as f32);
    let value: f64 = text.parse().unwrap();
    folder.write("a", format!("x,label\n{text},1\n0,0\n"));
    let columns = [("x", Column::floats([value, 0.0])), ("label", Column::floats([1.0, 0.0]))];
    write_parquet(&folder.path("b"), &columns, 10, Compression::SNAPPY);
    let options = named("label", None, &["x"]);
    let [a, b] = ["a", "b"].map(|name| folder.import(name, &options).unwrap().events);
    assert_eq!(a.digest(), b.digest());
    assert_eq!(rows(&a).0, [value as f32, 0.0]);
}

#[test]
fn what_is_no_source_is_said() {
    let folder = Folder::new();
    let expected =
        "expected a file of events: csv or csv.gz, parquet, HDF5, or one that an import wrote";
    let hint = |name: &str, found: &str, hint: &str| {
        assert_eq!(
            folder.error(name, &ImportOptions::default()),
            format!("DIR/{name}: found {found}, {expected}\nhint: {hint}")
        );
    };
    hint("absent.csv", "nothing", "is the path right?");
    std::fs::create_dir(folder.path("folder")).unwrap();
    hint("folder", "a folder", "name a file in it");
    for (bytes, found, what) in [
        (&b""[..], "an empty file", "download the file again"),
        (b"PK\x03\x04...", "a zip archive", "unpack it and name the file inside"),
        (b"<!DOCTYPE html>", "a web page", "download the file itself"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS",
            "fetch the file itself: git lfs pull",
        ),
        (b"a\0b\0", "bytes that are no text", "is this the right file?"),
    ] {
        folder.write("x.csv", bytes);
        hint("x.csv", found, what);
    }
    folder.write("a.csv", "x,label\n1,1\n");
    let options = named("label", None, &["x"]);
    let events = folder.import("a.csv", &options).unwrap().events;
    assert_eq!(
        folder.message(folder.import_from(events.path(), &options)).split_once(": ").unwrap().1,
        "found a safetensors file, expected a source of events\nhint: if an import wrote it, it is used as it is and needs no import"
    );
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "x,label\n1,1\n");
    let out = folder.write("out", "precious");
    let result = import(&path, &named("label", None, &["x"]), &out, &mut |_| Ok(()));
    assert_eq!(
        folder.message(result),
        "DIR/out: found a file, expected nothing, as the events are to be written here\nhint: name another file; nothing here is overwritten"
    );
    assert_eq!(std::fs::read(out).unwrap(), b"precious");
}

#[test]
fn progress_is_told_and_can_end_an_import() {
    let folder = Folder::new();
    let line = "0.123456789,0.123456789,1\n";
    let path = folder.write("a", "x,y,label\n".to_string() + &line.repeat(200_000));
    let mut told = Vec::new();
    let options = named("label", None, &["x", "y"]);
    let mut hear = |progress: Progress| {
        told.push(progress);
        Ok(())
    };
    import(&path, &options, &folder.path("out"), &mut hear).unwrap();
    assert!(told.len() > 3 && told.is_sorted_by(|a, b| a.rows < b.rows && a.share <= b.share));
    assert_eq!(told.last(), Some(&Progress { rows: 200_000, share: 1.0 }));
    let mut stop = |_| Err(std::io::Error::other("enough").into());
    let result = import(&path, &options, &folder.path("out2"), &mut stop);
    assert_eq!(folder.message(result), "enough");
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 2);
}

#[test]
fn options_are_read_from_toml() {
    let text = "label = \"kind\"\nfeatures = [\"a\", \"b\"]\nskip-bad = true\nmissing = nan\ndata-set = \"x\"";
    let options: ImportOptions = toml::from_str(text).unwrap();
    assert!(options.skip_bad && options.missing.unwrap().is_nan());
    assert_eq!((options.data_set.as_str(), options.label_set.as_str()), ("x", "label"));
    assert!(toml::from_str::<ImportOptions>("labels = \"x\"").is_err());
}
