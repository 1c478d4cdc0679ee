//! The `[data]` section of a configuration.

use std::path::PathBuf;

use apl_train::hub::request::{REVISION, Revision};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    data::{
        Labelling, PIXELS, Set,
        preprocess::{self, Contrast, Whitening},
    },
};

/// Training images of the embedded generator where `train` is not given.
pub(crate) const EMBEDDED_TRAIN: usize = 5000;
/// Test images of the embedded generator where `test` is not given.
pub(crate) const EMBEDDED_TEST: usize = 1000;
/// The most images a split may have: 3 GB of pixels.
const MOST: usize = 1_000_000;

/// Which images a run uses and how they are prepared.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `source` | `"embedded"` | `"embedded"`: generated; `"hub"`: the Hugging Face hub or its cache; anything else: a folder or an archive in one of the formats of `docs/data.md` |
/// | `revision` | the commit in [`hub`](super::hub) | of `source = "hub"`: a commit, its first 7 digits or more, a branch or a tag |
/// | `set` | `"cifar10"` | `"cifar10"` or `"cifar100"`: 10 or 100 classes; `"images"`: images of one's own |
/// | `classes` | | the number of classes with `set = "images"`, and only there: 2 to 1000 |
/// | `train`, `test` | all; 5000 and 1000 if embedded | number of images: that many generated ones, or the first of the canonical order |
/// | `validation` | 0 | images held out of train, the same ones for every seed |
/// | `preprocess` | `"mean"` | `"mean"`: subtract the training mean of each pixel; `"gcn"`: [`Contrast`] normalisation of each image; `"gcn+zca"`: [`Whitening`] after it; `"none"` |
/// | `scale` | 1.0 | factor after that; the authors' networks saw 0-255, i.e. 1 |
/// | `augment` | `"none"` | `"pad-crop-flip"`: a random 32x32 crop of the image padded by 4 zeros, then a flip with probability 1/2; training only |
/// | `shuffle` | `"once"` | `"once"`: one random order for all epochs, as the authors' databases had; `"epoch"`: a new one every epoch |
/// | `contrast` | `{ scale = 0.99248, bias = 0.0 }` | with `"gcn"` and `"gcn+zca"`: see [`Contrast`] |
/// | `whitening` | `{ bias = 0.1 }` | with `"gcn+zca"`: see [`Whitening`] |
///
/// Unknown keys are refused.
///
/// ```
/// use apl_vision::data::{DataConfig, Source};
/// let config = DataConfig { validation: 500, ..DataConfig::default() };
/// assert_eq!(config.source, Source::Embedded);
/// config.check()?;
/// # Ok::<(), apl_vision::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataConfig {
    /// Where the images come from.
    pub source: Source,
    /// Which state of the hub's repository; `None`: the one that results were measured on, or `main` where the cache has only that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Which data set.
    pub set: Set,
    /// The number of classes of images of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// Training images, validation images included; `None`: all there are, or 5000 generated ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// Test images; `None`: all there are, or 1000 generated ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<usize>,
    /// Images held out of train.
    pub validation: usize,
    /// What becomes of the pixels.
    pub preprocess: Preprocess,
    /// The factor after that.
    pub scale: f64,
    /// Random changes of training images.
    pub augment: Augment,
    /// Whether every epoch has an order of its own.
    pub shuffle: Shuffle,
    /// Settings of the contrast normalisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contrast: Option<Contrast>,
    /// Settings of the whitening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whitening: Option<Whitening>,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: Source::Embedded,
            revision: None,
            set: Set::Cifar10,
            classes: None,
            train: None,
            test: None,
            validation: 0,
            preprocess: Preprocess::Mean,
            scale: 1.0,
            augment: Augment::None,
            shuffle: Shuffle::Once,
            contrast: None,
            whitening: None,
        }
    }
}

impl DataConfig {
    /// Checks every value that can be judged without the data.
    ///
    /// # Errors
    /// [`Error::Setting`]: a `scale` that is not finite or not above 0, `train` or `test` 0 or above 1,000,000, `validation` that leaves no
    /// training image (checked again when the number of images of a file is known), an empty `source`, a `revision` that cannot be one, `classes` given
    /// or missing where it should not be, images of one's own from anywhere but files, `contrast` or `whitening` where they mean nothing or out of
    /// their ranges.
    pub fn check(&self) -> Result<()> {
        if self.source == Source::Path(PathBuf::new()) {
            let expected = "`embedded`, `hub`, a folder or an archive";
            return Err(setting("data.source", "an empty text", expected));
        }
        if let Some(text) = self.revision.as_ref().filter(|text| Revision::parse(text).is_none()) {
            return Err(setting("data.revision", format!("{text:?}"), REVISION));
        }
        self.labelling()?;
        if self.set == Set::Images && !matches!(self.source, Source::Path(_)) {
            let found = format!("`{}`", String::from(self.source.clone()));
            let expected = "a folder, with `data.set = \"images\"`: images of one's own";
            return Err(setting("data.source", found, expected));
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(setting("data.scale", self.scale, "a finite number above 0"));
        }
        for (key, count) in [("data.train", self.train), ("data.test", self.test)] {
            if let Some(count) = count.filter(|&count| count == 0 || count > MOST) {
                return Err(setting(key, count, "a number from 1 to 1000000"));
            }
        }
        preprocess::check(self)?;
        let train = match self.source {
            Source::Embedded => Some(self.train.unwrap_or(EMBEDDED_TRAIN)),
            _ => self.train,
        };
        train.map_or(Ok(()), |train| self.check_validation(train))
    }

    /// Images of the test split, or of the training split before any are held out, as far as it is known without reading them.
    pub(crate) fn expected(&self, test: bool) -> Option<usize> {
        let (given, embedded, official) = match test {
            false => (self.train, EMBEDDED_TRAIN, 50_000),
            true => (self.test, EMBEDDED_TEST, 10_000),
        };
        given.or(match (&self.source, self.set) {
            (Source::Embedded, _) => Some(embedded),
            (_, Set::Cifar10 | Set::Cifar100) => Some(official),
            (_, Set::Images) => None,
        })
    }

    /// The set and its number of classes.
    ///
    /// # Errors
    /// [`Error::Setting`]: `classes` given or missing where it should not be, or out of its range.
    pub fn labelling(&self) -> Result<Labelling> {
        Labelling::new(self.set, self.classes)
    }

    /// Checks that `validation` leaves at least one of `train` images.
    pub(crate) fn check_validation(&self, train: usize) -> Result<()> {
        if self.validation < train {
            return Ok(());
        }
        let expected = format!("less than the {train} training images");
        Err(setting("data.validation", self.validation, &expected))
    }
}

fn setting(place: &str, found: impl ToString, expected: &str) -> Error {
    Error::Setting { place: place.into(), found: found.to_string(), expected: expected.into() }
}

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Source {
    /// Generated: needs no file.
    Embedded,
    /// The Hugging Face hub's cache on this machine; what it lacks is downloaded into it.
    Hub,
    /// A folder or an archive; its format is found out from what is there. Folders named `embedded` or `hub` are written `./embedded` and `./hub`.
    Path(PathBuf),
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        match text.as_str() {
            "embedded" => Source::Embedded,
            "hub" => Source::Hub,
            _ => Source::Path(text.into()),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        match source {
            Source::Embedded => "embedded".into(),
            Source::Hub => "hub".into(),
            Source::Path(path) => path.to_string_lossy().into_owned(),
        }
    }
}

/// What becomes of the pixels before a network sees them; then they are multiplied by `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preprocess {
    /// The mean of each pixel and channel over the training images (paper, section 3; the authors' `mean_file`).
    Mean,
    /// Global contrast normalisation of every image.
    Gcn,
    /// The same, then ZCA whitening, as Maxout and Network in Network prepared CIFAR.
    #[serde(rename = "gcn+zca")]
    GcnZca,
    /// Nothing.
    None,
}

impl Preprocess {
    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Preprocess::Mean => "mean",
            Preprocess::Gcn => "gcn",
            Preprocess::GcnZca => "gcn+zca",
            Preprocess::None => "none",
        }
    }

    /// Bytes of an image on a GPU: its pixels, as bytes or as the numbers that they were made ready as, and its label.
    pub fn image_bytes(self) -> u64 {
        let pixel = match self {
            Preprocess::Mean | Preprocess::None => 1,
            Preprocess::Gcn | Preprocess::GcnZca => size_of::<f32>(),
        };
        (pixel * PIXELS + size_of::<u32>()) as u64
    }
}

/// How training images are varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Augment {
    /// Not at all.
    None,
    /// A random 32x32 crop of the image padded by 4 on all sides, then a horizontal flip with probability 1/2 (paper, section 3.1).
    PadCropFlip,
}

/// When the order of the training images changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shuffle {
    /// One random order, the same in every epoch.
    Once,
    /// A new random order in every epoch.
    Epoch,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(config: DataConfig) -> String {
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn an_empty_section_is_the_default_and_the_default_survives_a_round_trip() {
        let config: DataConfig = toml::from_str("").unwrap();
        assert_eq!(config, DataConfig::default());
        let text = toml::to_string(&config).unwrap();
        assert_eq!(
            text,
            "source = \"embedded\"\nset = \"cifar10\"\nvalidation = 0\npreprocess = \"mean\"\nscale = 1.0\naugment = \"none\"\nshuffle = \"once\"\n"
        );
        assert_eq!(toml::from_str::<DataConfig>(&text).unwrap(), config);
    }

    #[test]
    fn every_key_is_read() {
        let text = "source = \"some/folder\"\nrevision = \"0b27149\"\nset = \"cifar100\"\ntrain = 100\ntest = 50\nvalidation = 10\npreprocess = \"none\"\nscale = 0.5\naugment = \"pad-crop-flip\"\nshuffle = \"epoch\"\n";
        let config: DataConfig = toml::from_str(text).unwrap();
        let expected = DataConfig {
            source: Source::Path("some/folder".into()),
            revision: Some("0b27149".into()),
            set: Set::Cifar100,
            classes: None,
            train: Some(100),
            test: Some(50),
            validation: 10,
            preprocess: Preprocess::None,
            scale: 0.5,
            augment: Augment::PadCropFlip,
            shuffle: Shuffle::Epoch,
            contrast: None,
            whitening: None,
        };
        assert_eq!(config, expected);
        assert_eq!(toml::to_string(&config).unwrap(), text);
        config.check().unwrap();
    }

    #[test]
    fn images_of_ones_own_have_their_number_of_classes() {
        let text = "set = \"images\"\nclasses = 7\n";
        let config: DataConfig = toml::from_str(text).unwrap();
        assert_eq!((config.set, config.classes), (Set::Images, Some(7)));
        assert!(toml::to_string(&config).unwrap().contains(text));
    }

    #[test]
    fn unknown_keys_and_values_are_refused() {
        for text in ["scales = 1.0", "set = \"cifar\"", "augment = \"flip\"", "train = -1"] {
            assert!(toml::from_str::<DataConfig>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_out_of_range_are_named() {
        let base = DataConfig::default;
        assert_eq!(
            error_of(DataConfig { validation: 5000, ..base() }),
            "data.validation: found 5000, expected less than the 5000 training images"
        );
        assert_eq!(
            error_of(DataConfig { train: Some(10), validation: 11, source: Source::Hub, ..base() }),
            "data.validation: found 11, expected less than the 10 training images"
        );
        for scale in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            assert_eq!(
                error_of(DataConfig { scale, ..base() }),
                format!("data.scale: found {scale}, expected a finite number above 0")
            );
        }
        assert_eq!(
            error_of(DataConfig { train: Some(0), ..base() }),
            "data.train: found 0, expected a number from 1 to 1000000"
        );
        assert_eq!(
            error_of(DataConfig { test: Some(1_000_001), ..base() }),
            "data.test: found 1000001, expected a number from 1 to 1000000"
        );
        assert_eq!(
            error_of(DataConfig { source: Source::Path("".into()), ..base() }),
            "data.source: found an empty text, expected `embedded`, `hub`, a folder or an archive"
        );
        let images = DataConfig { set: Set::Images, classes: Some(7), ..base() };
        assert_eq!(
            error_of(images.clone()),
            "data.source: found `embedded`, expected a folder, with `data.set = \"images\"`: images of one's own"
        );
        let images = DataConfig { source: Source::Path("a".into()), ..images };
        images.check().unwrap();
        assert!(error_of(DataConfig { classes: None, ..images }).starts_with("data.classes: "));
        assert!(error_of(DataConfig { classes: Some(10), ..base() }).starts_with("data.classes: "));
        for revision in ["", "../main", "a b"] {
            assert_eq!(
                error_of(DataConfig { revision: Some(revision.into()), ..base() }),
                format!(
                    "data.revision: found {revision:?}, expected a commit, its first 7 digits or more, a branch or a tag"
                )
            );
        }
        // More validation images than a file turns out to hold is found when it is read.
        DataConfig { validation: 60_000, source: Source::Hub, ..base() }.check().unwrap();
    }
}
