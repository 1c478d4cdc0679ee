//! CIFAR's binary version: rows of one label byte, or of a coarse and a fine one, and an image `[3, 32, 32]`.

use std::path::Path;

use crate::{
    Error, Result,
    data::{Labelling, PIXELS, Set, rows::Rows},
};

/// Coarse classes of CIFAR-100.
const COARSE: u8 = 20;

/// The rows of one file. `path` names it in errors.
///
/// # Errors
/// [`Error::File`]: no rows, or a part of one; [`Error::Row`]: a label out of range.
pub(super) fn read(path: &Path, bytes: &[u8], labelling: Labelling) -> Result<Rows> {
    // The label that counts is the last one before the pixels.
    let labels = match labelling.set() {
        Set::Cifar100 => 2,
        Set::Cifar10 | Set::Images => 1,
    };
    let size = labels + PIXELS;
    if bytes.is_empty() || !bytes.len().is_multiple_of(size) {
        return Err(Error::File {
            path: path.into(),
            found: format!("{} bytes", bytes.len()),
            expected: format!("rows of {size} bytes"),
            hint: "the file is cut, or not the binary version; download it again".into(),
        });
    }
    let wrong =
        |row, found: String, expected| Err(Error::Row { path: path.into(), row, found, expected });
    let count = bytes.len() / size;
    let (mut pixels, mut found) = (Vec::with_capacity(count * PIXELS), Vec::with_capacity(count));
    for (row, bytes) in bytes.chunks_exact(size).enumerate() {
        let (head, image) = bytes.split_at(labels);
        if let &[coarse, _] = head
            && coarse >= COARSE
        {
            return wrong(row, format!("coarse label {coarse}"), format!("0 to {}", COARSE - 1));
        }
        let value = head[labels - 1];
        match labelling.label(value.into()) {
            Ok(label) => found.push(label),
            Err(expected) => return wrong(row, format!("label {value}"), expected),
        }
        pixels.extend_from_slice(image);
    }
    Ok(Rows { pixels, labels: found, scaled: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{cifar, expected, message};

    fn error(bytes: &[u8], set: Set) -> String {
        let labelling = Labelling::new(set, None).unwrap();
        message(read(Path::new("DIR/a.bin"), bytes, labelling), Path::new("DIR"))
    }

    #[test]
    fn rows_come_back_and_the_fine_label_counts() {
        for (set, classes) in [(Set::Cifar10, 10), (Set::Cifar100, 100)] {
            let rows = expected(95..115, classes);
            let labelling = Labelling::new(set, None).unwrap();
            let found = read(Path::new("a.bin"), &cifar::binary(&rows, set), labelling).unwrap();
            assert_eq!(found, rows);
        }
    }

    #[test]
    fn every_cut_and_every_wrong_label_is_named() {
        let whole = cifar::binary(&expected(0..3, 10), Set::Cifar10);
        for length in (0..whole.len()).filter(|length| *length == 0 || length % 3073 != 0) {
            let text = error(&whole[..length], Set::Cifar10);
            assert_eq!(
                text,
                format!(
                    "DIR/a.bin: found {length} bytes, expected rows of 3073 bytes\nhint: the file is cut, or not the binary version; download it again"
                )
            );
        }
        let mut bytes = whole.clone();
        bytes[2 * 3073] = 10;
        assert_eq!(
            error(&bytes, Set::Cifar10),
            "DIR/a.bin: row 2: found label 10, expected 0 to 9"
        );
        let whole = cifar::binary(&expected(0..3, 100), Set::Cifar100);
        for (place, what) in
            [(3074, "coarse label 255, expected 0 to 19"), (3075, "label 255, expected 0 to 99")]
        {
            let mut bytes = whole.clone();
            bytes[place] = 255;
            assert_eq!(error(&bytes, Set::Cifar100), format!("DIR/a.bin: row 1: found {what}"));
        }
    }
}
