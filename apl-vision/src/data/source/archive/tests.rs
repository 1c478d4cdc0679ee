//! Archives in every state.

use proptest::prelude::*;

use super::*;
use crate::data::{
    Set,
    testing::{
        cifar::{files, gzip, tar},
        expected, labelling, message,
    },
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn read(&self, bytes: &[u8], set: Set) -> Result<[Rows; 2]> {
        let path = self.0.path().join("a.tar.gz");
        std::fs::write(&path, bytes).unwrap();
        read(&path, labelling(set))
    }

    fn error(&self, bytes: &[u8], set: Set) -> String {
        message(self.read(bytes, set), self.0.path())
    }
}

fn ten(pickled: bool) -> Vec<(String, Vec<u8>)> {
    files(&expected(0..11, 10), &expected(11..15, 10), Set::Cifar10, pickled)
}

#[test]
fn both_versions_of_both_sets_are_read_packed_or_not() {
    let folder = Folder::new();
    for (set, classes) in [(Set::Cifar10, 10), (Set::Cifar100, 100)] {
        let rows = [expected(0..11, classes), expected(11..15, classes)];
        for pickled in [false, true] {
            let mut files = files(&rows[0], &rows[1], set, pickled);
            // The authors' archives are in no order and hold other files.
            files.reverse();
            files.push(("batches.meta".into(), b"anything".to_vec()));
            files.push(("._train".into(), b"left by macOS".to_vec()));
            let tar = tar(&files);
            assert_eq!(folder.read(&tar, set).unwrap(), rows);
            assert_eq!(folder.read(&gzip(&tar), set).unwrap(), rows);
        }
    }
}

#[test]
fn what_is_missing_double_or_of_another_set_is_named() {
    let folder = Folder::new();
    let mut some = ten(false);
    some.remove(2);
    assert_eq!(
        folder.error(&tar(&some), Set::Cifar10),
        "DIR/a.tar.gz: found CIFAR-10's binary version without data_batch_3.bin, expected data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, test_batch.bin\nhint: download the data set again; its authors' archive holds all of these"
    );
    assert_eq!(
        folder.error(&tar(&ten(true)), Set::Cifar100),
        "DIR/a.tar.gz: found CIFAR-10's python version, expected cifar100\nhint: `data.set = \"cifar10\"` reads it"
    );
    let both = [ten(true), ten(false)].concat();
    assert_eq!(
        folder.error(&tar(&both), Set::Cifar10),
        "DIR/a.tar.gz: found CIFAR-10's binary version and CIFAR-10's python version, expected one of them\nhint: name the inner folder or the archive that is meant, or move the others away"
    );
    let twice = [ten(true), ten(true)].concat();
    assert!(
        folder
            .error(&tar(&twice), Set::Cifar10)
            .starts_with("DIR/a.tar.gz: found two files data_batch_1, expected a whole archive")
    );
    let others: Vec<_> = (0..12).map(|n| (format!("{n:02}.txt"), vec![7; 9])).collect();
    assert!(
        folder.error(&tar(&others), Set::Cifar10).starts_with(
            "DIR/a.tar.gz: found an archive with 00.txt, 01.txt, 02.txt, 03.txt, 04.txt, 05.txt, 06.txt, 07.txt, expected the images of cifar10\nhint: a source is one of\n"
        )
    );
    assert!(folder.error(&tar(&[]), Set::Cifar10).contains("an archive with nothing in it"));
    let mut wrong = ten(false);
    wrong[1].1[0] = 10;
    assert_eq!(
        folder.error(&tar(&wrong), Set::Cifar10),
        "DIR/a.tar.gz/data_batch_2.bin: row 0: found label 10, expected 0 to 9"
    );
}

/// A header of an entry with a name, a kind and a size that need not be true.
fn header(name: &str, kind: tar::EntryType, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn hostile_entries_lead_nowhere() {
    use tar::EntryType::{Link, Regular, Symlink};
    let folder = Folder::new();
    let whole = tar(&ten(false));
    // Links are no files, whatever their names; a file's folders do not matter, as nothing is written.
    let links = [
        header("train.bin", Symlink, 0),
        header("data_batch_1.bin", Link, 0),
        header("/etc/passwd", Regular, 0),
    ];
    let rows = folder.read(&[links.concat(), whole.clone()].concat(), Set::Cifar10).unwrap();
    assert_eq!(rows[0].labels.len(), 11);
    let outside = header("../../../data_batch_1.bin", Regular, 3073);
    let mut row = vec![1; 3073];
    row.resize(3584, 0);
    let text = folder.error(&[outside, row, whole.clone()].concat(), Set::Cifar10);
    assert!(text.starts_with("DIR/a.tar.gz: found two files data_batch_1.bin"), "{text}");
    for (size, found) in [
        (
            1 << 32,
            "DIR/a.tar.gz/data_batch_1.bin: found 4294967296 bytes, expected at most 268435456 bytes",
        ),
        (
            200_000_000,
            "DIR/a.tar.gz: found 1024 of 200000000 bytes of data_batch_1.bin, expected a whole archive",
        ),
    ] {
        let bytes = [header("data_batch_1.bin", Regular, size), vec![0; 1024]].concat();
        let text = folder.error(&bytes, Set::Cifar10);
        assert!(text.starts_with(found), "{text}");
    }
}

/// A gigabyte of zeros in a megabyte of gzip: the limit ends it, and nothing of it is kept.
#[test]
fn a_bomb_does_not_go_off() {
    let folder = Folder::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    use std::io::Write;
    encoder.write_all(&header("anything", tar::EntryType::Regular, 1 << 40)).unwrap();
    for _ in 0..1025 {
        encoder.write_all(&zeros).unwrap();
    }
    let text = folder.error(&encoder.finish().unwrap(), Set::Cifar10);
    assert!(
        text.starts_with("DIR/a.tar.gz: found more than 1073741824 bytes when it is unpacked"),
        "{text}"
    );
}

#[test]
fn cut_and_changed_archives_are_errors() {
    let folder = Folder::new();
    let plain = tar(&ten(true));
    let packed = gzip(&plain);
    for length in (600..packed.len()).step_by(1 + packed.len() / 60) {
        assert!(folder.read(&packed[..length], Set::Cifar10).is_err(), "cut at {length}");
    }
    // Behind the last file there are only zeros.
    let end = plain.iter().rposition(|&byte| byte != 0).unwrap();
    for length in (600..end).step_by(1 + plain.len() / 60) {
        assert!(folder.read(&plain[..length], Set::Cifar10).is_err(), "cut at {length}");
    }
    let original = folder.read(&packed, Set::Cifar10).unwrap();
    for place in (0..packed.len()).step_by(1 + packed.len() / 150) {
        let mut bytes = packed.clone();
        bytes[place] ^= 0x40;
        // Gzip's header holds a name and a time, which do not matter.
        match folder.read(&bytes, Set::Cifar10) {
            Ok(rows) => assert!(place < 10 && rows == original, "byte {place}"),
            Err(error) => assert!(error.to_string().contains("a.tar.gz"), "{error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn changes_anywhere_are_rows_or_an_error(changes in prop::collection::vec((0usize..4000, any::<u8>()), 1..6), pickled: bool) {
        let mut bytes = tar(&ten(pickled));
        for (place, value) in changes {
            bytes[place] = value;
        }
        let folder = Folder::new();
        let path = folder.0.path().join("a");
        std::fs::write(&path, &bytes).unwrap();
        let _ = is_archive(&path);
        let _ = read(&path, labelling(Set::Cifar10));
    }
}
