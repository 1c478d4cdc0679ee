//! The splits of a run, from wherever its images come.

use std::path::Path;

use apl_train::Environment;

use crate::{
    Error, Result,
    data::{
        DataConfig, Images, Preprocessing, SIDE, Source, cache, embedded, hub,
        preprocess::Splits,
        source::{self, Encoded, Layout},
        split,
    },
};

/// Folders a caller knows from the environment.
#[derive(Debug, Clone, Copy)]
pub struct Folders<'a> {
    /// The Hugging Face hub's cache: the folder that holds `datasets--uoft-cs--cifar10`. Read for `source = "hub"` only; [`hub::fetch`] fills it.
    pub hub: &'a Path,
    /// Where decoded images and whitenings are kept between runs. Made when needed; one that cannot be written costs time but is no error.
    pub cache: &'a Path,
}

impl<'a> From<&'a Environment> for Folders<'a> {
    fn from(environment: &'a Environment) -> Self {
        Self { hub: &environment.hub_cache, cache: &environment.cache }
    }
}

/// The splits of a run and what is done to their pixels.
#[derive(Debug, Clone)]
pub struct Data {
    /// What is trained on.
    pub train: Images,
    /// What is held out of train, where the configuration asks for it.
    pub validation: Option<Images>,
    /// The test split.
    pub test: Images,
    /// What becomes of their pixels.
    pub preprocessing: Preprocessing,
    /// What went wrong without being an error, a line each, such as a cache folder that cannot be written.
    pub warnings: Vec<String>,
}

impl Data {
    /// Reads or generates the images of a configuration.
    ///
    /// `train` and `test` of the configuration take the first images of the canonical order; the validation images are then held out of train
    /// by a choice that depends on nothing but the two numbers; means and whitening are those of the images left.
    ///
    /// ```
    /// use apl_vision::data::{Data, DataConfig, Folders};
    /// let config = DataConfig { train: Some(60), test: Some(20), validation: 10, ..DataConfig::default() };
    /// let nowhere = std::path::Path::new("unused");
    /// let data = Data::load(&config, Folders { hub: nowhere, cache: nowhere })?;
    /// assert_eq!((data.train.len(), data.test.len()), (50, 20));
    /// assert_eq!(data.validation.map_or(0, |images| images.len()), 10);
    /// # Ok::<(), apl_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// A setting out of range, files that are missing, damaged or of another layout, labels out of range.
    pub fn load(config: &DataConfig, folders: Folders) -> Result<Self> {
        config.check()?;
        let mut warnings = Vec::new();
        let [train, test] = open(config, folders, &mut warnings)?.images;
        let train = first("data.train", train, config.train)?;
        let test = first("data.test", test, config.test)?;
        config.check_validation(train.len())?;
        let (train, validation) = if config.validation == 0 {
            (train, None)
        } else {
            let (kept, held_out) = split::validation(train.len(), config.validation);
            (train.select(&kept)?, Some(train.select(&held_out)?))
        };
        let splits = Splits { train: &train, validation: validation.as_ref(), test: &test };
        let preprocessing = Preprocessing::new(config, splits, folders.cache, &mut warnings)?;
        Ok(Self { train, validation, test, preprocessing, warnings })
    }
}

/// All images of a source and what is known of it.
pub(crate) struct Opened {
    /// Train and test.
    pub images: [Images; 2],
    /// How many of train and of test had another size than 32x32.
    pub scaled: [usize; 2],
    /// The names of the classes by label, where the source or the set tells them.
    pub class_names: Option<Vec<String>>,
    /// What the format is called.
    pub format: &'static str,
}

/// Reads or generates all images of a configuration's source.
///
/// # Errors
/// As [`Data::load`].
pub(crate) fn open(
    config: &DataConfig,
    folders: Folders,
    warnings: &mut Vec<String>,
) -> Result<Opened> {
    let labelling = config.labelling()?;
    let (path, layout) = match &config.source {
        Source::Embedded => {
            let images = embedded::generate(config)?;
            return Ok(Opened {
                images,
                scaled: [0; 2],
                class_names: None,
                format: "generated images",
            });
        }
        Source::Hub => {
            let snapshot = hub::snapshot(folders.hub, config.set, config.revision.as_deref())?;
            let files = source::shards::in_folder(&snapshot, config.set)?;
            (folders.hub, Layout::Encoded(Encoded::Parquet(files)))
        }
        Source::Path(path) => (path.as_path(), source::detect(path, labelling)?),
    };
    let (images, scaled, names, format) = match &layout {
        Layout::Imported(folder) => {
            let (images, description) = source::imported::read(folder, labelling)?;
            let scaled = [description.train.scaled, description.test.scaled];
            (images, scaled, description.class_names, "an imported data set")
        }
        Layout::Encoded(encoded) => {
            let (images, scaled) = cache::load(encoded, labelling, folders.cache, warnings)?;
            warnings.extend(encoded.warning(labelling));
            (images, scaled, encoded.class_names().map(<[String]>::to_vec), encoded.name())
        }
    };
    let count = scaled[0] + scaled[1];
    if count > 0 {
        let all = images[0].len() + images[1].len();
        warnings.push(format!(
            "{}: {count} of {all} images had another size and were scaled to {SIDE}x{SIDE}",
            path.display()
        ));
    }
    let known =
        || labelling.set().class_names().map(|names| names.iter().map(|&n| n.into()).collect());
    Ok(Opened { images, scaled, class_names: names.or_else(known), format })
}

/// The first `count` images; all of them without a `count`.
fn first(key: &str, images: Images, count: Option<usize>) -> Result<Images> {
    match count {
        Some(count) if count < images.len() => {
            images.select(&(0..count as u32).collect::<Vec<_>>())
        }
        Some(count) if count > images.len() => Err(Error::Setting {
            place: key.into(),
            found: count.to_string(),
            expected: format!("at most {}, the number of images there are", images.len()),
        }),
        _ => Ok(images),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{
        Mean, Set,
        testing::{self, CIFAR10, CIFAR100, expected, message, rows},
    };

    /// A folder of the hub's layout with 30 training and 12 test images, the training images in this order and in this many shards.
    fn source(train: &[u32], shards: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("plain_text");
        for (shard, numbers) in train.chunks(train.len().div_ceil(shards)).enumerate() {
            let path = inner.join(format!("train-{shard:05}-of-{shards:05}.parquet"));
            testing::write(&path, CIFAR10, &rows(numbers.iter().copied(), 10), 4, shards > 1);
        }
        let path = inner.join("test-00000-of-00001.parquet");
        testing::write(&path, CIFAR10, &rows(30..42, 10), 5, true);
        folder
    }

    fn load(folder: &Path, config: &DataConfig) -> Result<Data> {
        let config = DataConfig { source: Source::Path(folder.into()), ..config.clone() };
        let cache = folder.join("cache");
        Data::load(&config, Folders { hub: Path::new("unused"), cache: &cache })
    }

    #[test]
    fn neither_the_order_of_the_rows_nor_the_shards_change_a_run() {
        let config = DataConfig { validation: 7, ..DataConfig::default() };
        let plain = source(&(0..30).collect::<Vec<_>>(), 1);
        let first = load(plain.path(), &config).unwrap();
        let all = expected(0..30, 10).canonical().unwrap();
        let (kept, held_out) = split::validation(30, 7);
        assert_eq!(first.train, all.select(&kept).unwrap());
        assert_eq!(first.validation, Some(all.select(&held_out).unwrap()));
        assert_eq!(first.test, expected(30..42, 10).canonical().unwrap());
        let sharded = source(&(0..30).rev().collect::<Vec<_>>(), 4);
        for _cold_and_cached in 0..2 {
            let second = load(sharded.path(), &config).unwrap();
            assert_eq!(second.train, first.train);
            assert_eq!(second.validation, first.validation);
            assert_eq!(second.preprocessing, first.preprocessing);
        }
    }

    #[test]
    fn the_first_images_of_the_canonical_order_are_taken() {
        let folder = source(&(0..30).collect::<Vec<_>>(), 1);
        let all = load(folder.path(), &DataConfig::default()).unwrap();
        assert_eq!((all.train.len(), all.test.len(), all.validation), (30, 12, None));
        let config =
            DataConfig { train: Some(20), test: Some(12), validation: 5, ..DataConfig::default() };
        let some = load(folder.path(), &config).unwrap();
        let first = all.train.select(&(0..20).collect::<Vec<_>>()).unwrap();
        assert_eq!(some.train, first.select(&split::validation(20, 5).0).unwrap());
        assert_eq!(some.test, all.test);
        assert_eq!(some.preprocessing, Preprocessing::Mean(Mean::of(&some.train, 1.0)));
    }

    #[test]
    fn numbers_beyond_the_files_are_errors() {
        let folder = source(&(0..30).collect::<Vec<_>>(), 1);
        let error = |config| message(load(folder.path(), &config), folder.path());
        assert_eq!(
            error(DataConfig { validation: 30, ..DataConfig::default() }),
            "data.validation: found 30, expected less than the 30 training images"
        );
        assert_eq!(
            error(DataConfig { test: Some(13), ..DataConfig::default() }),
            "data.test: found 13, expected at most 12, the number of images there are"
        );
        assert_eq!(
            error(DataConfig { scale: 0.0, ..DataConfig::default() }),
            "data.scale: found 0, expected a finite number above 0"
        );
    }

    #[test]
    fn the_hubs_cache_serves_as_well_as_a_folder() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("datasets--uoft-cs--cifar100");
        for (split, numbers) in [("train", 0..9), ("test", 9..12)] {
            let path = format!("snapshots/aadb/cifar100/{split}-00000-of-00001.parquet");
            testing::write(&folder.join(path), CIFAR100, &rows(numbers, 100), 4, true);
        }
        std::fs::create_dir(folder.join("refs")).unwrap();
        std::fs::write(folder.join("refs/main"), "aadb").unwrap();
        let config =
            DataConfig { source: Source::Hub, set: Set::Cifar100, ..DataConfig::default() };
        let decoded = cache.path().join("decoded");
        let folders = Folders { hub: cache.path(), cache: &decoded };
        let data = Data::load(&config, folders).unwrap();
        assert_eq!(data.train, expected(0..9, 100).canonical().unwrap());
        let wrong = Data::load(&DataConfig { set: Set::Cifar10, ..config }, folders);
        assert!(message(wrong, cache.path()).starts_with("DIR/datasets--uoft-cs--cifar10/snap"));
    }
}
