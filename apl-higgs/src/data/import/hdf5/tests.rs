//! Files that h5py wrote (`tests/hdf5/make.py`).

use std::path::PathBuf;

use crate::data::{
    ImportOptions,
    testing::{Folder, damage, rows},
};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5").join(name)
}

fn sets(data: &str, label: &str) -> ImportOptions {
    ImportOptions { data_set: data.into(), label_set: label.into(), ..ImportOptions::default() }
}

#[test]
fn the_authors_layout_is_read_in_every_storage() {
    let folder = Folder::new();
    let expected: Vec<f32> = (0..20)
        .flat_map(|i| (0..4).map(move |j| ((7 * i + 3 * j) % 13 - 6) as f32 / 4.0))
        .collect();
    let labels: Vec<u8> = (0..20).map(|i| u8::from(i % 3 == 0)).collect();
    for name in ["events.h5", "latest.h5"] {
        for (data, label) in
            [("data", "label"), ("/more/data", "more/label"), ("packed/data", "packed/label")]
        {
            let imported = folder.import_from(&file(name), &sets(data, label)).unwrap();
            assert_eq!(imported.events.features(), ["1", "2", "3", "4"]);
            assert_eq!(
                rows(&imported.events),
                (expected.clone(), labels.clone(), vec![]),
                "{data}"
            );
        }
    }
    let options = ImportOptions {
        weight: Some("more/weight".into()),
        features: Some(["a", "b", "c", "d"].map(String::from).to_vec()),
        ..ImportOptions::default()
    };
    let events = folder.import_from(&file("events.h5"), &options).unwrap().events;
    assert_eq!(events.features(), ["a", "b", "c", "d"]);
    assert_eq!(rows(&events).2[..6], [0.125, 0.25, 0.375, 0.5, 0.625, 0.125]);
    assert_eq!(
        (events.about().source.file.as_str(), events.about().source.kind.as_str()),
        ("events.h5", "hdf5")
    );
}

/// The message of an import of `events.h5`, without its path.
fn error(options: &ImportOptions) -> String {
    let folder = Folder::new();
    let text = folder.message(folder.import_from(&file("events.h5"), options));
    text.replace(&file("events.h5").display().to_string(), "FILE")
}

#[test]
fn other_data_sets_are_refused() {
    let hint =
        "\nhint: `apl data import --data-set` and `--label-set` name those of features and labels";
    assert_eq!(
        error(&sets("bad/cube", "label")),
        format!(
            "FILE: found data set bad/cube of shape [20, 2, 2], expected shape [rows, features]{hint}"
        )
    );
    assert_eq!(
        error(&sets("label", "label")),
        format!("FILE: found data set label of shape [20], expected shape [rows, features]{hint}")
    );
    assert_eq!(
        error(&sets("bad/scalar", "label")),
        format!(
            "FILE: found data set bad/scalar of shape [], expected shape [rows] or [rows, features]{hint}"
        )
    );
    for (name, shape) in
        [("bad/short", "[19]"), ("bad/wide", "[20, 2]"), ("bad/cube", "[20, 2, 2]")]
    {
        assert_eq!(
            error(&sets("data", name)),
            format!(
                "FILE: found data set {name} of shape {shape}, expected shape [20] or [20, 1]{hint}"
            )
        );
    }
    assert_eq!(
        error(&sets("features", "label")),
        "FILE: found data sets data, label, expected one called `features`\nhint: `--data-set` names the data set, with its groups: a/b"
    );
    assert_eq!(
        error(&sets("data", "none/at/all")),
        "FILE: found data sets data, label, expected one called `none/at/all`\nhint: `--label-set` names the data set, with its groups: a/b"
    );
    assert_eq!(
        error(&sets("data", "bad/text")),
        "FILE: found values of type String in data set bad/text, expected floats of 4 or 8 bytes, or integers\nhint: store the data set as numbers, labels as 0 and 1"
    );
    assert!(
        error(&sets("data", "bad/bool")).contains("found values of type Enum in data set bad/bool")
    );
    assert_eq!(
        error(&sets("bad/none", "bad/none-label")),
        "FILE: found no rows, expected at least one\nhint: download the file again"
    );
    let three = ImportOptions { features: Some(vec!["a".into(); 3]), ..ImportOptions::default() };
    assert_eq!(error(&three), "features: found 3 names, expected 4, one for each column of data");
    let label = ImportOptions { label: Some("label".into()), ..ImportOptions::default() };
    assert_eq!(
        error(&label),
        "label: found `label`, expected none, as FILE is an HDF5 file: `--label-set` names its labels"
    );
}

#[test]
fn a_row_that_cannot_be_used_is_named() {
    let hint = "\nhint: `apl data import --skip-bad` leaves such rows out and counts them";
    assert_eq!(
        error(&sets("data", "bad/two")),
        format!(
            "FILE: row 7, column bad/two: found 2, expected 0 or 1, s or b, signal or background{hint}"
        )
    );
    assert_eq!(
        error(&sets("bad/nan", "label")),
        format!("FILE: row 5, column 3: found NaN, expected a number{hint}")
    );
    let folder = Folder::new();
    let options = ImportOptions { missing: Some(f32::NAN), ..sets("bad/nan", "label") };
    let events = folder.import_from(&file("events.h5"), &options).unwrap().events;
    assert_eq!((events.about().missing.as_slice(), events.rows()), (&[0, 0, 1, 0][..], 20));
    let options = ImportOptions { skip_bad: true, ..sets("bad/nan", "bad/two") };
    let imported = folder.import_from(&file("events.h5"), &options).unwrap();
    assert_eq!((imported.events.about().skipped, imported.events.rows()), (2, 18));
}

#[test]
fn damaged_files_do_not_panic() {
    for name in ["events.h5", "latest.h5"] {
        let bytes = std::fs::read(file(name)).unwrap();
        damage("a.h5", &bytes, &sets("packed/data", "packed/label"));
        damage("a.h5", &bytes, &ImportOptions::default());
    }
}
