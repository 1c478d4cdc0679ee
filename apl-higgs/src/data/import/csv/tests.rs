//! Rows of text: what is taken, what is refused, and in which words.

use super::blocks::BLOCK;
use crate::data::{
    ImportOptions,
    testing::{Folder, damage, gzip, named, rows},
};

fn options() -> ImportOptions {
    named("label", Some("w"), &["x", "y"])
}

/// The message of a table with the columns x, y, w and label.
fn error(lines: &str) -> String {
    error_of(&format!("x,y,w,label\n{lines}"), &options())
}

fn error_of(text: &str, options: &ImportOptions) -> String {
    let folder = Folder::new();
    folder.write("a.csv", text);
    folder.error("a.csv", options)
}

const SKIP: &str = "\nhint: `apl data import --skip-bad` leaves such rows out and counts them";

#[test]
fn a_bad_row_is_refused_with_line_column_and_text() {
    let good = "1,2,0.5,1\n";
    for (row, message) in [
        ("1,abc,0.5,1", "line 3, column y: found \"abc\", expected a number"),
        ("1,,0.5,1", "line 3, column y: found \"\", expected a number"),
        ("nan,2,0.5,1", "line 3, column x: found \"nan\", expected a number"),
        ("1,-inf,0.5,1", "line 3, column y: found \"-inf\", expected a number"),
        ("1,1e39,0.5,1", "line 3, column y: found \"1e39\", expected a number"),
        ("1,1e999,0.5,1", "line 3, column y: found \"1e999\", expected a number"),
        ("1,2,NaN,1", "line 3, column w: found \"NaN\", expected a number"),
        ("1,2,,1", "line 3, column w: found \"\", expected a number"),
        (
            "1,2,3,2",
            "line 3, column label: found \"2\", expected 0 or 1, s or b, signal or background",
        ),
        (
            "1,2,3,-1",
            "line 3, column label: found \"-1\", expected 0 or 1, s or b, signal or background",
        ),
        (
            "1,2,3,",
            "line 3, column label: found \"\", expected 0 or 1, s or b, signal or background",
        ),
        ("1,2,3", "line 3: found 3 fields, expected 4"),
        ("1,abc", "line 3: found 2 fields, expected 4"),
        ("1,2,3,1,", "line 3: found 5 fields, expected 4"),
        ("word", "line 3: found 1 field, expected 4"),
        ("\"1,2,3,1", "line 3: found 1 field, expected 4"),
    ] {
        assert_eq!(error(&format!("{good}{row}\n{good}")), format!("DIR/a.csv: {message}{SKIP}"));
        assert_eq!(error(&format!("{good}{row}")), format!("DIR/a.csv: {message}{SKIP}"));
    }
    let long = error(&format!("{good}{},2,3,1\n", "long".repeat(100)));
    assert_eq!(
        long,
        format!(
            "DIR/a.csv: line 3, column x: found \"{}…\", expected a number{SKIP}",
            "long".repeat(10)
        )
    );
    let folder = Folder::new();
    folder.write("a.csv", b"x,y,w,label\n1,2,\xFF,1\n");
    assert_eq!(
        folder.error("a.csv", &options()),
        format!("DIR/a.csv: line 2: found \"1,2,\u{FFFD},1\", expected text in UTF-8{SKIP}")
    );
}

#[test]
fn bad_rows_are_left_out_and_counted_on_request() {
    let folder = Folder::new();
    let text = "x,y,w,label\n1,2,3,1\n1,oops,3,1\n\n1,2\n4,5,6,0\n1,2,3,maybe\n\"\n";
    folder.write("a.csv", text);
    let options = ImportOptions { skip_bad: true, ..options() };
    let imported = folder.import("a.csv", &options).unwrap();
    assert_eq!(imported.events.about().skipped, 4);
    let first = imported.first_skipped.unwrap();
    assert!(first.contains("line 3, column y: found \"oops\", expected a number"), "{first}");
    assert_eq!(rows(&imported.events), (vec![1.0, 2.0, 4.0, 5.0], vec![1, 0], vec![3.0, 6.0]));
    folder.write("a.csv", "x,y,w,label\n1,oops,3,1\n1,2,3,9\n");
    assert_eq!(
        folder.error("a.csv", &options),
        "DIR/a.csv: found 2 rows of which none can be used, expected rows\nhint: the first of them: DIR/a.csv: line 2, column y: found \"oops\", expected a number"
    );
}

#[test]
fn labels_may_be_numbers_or_words() {
    let folder = Folder::new();
    let labels = [
        "1",
        "0",
        "1.0",
        "0.0",
        "1e0",
        " 1.000000000000000000e+00 ",
        "-0",
        "s",
        "b",
        "S",
        "signal",
        "Background",
    ];
    let lines: String = labels.map(|label| format!("1,{label}\n")).concat();
    folder.write("a.csv", format!("x,label\n{lines}"));
    let imported = folder.import("a.csv", &named("label", None, &["x"])).unwrap();
    assert_eq!(rows(&imported.events).1, [1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0]);
}

#[test]
fn what_is_missing_is_said_by_the_caller() {
    let folder = Folder::new();
    folder.write("a.csv", "x,label\n1,1\n-7,0\n,1\nnan,0\n");
    let with = |missing| ImportOptions { missing: Some(missing), ..named("label", None, &["x"]) };
    let error = folder.error("a.csv", &with(-7.0));
    assert!(error.starts_with("DIR/a.csv: line 5, column x: found \"nan\""), "{error}");
    let events = folder.import("a.csv", &with(f32::NAN)).unwrap().events;
    assert_eq!(events.about().missing, [2]);
    assert_eq!(rows(&events).0[..2], [1.0, -7.0]);
}

#[test]
fn a_table_that_cannot_be_understood_is_refused() {
    let plain = ImportOptions::default();
    assert_eq!(
        error_of("x,y,x,label\n1,2,3,1\n", &options()),
        "DIR/a.csv: found two columns `x`, expected columns of different names\nhint: give one of them another name"
    );
    assert_eq!(
        error_of("x,w,label\n1,2,1\n", &options()),
        "DIR/a.csv: found columns x, w, label, expected one called `y`\nhint: `--features` names a column as the file has it"
    );
    assert_eq!(
        error_of("x,y,label\n1,2,1\n", &options()),
        "DIR/a.csv: found columns x, y, label, expected one called `w`\nhint: `--weight` names a column as the file has it"
    );
    assert_eq!(
        error_of("x,y,w\n1,2,1\n", &options()),
        "DIR/a.csv: found columns x, y, w, expected one called `label`\nhint: `--label` names a column as the file has it"
    );
    assert_eq!(
        error_of("x,y,label\n1,2,1\n", &plain),
        "DIR/a.csv: found columns x, y, label, expected those of UCI HIGGS, ATLAS HiggsML, FAIR Universe HiggsML, H -> tau tau\nhint: of another table, `apl data import --label` names the column of the label"
    );
    assert_eq!(
        error_of("1,2,1\n", &plain),
        "DIR/a.csv: found 3 columns without a header, expected a header, or the 29 columns of UCI HIGGS\nhint: `apl data import --label` is the number of the label's column where there is no header"
    );
    assert_eq!(
        error("").as_str(),
        "DIR/a.csv: found no rows, expected at least one\nhint: download the file again"
    );
    assert_eq!(
        error_of("\n\r\n \n", &plain),
        "DIR/a.csv: found no rows, expected at least one\nhint: download the file again"
    );
    assert_eq!(
        error_of("label\n1\n", &named("label", None, &[])),
        "DIR/a.csv: found columns label, expected features beside the label\nhint: `apl data import --features` names them"
    );
    for features in [["x", "kind"], ["x", "w"], ["x", "x"]] {
        assert_eq!(
            error_of("x,y,w,kind\n1,2,3,1\n", &named("kind", Some("w"), &features)),
            format!(
                "features: found `{}`, expected each column once, and neither label nor weight",
                features[1]
            )
        );
    }
    assert_eq!(
        error_of("x,label\n1,1\n", &named("label", Some("label"), &["x"])),
        "weight: found `label`, expected another column than the label"
    );
}

#[test]
fn other_features_are_the_rest_without_known_weights_and_numbers() {
    let folder = Folder::new();
    folder.write("a.csv", ",EventId,x,kind,Weight,y\n0,17,1.5,s,9,2.5\n");
    let options = ImportOptions { label: Some("kind".into()), ..ImportOptions::default() };
    let events = folder.import("a.csv", &options).unwrap().events;
    assert_eq!(events.features(), ["x", "y"]);
    assert_eq!(rows(&events).0, [1.5, 2.5]);
    // Without a header columns have numbers.
    folder.write("b.csv", "1.5,s,2.5\n");
    let options = ImportOptions { label: Some("2".into()), ..ImportOptions::default() };
    let events = folder.import("b.csv", &options).unwrap().events;
    assert_eq!((events.features(), rows(&events).1), (&["1".to_string(), "3".into()][..], vec![1]));
}

#[test]
fn quotes_marks_and_line_ends_of_other_programs_are_taken() {
    let folder = Folder::new();
    let plain = folder.write("a.csv", "x,y,w,label\n1,2,0.5,s\n3,4,0.25,b\n");
    let plain = folder.import_from(&plain, &options()).unwrap().events;
    for text in [
        "\u{FEFF}x,y,w,label\r\n1,2,0.5,s\r\n3,4,0.25,b",
        "\"x\",\"y\",\"w\",\"label\"\n1,2,0.5,\"s\"\n\"3\",4,\"0.25\",\"b\"\n",
        "\n x , y , w , label \n\n +1 , 2. , .5 , s \n 3e0, 4 ,2.5e-1,b \n\n",
    ] {
        folder.write("b.csv", text);
        let events = folder.import("b.csv", &options()).unwrap().events;
        assert_eq!(events.digest(), plain.digest(), "{text:?}");
    }
}

/// So many rows of about a hundred bytes, which make several blocks.
fn long(count: usize) -> String {
    let line = |row: usize| format!("{row},{}5,{:080},{}\n", row % 1000, row % 7, row % 2);
    "x,y,w,label\n".to_string() + &(0..count).map(line).collect::<String>()
}

#[test]
fn rows_of_many_blocks_stay_in_order() {
    let folder = Folder::new();
    let count = 60_000;
    let text = long(count);
    assert!(text.len() > 5 * BLOCK);
    folder.write("a.csv", &text);
    folder.write("a.gz", gzip(text.as_bytes()));
    let [plain, zipped] =
        ["a.csv", "a.gz"].map(|name| folder.import(name, &options()).unwrap().events);
    assert_eq!(plain.digest(), zipped.digest());
    let (features, labels, weights) = rows(&plain);
    for row in 0..count {
        assert_eq!(features[2 * row], row as f32);
        assert_eq!((labels[row], weights[row]), ((row % 2) as u8, (row % 7) as f32));
    }
    // Any number of threads gives the same.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = pool.install(|| folder.import("a.csv", &options())).unwrap().events;
    assert_eq!(alone.digest(), plain.digest());
    // The number of a line is right in a later block too.
    let broken = text.replacen("\n45000,", "\n\nx45000,", 1);
    folder.write("b.csv", &broken);
    let error = folder.error("b.csv", &options());
    assert_eq!(
        error,
        format!("DIR/b.csv: line 45003, column x: found \"x45000\", expected a number{SKIP}")
    );
    folder.write("b.csv", broken.replace("\n9,", "\nnine,"));
    assert!(folder.error("b.csv", &options()).contains("line 11, column x: found \"nine\""));
}

#[test]
fn gzip_that_is_cut_or_no_table_is_said() {
    let folder = Folder::new();
    let whole = gzip(long(60_000).as_bytes());
    folder.write("a.gz", &whole[..whole.len() - 9]);
    assert_eq!(
        folder.error("a.gz", &options()),
        format!(
            "DIR/a.gz: found a gzip stream that is cut short after {} bytes, expected a whole gzip file\nhint: download the file again",
            whole.len() - 9
        )
    );
    let mut bytes = whole.clone();
    let end = bytes.len();
    bytes[end - 6] ^= 1;
    folder.write("a.gz", &bytes);
    let error = folder.error("a.gz", &options());
    assert!(
        error.starts_with("DIR/a.gz: found ") && error.contains("expected a whole gzip file"),
        "{error}"
    );
    folder.write("a.gz", gzip(b"ustar\0\0\0"));
    assert_eq!(
        folder.error("a.gz", &options()),
        "DIR/a.gz: found something gzipped that is no text, expected a table of text\nhint: is this the right file?"
    );
    // Streams one after another are one text, as gzip has it.
    let text = "x,y,w,label\n1,2,3,1\n4,5,6,0\n";
    folder.write("b.gz", [gzip(&text.as_bytes()[..17]), gzip(&text.as_bytes()[17..])].concat());
    assert_eq!(folder.import("b.gz", &options()).unwrap().events.rows(), 2);
    folder.write("b.gz", gzip(b""));
    assert_eq!(
        folder.error("b.gz", &options()),
        "DIR/b.gz: found no lines, expected a table\nhint: download the file again"
    );
}

#[test]
fn a_line_without_end_is_refused() {
    let folder = Folder::new();
    folder.write("a.gz", gzip("1".repeat(3 * BLOCK).as_bytes()));
    assert_eq!(
        folder.error("a.gz", &options()),
        "DIR/a.gz: found a line of more than 1048576 bytes, expected a table of text with a line for each row\nhint: is this the right file?"
    );
}

#[test]
fn damaged_texts_do_not_panic() {
    let text = "x,y,w,label\n".to_string() + &"0.125,\"7\",1e-3,s\n-1,2.5,3,b\n".repeat(20);
    damage("a.csv", text.as_bytes(), &options());
    damage("a.gz", &gzip(text.as_bytes()), &options());
    damage("a.csv", text.as_bytes(), &ImportOptions { skip_bad: true, ..options() });
}
