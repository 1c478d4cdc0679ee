use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::*;
use crate::data::testing::{Folder, bits, rows};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("feature \"{number}\" π")).collect()
}

/// `[count, 3]` features of which some are missing, labels and weights.
fn events(count: usize) -> (Vec<f32>, Vec<u8>, Vec<f32>) {
    let value = |i: usize| if i % 7 == 3 { f32::NAN } else { (i as f32 - 20.0) / 3.0 };
    let features = (0..3 * count).map(value).collect();
    let labels = (0..count).map(|row| u8::from(row % 3 == 0)).collect();
    (features, labels, (0..count).map(|row| row as f32 * 0.1).collect())
}

/// Writes so many events in pieces of three.
fn write(folder: &Folder, name: &str, count: usize, weighted: bool) -> EventFile {
    let (features, labels, weights) = events(count);
    let path = folder.path(name);
    let mut writer = EventWriter::create(&path, &names(3), ("a.csv", "csv"), weighted).unwrap();
    for start in (0..count).step_by(3) {
        let range = start..count.min(start + 3);
        let weights = if weighted { &weights[range.clone()] } else { &[] };
        let features = &features[3 * range.start..3 * range.end];
        writer.append(features, &labels[range], weights).unwrap();
    }
    writer.finish(&"0123456789abcdef".repeat(4), 5).unwrap()
}

#[test]
fn the_safetensors_crate_opens_what_is_written() {
    let folder = Folder::new();
    for (count, weighted) in [(1, false), (10, true), (1001, true)] {
        let file = write(&folder, "a.safetensors", count, weighted);
        let bytes = std::fs::read(file.path()).unwrap();
        let (length, header) = SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!((8 + length) % 8, 0);
        let about = &header.metadata().as_ref().unwrap()["apl"];
        assert_eq!(serde_json::from_str::<About>(about).unwrap(), *file.about());
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.len(), if weighted { 3 } else { 2 });
        let (features, labels, weights) = events(count);
        let check = |name, dtype, shape: &[usize], expected: Vec<u8>| {
            let tensor = tensors.tensor(name).unwrap();
            assert_eq!((tensor.dtype(), tensor.shape()), (dtype, shape));
            assert_eq!(tensor.data(), expected, "{name}");
        };
        let raw = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        check("features", Dtype::F32, &[count, 3], raw(&features));
        check("label", Dtype::U8, &[count], labels);
        if weighted {
            check("weight", Dtype::F32, &[count], raw(&weights));
        }
    }
}

#[test]
fn a_file_says_what_it_is() {
    let folder = Folder::new();
    let file = write(&folder, "a.safetensors", 100, true);
    assert_eq!((file.rows(), file.has_weights()), (100, true));
    let about = file.about();
    assert_eq!(file.features(), names(3));
    assert_eq!((about.format, about.skipped), (1, 5));
    assert_eq!((about.source.file.as_str(), about.source.kind.as_str()), ("a.csv", "csv"));
    let (features, ..) = events(100);
    let missing = |feature| features.iter().skip(feature).step_by(3).filter(|v| v.is_nan()).count();
    assert_eq!(about.missing, [0, 1, 2].map(|feature| missing(feature) as u64));
}

/// Equal content gives equal bytes, and the digest is what the documentation says, written here once more.
#[test]
fn the_digest_is_the_documented_one() {
    let folder = Folder::new();
    for weighted in [false, true] {
        let file = write(&folder, "a", 50, weighted);
        write(&folder, "b", 50, weighted);
        let read = |name| std::fs::read(folder.path(name)).unwrap();
        assert_eq!(read("a"), read("b"));
        let (features, labels, weights) = events(50);
        let raw = |values: &[f32]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let mut bytes = b"apl-events-1".to_vec();
        bytes.extend(3u64.to_le_bytes());
        for name in names(3) {
            bytes.extend((name.len() as u64).to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        bytes.extend(50u64.to_le_bytes());
        bytes.extend(Sha256::digest(raw(&features)));
        bytes.extend(Sha256::digest(&labels));
        if weighted {
            bytes.extend(Sha256::digest(raw(&weights)));
        }
        assert_eq!(file.digest(), hex(&Sha256::digest(&bytes)));
    }
}

#[test]
fn missing_values_all_have_the_same_bits() {
    let folder = Folder::new();
    let digest = |nan: f32| {
        let path = folder.path("a");
        let mut writer = EventWriter::create(&path, &names(1), ("", ""), false).unwrap();
        writer.append(&[nan, 1.0], &[0, 1], &[]).unwrap();
        writer.finish("", 0).unwrap().digest().to_string()
    };
    assert_eq!(digest(f32::from_bits(0xFFC0_1234)), digest(f32::NAN));
}

#[test]
fn rows_are_read_anywhere_and_by_several_threads() {
    let folder = Folder::new();
    let file = write(&folder, "a", 9000, true);
    let (features, labels, weights) = events(9000);
    assert_eq!(bits(&rows(&file).0), bits(&features));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (file, features, labels, weights) = (&file, &features, &labels, &weights);
            scope.spawn(move || {
                for start in (thread..8000).step_by(397) {
                    let range = start..start + 1 + start % 911;
                    let count = range.len();
                    let (mut f, mut l, mut w) =
                        (vec![0.0; 3 * count], vec![9; count], vec![0.0; count]);
                    file.read_rows(range.clone(), &mut f, &mut l, Some(&mut w)).unwrap();
                    assert_eq!(bits(&f), bits(&features[3 * range.start..3 * range.end]));
                    assert_eq!((l, w), (labels[range.clone()].to_vec(), weights[range].to_vec()));
                }
            });
        }
    });
    file.read_rows(9000..9000, &mut [], &mut [], None).unwrap();
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = Folder::new();
    let file = write(&folder, "a", 10, false);
    let mut features = [0.0; 6];
    let mut error = |range, labels: &mut [u8], weights: Option<&mut [f32]>| {
        folder.message(file.read_rows(range, &mut features, labels, weights))
    };
    assert_eq!(
        error(9..11, &mut [0; 2], None),
        "DIR/a: rows to read: found 9..11, expected a range within 0..10"
    );
    assert_eq!(
        error(0..2, &mut [0; 3], None),
        "DIR/a: rows to read: found room for 6 features, 3 labels, 2 weights, expected 6, 2 and 2"
    );
    assert_eq!(
        error(0..2, &mut [0; 2], Some(&mut [0.0; 2])),
        "DIR/a: rows to read: found a wish for weights, expected none: the file has no weights"
    );
}

#[test]
fn a_file_of_another_length_is_refused() {
    let folder = Folder::new();
    let whole = std::fs::read(write(&folder, "a", 10, true).path()).unwrap();
    let end = whole.len();
    for length in (0..end).chain([end + 1]) {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        let error = folder.message(EventFile::open(&folder.write("a", bytes)));
        assert!(error.starts_with("DIR/a: found "), "{error}");
        if length > end - 170 {
            assert_eq!(
                error,
                format!(
                    "DIR/a: found {length} bytes, expected {end} bytes for its 10 rows\nhint: the file was cut short or added to; copy it again or import the source again"
                )
            );
        }
    }
    let error = folder.message(EventFile::open(&folder.path("absent")));
    assert!(error.contains("DIR/absent"), "{error}");
}

#[test]
fn a_file_that_is_cut_while_it_is_open_is_an_error() {
    let folder = Folder::new();
    let file = write(&folder, "a", 10, true);
    let length = std::fs::metadata(file.path()).unwrap().len();
    let cut = |bytes| {
        let file = std::fs::OpenOptions::new().write(true).open(folder.path("a")).unwrap();
        file.set_len(length - bytes).unwrap();
    };
    let (mut features, mut labels) = ([0.0; 12], [0; 4]);
    let mut error = || folder.message(file.read_rows(5..9, &mut features, &mut labels, None));
    let hint = "hint: the file was cut short in the meantime; copy the file again or import the source again";
    cut(3);
    assert_eq!(
        error(),
        format!(
            "DIR/a: found an end at byte {}, before row 7 is whole, expected {length} bytes, as there were when it was opened\n{hint}",
            length - 3
        )
    );
    // The features end 50 bytes before the end, with the weights and labels; here within the eighth row.
    cut(50 + 30);
    assert!(error().contains("before row 7 is whole"), "{}", error());
    assert!(folder.message(file.verify()).contains(hint));
}

#[test]
fn damage_is_found_by_the_digest() {
    let folder = Folder::new();
    let file = write(&folder, "a", 10, true);
    let whole = std::fs::read(file.path()).unwrap();
    for place in whole.len() - 170..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        let path = folder.write("b", bytes);
        let error = folder.message(EventFile::open(&path).unwrap().verify());
        assert!(error.starts_with("DIR/b: found contents with the digest "), "{error}");
    }
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() = 7;
    let file = EventFile::open(&folder.write("b", bytes)).unwrap();
    let error = folder.message(file.read_rows(9..10, &mut [0.0; 3], &mut [0], None));
    assert!(error.starts_with("DIR/b: found label 7 in row 9, expected the contents"), "{error}");
    // A header that is changed is refused or says something else; nothing panics.
    for place in 0..whole.len() - 170 {
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        if let Ok(file) = EventFile::open(&folder.write("b", bytes)) {
            let _ = file.verify();
        }
    }
    let tensor = safetensors::tensor::TensorView::new(Dtype::U8, vec![2], &[1, 2]).unwrap();
    let other = safetensors::serialize([("label", tensor)], None).unwrap();
    let error = folder.message(EventFile::open(&folder.write("c", other)));
    assert!(error.contains("expected an event file\nhint: import the source again"), "{error}");
}

#[test]
fn the_writer_refuses_what_the_format_cannot_hold() {
    let folder = Folder::new();
    let path = folder.path("a");
    let mut writer = EventWriter::create(&path, &names(2), ("", ""), true).unwrap();
    let mut error = |features: &[f32], labels: &[u8], weights: &[f32]| {
        folder.message(writer.append(features, labels, weights))
    };
    assert_eq!(
        error(&[1.0; 3], &[0], &[1.0]),
        "rows to append: found 3 features, 1 labels, 1 weights, expected 2 features a label, 1 weights"
    );
    let range = "rows to append: found a label, a feature or a weight out of its range, expected labels 0 or 1, features finite or NaN, weights finite";
    assert_eq!(error(&[1.0, f32::INFINITY], &[0], &[1.0]), range);
    assert_eq!(error(&[1.0; 2], &[2], &[1.0]), range);
    assert_eq!(error(&[1.0; 2], &[1], &[f32::NAN]), range);
    assert!(folder.message(writer.finish("", 0)).contains("found 0 rows"));
    // Nothing is left of it.
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
    assert!(folder.message(EventWriter::create(&path, &[], ("", ""), false)).contains("features"));
    folder.write("file", "");
    let inside = EventWriter::create(&folder.path("file/a"), &names(1), ("", ""), false);
    let error = folder.message(inside);
    assert!(error.starts_with("DIR/file/a: found that it cannot be written ("), "{error}");
}

#[test]
fn a_file_is_replaced_whole() {
    let folder = Folder::new();
    let old = write(&folder, "a", 10, true);
    let mut writer = EventWriter::create(old.path(), &names(1), ("", ""), false).unwrap();
    writer.append(&[1.0], &[1], &[]).unwrap();
    assert_eq!(EventFile::open(old.path()).unwrap().rows(), 10);
    let new = writer.finish("", 0).unwrap();
    assert_eq!((new.rows(), old.rows()), (1, 10));
    // Who has the old one open reads on in it.
    old.verify().unwrap();
}
