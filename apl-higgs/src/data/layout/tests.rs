//! The known sets, in the forms in which they are found.

use parquet::basic::Compression;

use super::*;
use crate::data::{
    ImportOptions,
    testing::{Column, Folder, bits, rows, write_parquet},
};

/// A row of UCI HIGGS: its label and 28 features.
type Row = (u8, Vec<String>);

fn uci(count: usize) -> Vec<Row> {
    let field = |row: usize, j: usize| format!("{:.6e}", (row * 29 + j * 7) as f64 / 31.0 - 9.0);
    let row = |row| ((row % 2) as u8, (0..28).map(|j| field(row, j)).collect());
    (0..count).map(row).collect()
}

#[test]
fn uci_is_known_with_its_label_first_or_last_with_and_without_header() {
    let folder = Folder::new();
    let rows_of = uci(9);
    let label = |label: u8| format!("{label}.000000000000000000e+00");
    let lines = |line: &dyn Fn(&Row) -> String| -> String {
        rows_of.iter().map(|row| line(row) + "\n").collect()
    };
    let first = lines(&|(l, fields)| format!("{},{}", label(*l), fields.join(",")));
    let last = lines(&|(l, fields)| format!("{},{}", fields.join(","), label(*l)));
    let spaced: Vec<String> =
        UCI.features.iter().map(|name| name.to_uppercase().replace('_', " ")).collect();
    let reversed: Vec<&str> = UCI.features.iter().rev().copied().collect();
    let backwards = lines(&|(l, fields)| {
        let fields: Vec<&str> = fields.iter().rev().map(String::as_str).collect();
        format!("x,{},{}", fields.join(","), label(*l))
    });
    let sources = [
        ("first", first.clone()),
        ("last", last.clone()),
        ("named first", format!("class,{}\n{first}", UCI.features.join(","))),
        (
            "named last",
            format!("\"{}\",\"label\"\r\n{}", spaced.join("\",\""), last.replace('\n', "\r\n")),
        ),
        ("reversed", format!("source,{},label\n{backwards}", reversed.join(","))),
        ("no last line end", first.trim_end().to_string()),
    ];
    let expected: Vec<f32> =
        rows_of.iter().flat_map(|(_, fields)| fields.iter().map(|f| f.parse().unwrap())).collect();
    for (name, text) in sources {
        folder.write(name, text);
        let imported = folder.import(name, &ImportOptions::default()).unwrap();
        assert_eq!(imported.layout, Some("UCI HIGGS"), "{name}");
        assert_eq!(imported.events.features(), UCI.features, "{name}");
        let (features, labels, weights) = rows(&imported.events);
        assert_eq!(bits(&features), bits(&expected), "{name}");
        assert_eq!((labels, weights.len()), (rows_of.iter().map(|row| row.0).collect(), 0));
    }
    // The caller knows better, here by the column's number.
    let options = ImportOptions { label: Some("29".into()), ..ImportOptions::default() };
    assert_eq!(rows(&folder.import("last", &options).unwrap().events).0, expected);
    let error = folder.error("first", &options);
    assert!(
        error
            .starts_with("DIR/first: line 1, column label: found \"-2.903226e0\", expected 0 or 1"),
        "{error}"
    );
}

/// A csv file of a layout with one row of ones and one of missing values.
fn csv_of(layout: &Layout, label: [&str; 2], missing: &str, rest: &[(&str, &str)]) -> String {
    let names: Vec<&str> = rest.iter().map(|(name, _)| *name).collect();
    let values: Vec<&str> = rest.iter().map(|(_, value)| *value).collect();
    let count = layout.features.len();
    let row = |label: &str, value: &str| {
        format!("{},{label},{}\n", vec![value; count].join(","), values.join(","))
    };
    let header = format!("{},{},{}\n", layout.features.join(","), layout.label[0], names.join(","));
    header + &row(label[0], "1") + &row(label[1], missing)
}

#[test]
fn atlas_has_missing_values_and_weights_and_columns_that_are_no_features() {
    let folder = Folder::new();
    let rest =
        [("EventId", "100000"), ("Weight", "0.25"), ("KaggleSet", "t"), ("KaggleWeight", "9")];
    folder.write("a", csv_of(&LAYOUTS[1], ["s", "b"], "-999.0", &rest));
    let imported = folder.import("a", &ImportOptions::default()).unwrap();
    assert_eq!(imported.layout, Some("ATLAS HiggsML"));
    assert_eq!(imported.events.features(), LAYOUTS[1].features);
    assert_eq!(imported.events.about().missing, [1; 30]);
    let (features, labels, weights) = rows(&imported.events);
    assert!(features[..30].iter().all(|&v| v == 1.0) && features[30..].iter().all(|v| v.is_nan()));
    assert_eq!((labels, weights), (vec![1, 0], vec![0.25, 0.25]));

    for name in ["Weight", "KaggleWeight", "KaggleSet", "EventId", "kaggleweight"] {
        let options = ImportOptions {
            features: Some(vec!["PRI_met".into(), name.into()]),
            ..ImportOptions::default()
        };
        assert_eq!(
            folder.error("a", &options),
            format!(
                "features: found `{name}`, expected measured quantities: this one tells the label or numbers the events"
            )
        );
    }
    let options =
        ImportOptions { features: Some(vec!["PRI_met".into()]), ..ImportOptions::default() };
    let one = folder.import("a", &options).unwrap().events;
    assert_eq!((one.features(), one.about().missing[0]), (&["PRI_met".to_string()][..], 1));

    // Kaggle's test file has neither label nor weight; a file may lack weights alone.
    let text = csv_of(&LAYOUTS[1], ["s", "b"], "-999.0", &rest[..1]);
    folder.write("b", &text);
    assert!(!folder.import("b", &ImportOptions::default()).unwrap().events.has_weights());
    folder.write("b", text.replace("Label", "Other"));
    assert_eq!(
        folder.error("b", &ImportOptions::default()),
        "DIR/b: found columns DER_mass_MMC, DER_mass_transverse_met_lep, DER_mass_vis, DER_pt_h, DER_deltaeta_jet_jet, DER_mass_jet_jet, DER_prodeta_jet_jet, DER_deltar_tau_lep and 24 more, expected the label of ATLAS HiggsML: Label\nhint: `apl data import --label` names the column if it is called otherwise"
    );
    folder.write("b", text.replace("PRI_met,", "met,").replace("DER_pt_h,", "h,"));
    assert_eq!(
        folder.error("b", &ImportOptions::default()),
        "DIR/b: found ATLAS HiggsML without DER_pt_h, PRI_met, expected all its 30 features\nhint: `apl data import --features` names those that shall be used"
    );
}

#[test]
fn fair_universe_comes_as_parquet() {
    let folder = Folder::new();
    let layout = &LAYOUTS[2];
    let mut columns: Vec<(&str, Column)> = Vec::new();
    for (j, name) in layout.features.iter().enumerate() {
        if j == 16 {
            columns.push(("weights", Column::floats([0.5, 2.0, 1.0])));
            columns.push((
                "detailed_labels",
                Column::Text(vec![Some("htautau"), Some("ztautau"), Some("ttbar")]),
            ));
            columns.push(("labels", Column::floats([1.0, 0.0, 0.0])));
        }
        columns.push((name, Column::F32(vec![Some(j as f32), Some(-25.0), None])));
    }
    write_parquet(&folder.path("a"), &columns, 2, Compression::SNAPPY);
    let imported = folder.import("a", &ImportOptions::default()).unwrap();
    assert_eq!(imported.layout, Some("FAIR Universe HiggsML"));
    assert_eq!(imported.events.features(), layout.features);
    let (features, labels, weights) = rows(&imported.events);
    assert_eq!(features[..28], (0..28).map(|j| j as f32).collect::<Vec<_>>());
    assert!(features[28..].iter().all(|value| value.is_nan()));
    assert_eq!((labels, weights), (vec![1, 0, 0], vec![0.5, 2.0, 1.0]));
    let options = ImportOptions {
        features: Some(vec!["PRI_met".into(), "detailed_labels".into()]),
        ..ImportOptions::default()
    };
    assert!(folder.error("a", &options).starts_with("features: found `detailed_labels`"));
}
