//! Parquet files of many types, and what is wrong with others.

use parquet::basic::{Compression, GzipLevel, ZstdLevel};

use crate::data::{
    ImportOptions,
    testing::{Column, Folder, damage, named, rows, write_parquet},
};

fn options() -> ImportOptions {
    named("label", None, &["x"])
}

/// The message of a file with these columns.
fn error(columns: &[(&str, Column)]) -> String {
    let folder = Folder::new();
    write_parquet(&folder.path("a"), columns, 2, Compression::SNAPPY);
    folder.error("a", &options())
}

fn labels(count: usize) -> (&'static str, Column) {
    ("label", Column::I64((0..count).map(|row| Some(row as i64 % 2)).collect()))
}

#[test]
fn numbers_of_every_type_are_read() {
    let folder = Folder::new();
    let columns = [
        ("required a", Column::floats([0.5, -2.0, 1e-3])),
        ("b", Column::F32(vec![Some(0.5), Some(-2.0), Some(1e-3)])),
        ("c", Column::I64(vec![Some(1 << 40), Some(-2), Some(0)])),
        ("d", Column::I32("int32", vec![Some(7), Some(-2), Some(0)])),
        ("e", Column::I32("int32 (UINT_32)", vec![Some(-1), Some(2), Some(0)])),
        ("f", Column::I32("int32 (INT_8)", vec![Some(-1), Some(2), Some(0)])),
        ("g", Column::Bool(vec![Some(true), Some(false), Some(true)])),
        ("h", Column::Text(vec![Some("1.5"), Some(" -2e1"), Some("0")])),
        ("label", Column::Text(vec![Some("signal"), Some("b"), Some("1.0")])),
    ];
    write_parquet(&folder.path("a"), &columns, 100, Compression::UNCOMPRESSED);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (features, labels, _) =
        rows(&folder.import("a", &named("label", None, &names)).unwrap().events);
    assert_eq!(
        features[..8],
        [0.5, 0.5, (1u64 << 40) as f32, 7.0, u32::MAX as f32, -1.0, 1.0, 1.5]
    );
    assert_eq!(features[8..16], [-2.0, -2.0, -2.0, -2.0, 2.0, 2.0, 0.0, -20.0]);
    assert_eq!(features[16..], [1e-3, 1e-3, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(labels, [1, 0, 1]);
}

#[test]
fn rows_stay_in_order_over_pages_pieces_and_groups() {
    let folder = Folder::new();
    let count = 30_000;
    let value = |row: usize| if row % 11 == 3 { None } else { Some(row as f64) };
    let columns = [("x", Column::F64((0..count).map(value).collect())), labels(count)];
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(GzipLevel::default());
    let options = ImportOptions { missing: Some(-1.0), ..options() };
    let mut digests = Vec::new();
    for (group, compression) in
        [(count, Compression::SNAPPY), (9000, zstd), (1, gzip), (8192, Compression::UNCOMPRESSED)]
    {
        let (count, group) = if group == 1 { (300, 1) } else { (count, group) };
        let columns = [("x", Column::F64((0..count).map(value).collect())), labels(count)];
        write_parquet(&folder.path("a"), &columns, group, compression);
        let events = folder.import("a", &options).unwrap().events;
        let (features, labels, _) = rows(&events);
        for row in 0..count {
            assert_eq!(features[row].is_nan(), value(row).is_none(), "{row}");
            assert!(features[row].is_nan() || features[row] == row as f32);
            assert_eq!(usize::from(labels[row]), row % 2);
        }
        digests.push(events.digest().to_string());
    }
    assert!(digests[0] == digests[1] && digests[0] == digests[3]);
    write_parquet(&folder.path("a"), &columns, 9000, Compression::SNAPPY);
    let error = folder.error("a", &self::options());
    assert!(
        error.starts_with("DIR/a: row 3, column x: found no value, expected a number"),
        "{error}"
    );
    let skip = ImportOptions { skip_bad: true, ..self::options() };
    let imported = folder.import("a", &skip).unwrap();
    assert_eq!(imported.events.about().skipped, 2727);
    assert_eq!(rows(&imported.events).0[..5], [0.0, 1.0, 2.0, 4.0, 5.0]);
}

#[test]
fn a_row_that_cannot_be_used_is_named() {
    let hint = "\nhint: `apl data import --skip-bad` leaves such rows out and counts them";
    let x = |values: [f64; 3]| ("x", Column::floats(values));
    assert_eq!(
        error(&[x([0.0, 1.0, f64::NAN]), labels(3)]),
        format!("DIR/a: row 2, column x: found NaN, expected a number{hint}")
    );
    assert_eq!(
        error(&[x([0.0, f64::INFINITY, 0.0]), labels(3)]),
        format!("DIR/a: row 1, column x: found inf, expected a number{hint}")
    );
    assert_eq!(
        error(&[x([0.0, 1.0, 1e300]), labels(3)]),
        format!("DIR/a: row 2, column x: found 1{}, expected a number{hint}", "0".repeat(300))
    );
    let words = "expected 0 or 1, s or b, signal or background";
    assert_eq!(
        error(&[x([0.0; 3]), ("label", Column::I64(vec![Some(0), Some(1), Some(2)]))]),
        format!("DIR/a: row 2, column label: found 2, {words}{hint}")
    );
    assert_eq!(
        error(&[x([0.0; 3]), ("label", Column::Text(vec![Some("s"), Some("t"), None]))]),
        format!("DIR/a: row 1, column label: found \"t\", {words}{hint}")
    );
    assert_eq!(
        error(&[x([0.0; 3]), ("label", Column::Text(vec![Some("s"), None, None]))]),
        format!("DIR/a: row 1, column label: found no value, {words}{hint}")
    );
}

#[test]
fn columns_that_cannot_be_used_are_named() {
    assert_eq!(
        error(&[("y", Column::floats([0.0])), labels(1)]),
        "DIR/a: found columns y, label, expected one called `x`\nhint: `--features` names a column as the file has it"
    );
    assert_eq!(
        error(&[("x", Column::I32("int32 (DECIMAL(5,2))", vec![Some(1)])), labels(1)]),
        "DIR/a: found decimals in column x, expected one number or text a row\nhint: convert the column, or name the columns that shall be used"
    );
    assert_eq!(
        error(&[("x", Column::floats([])), labels(0)]),
        "DIR/a: found no rows, expected at least one\nhint: download the file again"
    );
}

#[test]
fn damaged_files_do_not_panic() {
    let folder = Folder::new();
    for (name, compression) in [
        ("plain", Compression::UNCOMPRESSED),
        ("snappy", Compression::SNAPPY),
        ("zstd", Compression::ZSTD(ZstdLevel::default())),
        ("gzip", Compression::GZIP(GzipLevel::default())),
    ] {
        let columns = [
            (
                "x",
                Column::F64((0..50).map(|row| (row % 5 > 0).then_some(f64::from(row))).collect()),
            ),
            ("label", Column::Text((0..50).map(|row| Some(["s", "b"][row % 2])).collect())),
        ];
        write_parquet(&folder.path(name), &columns, 20, compression);
        let bytes = std::fs::read(folder.path(name)).unwrap();
        damage("a.parquet", &bytes, &ImportOptions { missing: Some(-1.0), ..options() });
    }
}
