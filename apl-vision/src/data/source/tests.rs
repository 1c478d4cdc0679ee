//! The same images in every format are the same images.

use std::path::Path;

use crate::data::{
    Data, DataConfig, Folders, Set, Source,
    rows::Rows,
    testing::{self, CIFAR10, CIFAR100, cifar, expected, png_of, rows},
};

/// Writes the rows of every format below a folder and gives the paths that name them, each with what it is.
fn every_format(folder: &Path, set: Set, [train, test]: [u32; 2]) -> Vec<String> {
    let (classes, schema) = if set == Set::Cifar100 { (100, CIFAR100) } else { (10, CIFAR10) };
    let numbers = [0..train, train..train + test];
    let splits: [Rows; 2] = numbers.clone().map(|numbers| expected(numbers, classes));
    for (split, numbers) in ["train", "test"].into_iter().zip(numbers.clone()) {
        let path = folder.join(format!("parquet/{split}-00000-of-00001.parquet"));
        testing::write(&path, schema, &rows(numbers.clone(), classes), 9, true);
        let path = folder.join(format!("turned/{split}-00000-of-00001.parquet"));
        testing::write(&path, schema, &rows(numbers.rev(), classes), 100, false);
    }
    for (name, pickled) in [("binary", false), ("python", true)] {
        let files = cifar::files(&splits[0], &splits[1], set, pickled);
        cifar::folder(&folder.join(name), &files);
        std::fs::write(folder.join(format!("{name}.tar")), cifar::tar(&files)).unwrap();
        std::fs::write(folder.join(format!("{name}.tgz")), cifar::gzip(&cifar::tar(&files)))
            .unwrap();
    }
    for (split, numbers) in ["train", "test"].into_iter().zip(numbers) {
        for n in numbers {
            let class = set.class_names().unwrap()[(n % classes) as usize];
            let path = folder.join(format!("pictures/{split}/{class}/{n}.png"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, png_of(&testing::image(n))).unwrap();
        }
    }
    [
        "parquet",
        "turned",
        "binary",
        "binary.tar",
        "binary.tgz",
        "python",
        "python.tar",
        "python.tgz",
        "pictures",
    ]
    .map(String::from)
    .to_vec()
}

#[test]
fn every_format_gives_the_same_images() {
    for (set, counts) in [(Set::Cifar10, [41, 13]), (Set::Cifar100, [230, 100])] {
        let folder = tempfile::tempdir().unwrap();
        let classes = set.class_names().unwrap().len() as u32;
        let train = expected(0..counts[0], classes).canonical().unwrap();
        let test = expected(counts[0]..counts[0] + counts[1], classes).canonical().unwrap();
        let cache = folder.path().join("cache");
        let folders = Folders { hub: folder.path(), cache: &cache };
        for name in every_format(folder.path(), set, counts) {
            let source = Source::Path(folder.path().join(&name));
            let config = DataConfig { source, set, ..DataConfig::default() };
            for _cold_and_cached in 0..2 {
                let data = Data::load(&config, folders).unwrap();
                assert_eq!(data.train.digest(), train.digest(), "{name}");
                assert_eq!((&data.train, &data.test), (&train, &test), "{name}");
                assert!(data.warnings.is_empty(), "{:?}", data.warnings);
            }
        }
        // Each of the nine, both splits, was kept.
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 2 * 9);
    }
}

/// The warning about other sizes comes with decoded images as with kept ones.
#[test]
fn scaled_images_are_warned_of_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for split in ["train", "test"] {
        for class in ["cats", "dogs", "owls"] {
            let path = folder.path().join(split).join(class);
            std::fs::create_dir_all(&path).unwrap();
            let large = testing::encode(&[9; 40 * 50 * 3], 40, 50, ::png::ColorType::Rgb);
            std::fs::write(path.join("a.png"), large).unwrap();
            std::fs::write(path.join("b.png"), png_of(&testing::image(5))).unwrap();
        }
    }
    let cache = folder.path().join("cache");
    let folders = Folders { hub: folder.path(), cache: &cache };
    let source = Source::Path(folder.path().into());
    let config = DataConfig { source, set: Set::Images, classes: Some(3), ..DataConfig::default() };
    for _cold_and_cached in 0..2 {
        let data = Data::load(&config, folders).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (6, 6));
        let expected = format!(
            "{}: 6 of 12 images had another size and were scaled to 32x32",
            folder.path().display()
        );
        assert_eq!(data.warnings, [expected]);
    }
}
