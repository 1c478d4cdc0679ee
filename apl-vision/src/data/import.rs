//! Writes any source as a folder of decoded images, which is a source itself.

use std::path::Path;

use apl_train::run::file;

use crate::{
    Error, Result,
    data::{
        DataConfig, Folders, load,
        source::imported::{self, DESCRIPTION, Description, FORMAT, Part},
        stored,
    },
};

/// Reads all images of a configuration's source and writes them into `folder`: `train.safetensors`, `test.safetensors` and, last, `dataset.json`,
/// which says what they are. The folder is made if there is none. `data.source`, or `--data`, may then name it. Returns what looked odd on the way,
/// a line each.
///
/// `train`, `test` and `validation` of the configuration do not matter, except that they number generated images.
///
/// ```
/// use apl_vision::data::{DataConfig, Folders, Source, import, verify};
/// let folder = tempfile::tempdir()?;
/// let folders = Folders { hub: folder.path(), cache: folder.path() };
/// let generated = DataConfig { train: Some(60), test: Some(20), ..DataConfig::default() };
/// let imported = folder.path().join("generated");
/// import(&generated, folders, &imported)?;
/// let config = DataConfig { source: Source::Path(imported), ..DataConfig::default() };
/// assert_eq!(verify(&config, folders)?.train.digest, verify(&generated, folders)?.train.digest);
/// # Ok::<(), apl_vision::Error>(())
/// ```
///
/// # Errors
/// As [`Data::load`](crate::data::Data::load); a folder that holds anything already, or cannot be written.
pub fn import(config: &DataConfig, folders: Folders, folder: &Path) -> Result<Vec<String>> {
    config.check()?;
    let labelling = config.labelling()?;
    check_empty(folder)?;
    let mut warnings = Vec::new();
    let opened = load::open(config, folders, &mut warnings)?;
    let [train, test] = &opened.images;
    let [scaled_train, scaled_test] = opened.scaled;
    for (split, images, scaled) in [("train", train, scaled_train), ("test", test, scaled_test)] {
        let path = imported::file(folder, split);
        stored::write(&path, images, scaled).map_err(|error| Error::unwritable(&path, &error))?;
    }
    let description = Description {
        format: FORMAT,
        set: labelling.set(),
        classes: labelling.classes(),
        class_names: opened.class_names,
        train: Part::of(train, scaled_train),
        test: Part::of(test, scaled_test),
    };
    let path = folder.join(DESCRIPTION);
    let write = || {
        let text = serde_json::to_string_pretty(&description)?;
        file::whole(&path, |file| writeln!(file, "{text}"))
    };
    write().map_err(|error| Error::unwritable(&path, &error))?;
    Ok(warnings)
}

/// That a folder is empty or not there.
fn check_empty(folder: &Path) -> Result<()> {
    let found = if !folder.exists() {
        return Ok(());
    } else if !folder.is_dir() {
        "a file"
    } else if fs_err::read_dir(folder)?.next().is_none() {
        return Ok(());
    } else {
        "a folder that is not empty"
    };
    Err(Error::File {
        path: folder.into(),
        found: found.into(),
        expected: "an empty folder or none".into(),
        hint: "name another folder; nothing here is overwritten".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{
        Data, Labelling, PIXELS, Set, Source,
        testing::{cifar, expected, message, png_of},
    };

    struct Folder(tempfile::TempDir);

    impl Folder {
        /// A data set of 41 training and 13 test images, imported.
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            let files =
                cifar::files(&expected(0..41, 10), &expected(41..54, 10), Set::Cifar10, true);
            cifar::folder(&folder.0.path().join("python"), &files);
            assert!(folder.import("python", "imported").unwrap().is_empty());
            folder
        }

        fn config(&self, name: &str) -> DataConfig {
            DataConfig { source: Source::Path(self.0.path().join(name)), ..DataConfig::default() }
        }

        fn import(&self, from: &str, to: &str) -> Result<Vec<String>> {
            let cache = self.0.path().join("cache");
            let folders = Folders { hub: &cache, cache: &cache };
            import(&self.config(from), folders, &self.0.path().join(to))
        }

        fn load(&self, config: &DataConfig) -> Result<Data> {
            let unused = self.0.path().join("unused");
            Data::load(config, Folders { hub: &unused, cache: &unused })
        }

        fn error(&self, config: &DataConfig) -> String {
            message(self.load(config), self.0.path())
        }
    }

    #[test]
    fn an_imported_folder_is_a_source_without_cache() {
        let folder = Folder::new();
        let data = folder.load(&folder.config("imported")).unwrap();
        assert_eq!(data.train, expected(0..41, 10).canonical().unwrap());
        assert_eq!(data.test, expected(41..54, 10).canonical().unwrap());
        assert!(!folder.0.path().join("unused").exists());
        // Once more from there: the same files.
        folder.import("imported", "again").unwrap();
        for name in ["train.safetensors", "test.safetensors", DESCRIPTION] {
            let bytes =
                |folder_name| std::fs::read(folder.0.path().join(folder_name).join(name)).unwrap();
            assert_eq!(bytes("again"), bytes("imported"), "{name}");
        }
        let text = std::fs::read_to_string(folder.0.path().join("imported/dataset.json")).unwrap();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&found["set"], &found["classes"]), (&"cifar10".into(), &10.into()));
        assert_eq!(
            (&found["train"]["images"], &found["class-names"][9]),
            (&41.into(), &"truck".into())
        );
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = Folder::new();
        let hint = "\nhint: name another folder; nothing here is overwritten";
        let error = |to| message(folder.import("python", to), folder.0.path());
        assert_eq!(
            error("imported"),
            format!(
                "DIR/imported: found a folder that is not empty, expected an empty folder or none{hint}"
            )
        );
        assert_eq!(
            error("python/test_batch"),
            format!("DIR/python/test_batch: found a file, expected an empty folder or none{hint}")
        );
        let text = error("python/test_batch/inside");
        assert!(
            text.starts_with(
                "DIR/python/test_batch/inside/train.safetensors: found that it cannot be written ("
            ),
            "{text}"
        );
    }

    #[test]
    fn names_and_sizes_of_class_folders_are_kept() {
        let folder = Folder::new();
        for path in
            ["own/train/x/1.png", "own/train/y/1.png", "own/test/x/1.png", "own/test/y/1.png"]
        {
            let path = folder.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, png_of(&[5; PIXELS])).unwrap();
        }
        let large = crate::data::testing::encode(&[9; 64 * 64 * 3], 64, 64, ::png::ColorType::Rgb);
        std::fs::write(folder.0.path().join("own/test/y/2.png"), large).unwrap();
        let own = |name| DataConfig { set: Set::Images, classes: Some(2), ..folder.config(name) };
        let cache = folder.0.path().join("cache");
        let folders = Folders { hub: &cache, cache: &cache };
        let warnings = import(&own("own"), folders, &folder.0.path().join("own-imported")).unwrap();
        assert_eq!(warnings.len(), 1);
        let config = own("own-imported");
        let opened = load::open(&config, folders, &mut Vec::new()).unwrap();
        assert_eq!(opened.class_names.unwrap(), ["x", "y"]);
        assert_eq!(opened.scaled, [0, 1]);
        // Of another set, or number of classes.
        let labelling = Labelling::new(Set::Images, Some(3)).unwrap();
        let result = imported::describe(&folder.0.path().join("own-imported"), labelling);
        assert_eq!(
            message(result, folder.0.path()),
            "DIR/own-imported/dataset.json: found images with 2 classes, expected images with 3 classes\nhint: `data.set = \"images\"` and `data.classes = 2` read it"
        );
        let other = DataConfig { set: Set::Cifar100, ..folder.config("imported") };
        assert_eq!(
            folder.error(&other),
            "DIR/imported/dataset.json: found cifar10 with 10 classes, expected cifar100 with 100 classes\nhint: `data.set = \"cifar10\"` reads it"
        );
    }

    #[test]
    fn damaged_parts_are_named_and_nothing_panics() {
        let folder = Folder::new();
        let config = folder.config("imported");
        for name in ["train.safetensors", "test.safetensors", DESCRIPTION] {
            let path = folder.0.path().join("imported").join(name);
            let whole = std::fs::read(&path).unwrap();
            for length in (0..whole.len() - 1).step_by(1 + whole.len() / 100) {
                std::fs::write(&path, &whole[..length]).unwrap();
                let text = folder.error(&config);
                assert!(text.starts_with(&format!("DIR/imported/{name}: found ")), "{text}");
            }
            for place in (0..whole.len()).step_by(1 + whole.len() / 400) {
                let mut bytes = whole.clone();
                bytes[place] ^= 0x15;
                std::fs::write(&path, bytes).unwrap();
                if let Ok(data) = folder.load(&config) {
                    assert_eq!(
                        data.train,
                        expected(0..41, 10).canonical().unwrap(),
                        "{name} {place}"
                    );
                }
            }
            std::fs::remove_file(&path).unwrap();
            let text = folder.error(&config);
            assert!(text.contains("DIR/imported"), "{text}");
            std::fs::write(&path, whole).unwrap();
        }
        // The files of two imports mixed.
        let [train, test] =
            ["train", "test"].map(|split| imported::file(&folder.0.path().join("imported"), split));
        std::fs::copy(&test, &train).unwrap();
        let text = folder.error(&config);
        assert!(
            text.starts_with("DIR/imported/train.safetensors: found 13 images with the digest "),
            "{text}"
        );
        assert!(text.contains(", expected 41 images with the digest "), "{text}");
    }
}
