//! What comes out of a cache is what went in, or is made anew.

use super::*;
use crate::data::{
    PIXELS, Set,
    source::shards::Files,
    testing::{self, CIFAR10, expected, labelling, message, rows},
};

struct Folder(tempfile::TempDir);

impl Folder {
    /// A data set of 12 training and 5 test images.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, numbers) in [("train", 0..12), ("test", 12..17)] {
            testing::write(&folder.at(path), CIFAR10, &rows(numbers, 10), 4, true);
        }
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn files(&self) -> Encoded {
        Encoded::Parquet(Files { train: vec![self.at("train")], test: vec![self.at("test")] })
    }

    fn load(&self) -> [Images; 2] {
        let mut warnings = Vec::new();
        let (images, scaled) =
            load(&self.files(), labelling(Set::Cifar10), &self.at("cache"), &mut warnings).unwrap();
        assert_eq!(scaled, [0; 2]);
        assert!(warnings.is_empty(), "{warnings:?}");
        images
    }

    fn cached(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.at("cache")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}

fn read(path: &Path, set: Set) -> Option<Images> {
    stored::read(path, labelling(set)).ok().map(|(images, _)| images)
}

fn canonical() -> [Images; 2] {
    [0..12, 12..17].map(|numbers| expected(numbers, 10).canonical().unwrap())
}

#[test]
fn cold_and_cached_loads_agree_and_the_cache_is_used() {
    let folder = Folder::new();
    assert_eq!(folder.load(), canonical());
    let [test, train] = <[PathBuf; 2]>::try_from(folder.cached()).unwrap();
    for (path, split) in [(&test, "test"), (&train, "train")] {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("cifar10-{split}-")), "{name}");
    }
    let written = std::fs::metadata(&train).unwrap().modified().unwrap();
    assert_eq!(folder.load(), canonical());
    assert_eq!(std::fs::metadata(&train).unwrap().modified().unwrap(), written);
    assert_eq!(folder.cached().len(), 2);
    // Other source files are another key.
    testing::write(&folder.at("test"), CIFAR10, &rows(20..25, 10), 4, true);
    assert_ne!(folder.load()[1], canonical()[1]);
    assert_eq!(folder.cached().len(), 3);
}

#[test]
fn a_damaged_cache_is_made_anew() {
    let folder = Folder::new();
    folder.load();
    let path = folder.cached().pop().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let check = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        if let Some(images) = read(&path, Set::Cifar10) {
            assert_eq!(images, canonical()[0], "{what}");
        }
    };
    for length in (0..whole.len()).step_by(101) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(read(&path, Set::Cifar10).is_none(), "cut at {length}");
    }
    for place in (0..600).chain((600..whole.len()).step_by(37)) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        check(&bytes, &format!("byte {place}"));
    }
    std::fs::write(&path, "no safetensors").unwrap();
    assert_eq!(folder.load(), canonical());
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

/// Rows in another order, or an older number of the format, with a right digest.
#[test]
fn a_cache_of_another_format_or_order_is_made_anew() {
    let folder = Folder::new();
    let [train, _] = folder.load();
    let path = folder.cached().pop().unwrap();
    let whole = std::fs::read(&path).unwrap();
    stored::write(&path, &train.select(&[1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).unwrap(), 0)
        .unwrap();
    assert!(read(&path, Set::Cifar10).is_none());
    assert_eq!(folder.load(), canonical());
    let position = whole.windows(12).position(|part| part == b"apl-images-1").unwrap();
    let mut older = whole.clone();
    older[position + 11] = b'0';
    std::fs::write(&path, &older).unwrap();
    assert!(read(&path, Set::Cifar10).is_none());
    assert_eq!(folder.load(), canonical());
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    // Labels beyond the classes: the file was made for another set.
    let images = Images::canonical(vec![1; PIXELS], vec![99]).unwrap();
    stored::write(&path, &images, 0).unwrap();
    assert!(read(&path, Set::Cifar10).is_none());
    assert_eq!(read(&path, Set::Cifar100), Some(images));
}

#[test]
fn a_folder_that_cannot_be_written_costs_a_warning() {
    let folder = Folder::new();
    std::fs::write(folder.at("cache"), "a file where the folder should be").unwrap();
    let mut warnings = Vec::new();
    let (images, _) =
        load(&folder.files(), labelling(Set::Cifar10), &folder.at("cache"), &mut warnings).unwrap();
    assert_eq!(images, canonical());
    let [warning] = <[String; 1]>::try_from(warnings).unwrap();
    let expected =
        format!("{}: decoded images cannot be kept here (", folder.at("cache").display());
    assert!(warning.starts_with(&expected), "{warning}");
    assert!(warning.ends_with("); the next run decodes them again"), "{warning}");
}

#[test]
fn a_missing_source_is_named() {
    let folder = Folder::new();
    std::fs::remove_file(folder.at("test")).unwrap();
    let result =
        load(&folder.files(), labelling(Set::Cifar10), &folder.at("cache"), &mut Vec::new());
    assert!(message(result, folder.0.path()).contains("DIR/test"));
}
