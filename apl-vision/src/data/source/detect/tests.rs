//! Formats by the names that are there.

use super::*;
use crate::data::{
    source::cifar::Version,
    testing::{cifar, labelling, message},
};

/// A folder with empty files of these names; names that end in a slash are folders.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        if name.ends_with('/') {
            std::fs::create_dir_all(path).unwrap();
        } else {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
    }
    folder
}

fn error(names: &[&str], set: Set) -> String {
    let folder = folder(names);
    message(detect(folder.path(), labelling(set)), folder.path())
}

const LIST: &str = "\nhint: a source is one of
  the hub's parquet: plain_text/train-00000-of-00001.parquet and test-00000-of-00001.parquet
  cifar-10-batches-bin, or its .tar.gz: data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, test_batch.bin
  cifar-10-batches-py, or its .tar.gz: data_batch_1, data_batch_2, data_batch_3, data_batch_4, data_batch_5, test_batch
  class folders: train/CLASS/*.png and test/CLASS/*.png, or .jpg, .jpeg
  a folder that `apl data import` wrote
  `embedded`: generated images";

#[test]
fn files_are_found_in_the_folder_and_in_its_inner_folder() {
    for edition in Edition::ALL {
        let labelling = labelling(edition.set);
        let names: Vec<&str> = edition.files().concat();
        let flat = folder(&names);
        let found = detect(flat.path(), labelling).unwrap();
        assert_eq!(found, Layout::Encoded(Encoded::Cifar(flat.path().into(), edition)));
        let inner: Vec<String> =
            names.iter().map(|name| format!("{}/{name}", edition.folder())).collect();
        let outer = folder(&inner.iter().map(String::as_str).collect::<Vec<_>>());
        let place = outer.path().join(edition.folder());
        let inside = Layout::Encoded(Encoded::Cifar(place.clone(), edition));
        assert_eq!(detect(outer.path(), labelling).unwrap(), inside);
        assert_eq!(detect(&place, labelling).unwrap(), inside);
    }
    let parquet = ["train-00000-of-00001.parquet", "test-00000-of-00001.parquet"];
    for set in [Set::Cifar10, Set::Cifar100] {
        let inside = parquet.map(|name| format!("{}/{name}", shards::inner(set)));
        let folder = folder(&inside.each_ref().map(String::as_str));
        let found = detect(folder.path(), labelling(set)).unwrap();
        assert!(matches!(&found, Layout::Encoded(Encoded::Parquet(_))));
        assert_eq!(detect(&folder.path().join(shards::inner(set)), labelling(set)).unwrap(), found);
    }
    let folder = folder(&["dataset.json", "train.safetensors"]);
    let found = detect(folder.path(), labelling(Set::Cifar10)).unwrap();
    assert_eq!(found, Layout::Imported(folder.path().into()));
}

#[test]
fn the_sets_inner_folder_is_taken_among_those_of_others() {
    let names: Vec<String> = Edition::ALL
        .iter()
        .filter(|edition| edition.version == Version::Binary)
        .flat_map(|edition| {
            edition.files().concat().into_iter().map(|name| format!("{}/{name}", edition.folder()))
        })
        .collect();
    let folder = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for set in [Set::Cifar10, Set::Cifar100] {
        let edition = Edition { set, version: Version::Binary };
        assert_eq!(
            detect(folder.path(), labelling(set)).unwrap(),
            Layout::Encoded(Encoded::Cifar(folder.path().join(edition.folder()), edition))
        );
    }
}

#[test]
fn nothing_known_is_said_with_what_is_there_and_what_could_be() {
    let names: Vec<String> = (0..12).map(|n| format!("{n:02}.csv")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        error(&names, Set::Cifar10),
        format!(
            "DIR: found a folder with 00.csv, 01.csv, 02.csv, 03.csv, 04.csv, 05.csv, 06.csv, 07.csv and 4 more, expected the images of cifar10{LIST}"
        )
    );
    assert_eq!(
        error(&[], Set::Cifar10),
        format!("DIR: found a folder with nothing in it, expected the images of cifar10{LIST}")
    );
    let folder = folder(&["a.bin"]);
    let error =
        |name| message(detect(&folder.path().join(name), labelling(Set::Cifar10)), folder.path());
    assert_eq!(
        error("absent"),
        format!("DIR/absent: found nothing, expected the images of cifar10{LIST}")
    );
    assert_eq!(
        error("a.bin"),
        format!("DIR/a.bin: found a file that is no archive, expected the images of cifar10{LIST}")
    );
    let own = message(
        detect(folder.path(), Labelling::new(Set::Images, Some(3)).unwrap()),
        folder.path(),
    );
    assert!(
        own.contains("data/train-00000-of-00001.parquet") && !own.contains("embedded"),
        "{own}"
    );
}

#[test]
fn several_formats_another_set_and_missing_parts_are_said() {
    assert_eq!(
        error(&["data_batch_1", "plain_text/train-00000-of-00001.parquet"], Set::Cifar10),
        "DIR: found CIFAR-10's python version and parquet files, expected one of them\nhint: name the inner folder or the archive that is meant, or move the others away"
    );
    assert_eq!(
        error(&["train.bin", "test.bin"], Set::Cifar10),
        "DIR: found CIFAR-100's binary version, expected cifar10\nhint: `data.set = \"cifar100\"` reads it"
    );
    assert_eq!(
        error(&["cifar-100-python/train"], Set::Cifar100),
        "DIR/cifar-100-python: found CIFAR-100's python version without test, expected train, test\nhint: download the data set again; its authors' archive holds all of these"
    );
    assert!(
        error(&["train/a/1.png"], Set::Cifar10)
            .starts_with("DIR/test: found nothing, expected a folder with a folder for each class")
    );
    assert!(
        error(&["train-00000-of-00001.parquet"], Set::Cifar10)
            .starts_with("DIR: found no test file")
    );
}

#[test]
fn archives_are_known_by_their_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let tar = cifar::tar(&[("a".into(), vec![1])]);
    for (name, bytes) in [("a.zip", cifar::gzip(&tar)), ("b", tar)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let found = detect(&path, labelling(Set::Cifar10)).unwrap();
        assert_eq!(found, Layout::Encoded(Encoded::Archive(path)));
    }
}
