//! Class folders as they should be and as they should not.

use super::*;
use crate::data::testing::{encode, image, jpeg, labelling, message, png_of};

struct Folder(tempfile::TempDir);

impl Folder {
    /// Two pictures of each of these classes in train, one in test.
    fn new(classes: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (n, class) in (0..).zip(classes) {
            folder.write(&format!("train/{class}/b.png"), &png_of(&image(3 * n)));
            folder.write(&format!("train/{class}/a.PNG"), &png_of(&image(3 * n + 1)));
            folder.write(&format!("test/{class}/c.jpg"), &png_of(&image(3 * n + 2)));
        }
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn list(&self, classes: usize) -> Result<Pictures> {
        Pictures::list(self.0.path(), Labelling::new(Set::Images, Some(classes)).unwrap())
    }

    fn read(&self, classes: usize) -> Result<[Rows; 2]> {
        self.list(classes)?.read()
    }

    fn error(&self, classes: usize) -> String {
        message(self.read(classes), self.0.path())
    }
}

const HINT: &str = "\nhint: pictures lie in train/CLASS/ and test/CLASS/";

#[test]
fn labels_follow_the_byte_order_of_the_names() {
    let folder = Folder::new(&["b", "a", "Z"]);
    // What is hidden, or neither PNG nor JPEG by its name, is passed over.
    for name in [
        "train/.DS_Store",
        "train/a/.hidden.png",
        "train/a/Thumbs.db",
        "test/README.md",
        "train/.git/x",
    ] {
        folder.write(name, b"no picture");
    }
    let pictures = folder.list(3).unwrap();
    assert_eq!(pictures.classes(), ["Z", "a", "b"]);
    let [train, test] = pictures.read().unwrap();
    assert_eq!(train.labels, [0, 0, 1, 1, 2, 2]);
    assert_eq!(train.pixels, [7, 6, 4, 3, 1, 0].map(image).concat());
    assert_eq!((test.labels, test.scaled), (vec![0, 1, 2], 0));
    assert_eq!(test.pixels, [8, 5, 2].map(image).concat());
}

#[test]
fn other_sizes_are_counted() {
    let folder = Folder::new(&["a", "b"]);
    folder.write("train/a/large.jpeg", &jpeg::encode(64, 48, 3, |_, _| vec![90, 128, 128]));
    folder.write("train/b/small.png", &encode(&[8; 300], 10, 10, ::png::ColorType::Rgb));
    let [train, test] = folder.read(2).unwrap();
    assert_eq!((train.scaled, test.scaled), (2, 0));
    assert_eq!(train.pixels[2 * PIXELS..][..PIXELS], [90; PIXELS]);
    assert_eq!(train.pixels[5 * PIXELS..], [8; PIXELS]);
}

#[test]
fn what_names_the_contents_covers_classes_and_bytes() {
    let key = |folder: &Folder| folder.list(2).unwrap().keys().unwrap();
    let first = Folder::new(&["a", "b"]);
    assert_eq!(key(&first), key(&Folder::new(&["a", "b"])));
    first.write("train/a/c.png", &png_of(&image(50)));
    let more = key(&first);
    assert_ne!(more[0], key(&Folder::new(&["a", "b"]))[0]);
    assert_eq!(more[1], key(&Folder::new(&["a", "b"]))[1]);
    // The same bytes in another class.
    std::fs::rename(first.0.path().join("train/a/c.png"), first.0.path().join("train/b/c.png"))
        .unwrap();
    assert_ne!(key(&first)[0], more[0]);
}

#[test]
fn misplaced_missing_and_damaged_files_are_named() {
    let folder = Folder::new(&["a", "b"]);
    assert_eq!(
        folder.error(3),
        "DIR/train: found 2 class folders, expected 3\nhint: `data.classes = 2` reads them all"
    );
    assert_eq!(
        message(Pictures::list(folder.0.path(), labelling(Set::Cifar10)), folder.0.path()),
        "DIR/train: found 2 class folders, expected 10\nhint: these are not the classes of cifar10; `data.set = \"images\"` with `data.classes = 2` reads images of one's own"
    );
    let with = |name: &str, bytes: &[u8]| {
        let folder = Folder::new(&["a", "b"]);
        folder.write(name, bytes);
        folder.error(2)
    };
    assert_eq!(
        with("train/a/inner/x.png", b""),
        format!(
            "DIR/train/a/inner: found a folder, expected pictures in the folder of a class{HINT}"
        )
    );
    assert_eq!(
        with("test/x.png", b""),
        format!(
            "DIR/test/x.png: found a picture, expected pictures in the folders of classes{HINT}"
        )
    );
    assert_eq!(
        with("train/c/readme.txt", b""),
        format!(
            "DIR/test: found no folder of class \"c\", which train has, expected the same classes in train and test{HINT}"
        )
    );
    assert_eq!(
        with("test/c/x.png", b""),
        format!(
            "DIR/train: found no folder of class \"c\", which test has, expected the same classes in train and test{HINT}"
        )
    );
    let folder = Folder::new(&["a", "b"]);
    folder.write("train/c/readme.txt", b"");
    folder.write("test/c/x.png", b"");
    assert_eq!(
        folder.error(3),
        format!("DIR/train/c: found no picture, expected *.png, *.jpg or *.jpeg{HINT}")
    );
    let hint = "\nhint: repair or remove the file";
    assert_eq!(
        with("test/b/x.jpg", b"GIF89a"),
        format!(
            "DIR/test/b/x.jpg: found neither PNG nor JPEG data, expected a PNG or JPEG picture{hint}"
        )
    );
    let whole = png_of(&image(1));
    assert_eq!(
        with("train/b/x.png", &whole[..whole.len() / 2]),
        format!(
            "DIR/train/b/x.png: found unexpected end of file, expected a whole PNG image{hint}"
        )
    );
    let cmyk = jpeg::encode(32, 32, 4, |_, _| vec![1, 2, 3, 4]);
    assert_eq!(
        with("train/b/x.jpeg", &cmyk),
        format!("DIR/train/b/x.jpeg: found CMYK colours, expected a JPEG in grey or RGB{hint}")
    );
}

#[test]
fn cifars_classes_by_other_names_are_warned_of() {
    let names = Set::Cifar10.class_names().unwrap();
    let folder = Folder::new(names);
    let list = |folder: &Folder| Pictures::list(folder.0.path(), labelling(Set::Cifar10)).unwrap();
    assert_eq!(list(&folder).warning(labelling(Set::Cifar10)), None);
    let other: Vec<&str> =
        names.iter().map(|&name| if name == "automobile" { "car" } else { name }).collect();
    assert_eq!(
        list(&Folder::new(&other)).warning(labelling(Set::Cifar10)).unwrap(),
        "class folders are not named as the classes of cifar10 (label 1 is \"bird\", not \"automobile\"): labels follow their byte order and may be others than everybody's"
    );
}
