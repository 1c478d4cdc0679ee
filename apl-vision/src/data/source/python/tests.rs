//! What Python wrote is read, by whatever version and protocol; anything else is said.

use proptest::prelude::*;

use super::*;
use crate::data::testing::{cifar, expected, labelling, message};

/// Files that Python wrote, by `reference/python2.py` and `reference/python3.py`.
const WRITTEN: [&[u8]; 9] = [
    include_bytes!("reference/python2-protocol0.pickle"),
    include_bytes!("reference/python2-protocol1.pickle"),
    include_bytes!("reference/python2-protocol2.pickle"),
    include_bytes!("reference/python3-protocol0.pickle"),
    include_bytes!("reference/python3-protocol1.pickle"),
    include_bytes!("reference/python3-protocol2.pickle"),
    include_bytes!("reference/python3-protocol3.pickle"),
    include_bytes!("reference/python3-protocol4.pickle"),
    include_bytes!("reference/python3-protocol5.pickle"),
];

/// What those files hold.
fn reference() -> Rows {
    let value = |n: usize, i: usize| (n * n * 31 + i * 7 + i * i / 5) as u8;
    let pixels = (0..2).flat_map(|n| (0..PIXELS).map(move |i| value(n, i))).collect();
    Rows { pixels, labels: vec![3, 9], scaled: 0 }
}

fn read10(bytes: &[u8]) -> Result<Rows> {
    read(Path::new("DIR/a"), bytes, labelling(Set::Cifar10))
}

fn error(bytes: &[u8]) -> String {
    let text = message(read10(bytes), Path::new("DIR")).replace("DIR/a: row ", "DIR/a: found row ");
    let hint = "\nhint: a file of the python version is a pickle of a dictionary with `data` and `labels`; download it again";
    let text = text.strip_prefix("DIR/a: found ").unwrap_or_else(|| panic!("{text}"));
    text.strip_suffix(hint).unwrap_or(text).into()
}

#[test]
fn every_version_of_python_and_every_protocol_is_read() {
    for (n, bytes) in WRITTEN.iter().enumerate() {
        assert_eq!(read10(bytes).unwrap(), reference(), "file {n}");
    }
}

/// The writer of the other tests writes what Python 2 wrote, to the byte.
#[test]
fn the_tests_write_as_python_does() {
    assert!(cifar::python(&reference(), "labels") == WRITTEN[2]);
}

#[test]
fn fine_labels_count_for_cifar100() {
    let rows = expected(90..105, 100);
    let bytes = cifar::python(&rows, "fine_labels");
    assert_eq!(read(Path::new("a"), &bytes, labelling(Set::Cifar100)).unwrap(), rows);
    assert_eq!(
        error(&bytes),
        "a dictionary of batch_label, data, filenames, fine_labels, expected `labels` in it"
    );
    let bytes = cifar::python(&rows, "labels");
    assert_eq!(error(&bytes), "row 0: found label 90, expected 0 to 9");
}

/// A pickle in protocol 2 with these entries of the dictionary.
fn dictionary(entries: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x02}(", entries.concat().as_slice(), b"u."].concat()
}

/// An array by numpy's older calls: rows and columns, whether the first index runs fastest, the type, the bytes.
fn array(shape: &[u8], fortran: bool, code: &str, order: u8, bytes: &[u8]) -> Vec<u8> {
    let mut text =
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
            .to_vec();
    text.extend(shape);
    text.extend(b"cnumpy\ndtype\nU\x02");
    text.extend(code.as_bytes());
    text.extend(b"K\x00K\x01\x87R(K\x03U\x01");
    text.push(order);
    text.extend(b"NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\x00tb");
    text.push(if fortran { 0x88 } else { 0x89 });
    text.push(b'T');
    text.extend((bytes.len() as u32).to_le_bytes());
    text.extend(bytes);
    text.extend(b"tb");
    text
}

const LABELS: &[u8] = b"U\x06labels](K\x01K\x02e";
const TWO_ROWS: &[u8] = b"K\x02M\x00\x0C\x86";

#[test]
fn arrays_lie_in_either_order_and_labels_may_be_arrays() {
    let rows = expected(1..3, 10);
    let turned: Vec<u8> =
        (0..PIXELS).flat_map(|i| [rows.pixels[i], rows.pixels[PIXELS + i]]).collect();
    let data = [b"U\x04data", array(TWO_ROWS, true, "u1", b'|', &turned).as_slice()].concat();
    assert_eq!(read10(&dictionary(&[&data, LABELS])).unwrap(), rows);
    for (code, bytes) in [
        ("u1", &[1u8, 2][..]),
        ("i2", &[1, 0, 2, 0]),
        ("i8", &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let order = if code == "u1" { b'|' } else { b'<' };
        let labels =
            [b"U\x06labels", array(b"K\x02\x85", false, code, order, bytes).as_slice()].concat();
        assert_eq!(read10(&dictionary(&[&data, &labels])).unwrap(), rows);
    }
    let labels =
        [b"U\x06labels", array(b"K\x02\x85", false, "i1", b'|', &[1, 0xFE]).as_slice()].concat();
    assert_eq!(error(&dictionary(&[&data, &labels])), "row 1: found label -2, expected 0 to 9");
}

#[test]
fn another_dictionary_is_said() {
    let zeros = [0; 2 * PIXELS];
    let data = |array: Vec<u8>| dictionary(&[b"U\x04data", &array, LABELS]);
    assert_eq!(read10(&data(array(TWO_ROWS, false, "u1", b'|', &zeros))).unwrap().labels, [1, 2]);
    for (bytes, expected) in [
        (
            data(array(b"K\x01M\x00\x0C\x86", false, "u1", b'|', &zeros[..PIXELS])),
            "1 rows in `data`, expected bytes [2, 3072], a row for each label",
        ),
        (
            data(array(b"M\x00\x0CK\x02\x86", false, "u1", b'|', &zeros)),
            "an array of shape [3072, 2] in `data`, expected bytes [2, 3072], a row for each label",
        ),
        (
            data(array(TWO_ROWS, false, "i1", b'|', &zeros)),
            "an array of shape [2, 3072] in `data`, expected bytes [2, 3072], a row for each label",
        ),
        (
            data(array(TWO_ROWS, false, "u1", b'|', &zeros[1..])),
            "6143 bytes for an array of shape [2, 3072] in `data`, expected 1 an element",
        ),
        (
            // 2^31-1 by 2^31-1 elements of 8 bytes: more than there are addresses.
            data(array(b"J\xFF\xFF\xFF\x7FJ\xFF\xFF\xFF\x7F\x86", false, "u8", b'<', &[])),
            "0 bytes for an array of shape [2147483647, 2147483647] in `data`, expected 8 an element",
        ),
        (
            data(array(b"J\xFF\xFF\xFF\xFF\x85", false, "u1", b'|', &[])),
            "an array without shape in `data`, expected one",
        ),
        (data(b"K\x01".to_vec()), "an integer in `data`, expected an array"),
        (
            data(
                b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
                    .to_vec(),
            ),
            "an array without contents in `data`, expected them",
        ),
        (dictionary(&[b"K\x01N"]), "a dictionary of , expected `labels` in it"),
        (b"\x80\x02].".to_vec(), "a pickle of a list, expected a pickle of a dictionary"),
        (
            dictionary(&[b"U\x06labels](K\x01NeU\x04dataN"]),
            "None in a list in `labels`, expected a list of integers",
        ),
    ] {
        assert_eq!(error(&bytes), expected);
    }
    assert!(
        error(&data(array(TWO_ROWS, false, "f4", b'<', &zeros)))
            .ends_with("elements of type \"f4\", expected integers")
    );
    assert!(error(&data(array(TWO_ROWS, false, "i2", b'>', &zeros))).ends_with(
        "elements of another kind or byte order, expected plain integers, the lowest byte first"
    ));
}

/// Cut anywhere a file is an error; changed anywhere it is rows or an error.
#[test]
fn damaged_files_are_errors_and_never_panics() {
    for whole in WRITTEN {
        let few = (0..whole.len()).step_by(1 + whole.len() / 700);
        for length in few.chain(0..400.min(whole.len())).chain(whole.len() - 300..whole.len()) {
            assert!(read10(&whole[..length]).is_err(), "cut at {length}");
        }
        let edges = (0..500).chain(whole.len() - 300..whole.len());
        for place in edges.filter(|place| *place < whole.len()) {
            for mask in [0x01, 0x80, 0xFF] {
                let mut bytes = whole.to_vec();
                bytes[place] ^= mask;
                if let Ok(rows) = read10(&bytes) {
                    assert_eq!(rows.pixels.len(), rows.labels.len() * PIXELS);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn several_changes_do_no_more(
        file in 0..WRITTEN.len(),
        changes in prop::collection::vec((0usize..600, any::<u8>()), 1..8),
    ) {
        let mut bytes = WRITTEN[file].to_vec();
        let length = bytes.len();
        for (place, value) in changes {
            // The beginning and the end; the pixels are between them.
            let place = if place < 300 { place } else { length - place + 299 };
            bytes[place] = value;
        }
        if let Ok(rows) = read10(&bytes) {
            prop_assert_eq!(rows.pixels.len(), rows.labels.len() * PIXELS);
        }
    }
}
