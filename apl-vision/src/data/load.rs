//! The splits of a run, from wherever its images come.

use std::path::Path;

use crate::{
    Error, Result,
    data::{DataConfig, Images, Preprocessing, Source, cache, embedded, source, split},
};

/// Folders a caller knows from the environment.
#[derive(Debug, Clone, Copy)]
pub struct Folders<'a> {
    /// The Hugging Face hub's cache: the folder that holds `datasets--uoft-cs--cifar10`. Read for `source = "hub"` only.
    pub hub: &'a Path,
    /// Where decoded images are kept between runs. Made when needed; one that cannot be written costs time but is no error.
    pub cache: &'a Path,
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
    /// Mean of the training images and scale.
    pub preprocessing: Preprocessing,
    /// What went wrong without being an error, a line each, such as a cache folder that cannot be written.
    pub warnings: Vec<String>,
}

impl Data {
    /// Reads or generates the images of a configuration.
    ///
    /// `train` and `test` of the configuration take the first images of the canonical order; the validation images are then held out of train
    /// by a choice that depends on nothing but the two numbers; the mean is that of the images left.
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
        let [train, test] = match &config.source {
            Source::Embedded => embedded::generate(config)?,
            Source::Hub => {
                let files = source::in_hub(folders.hub, config.set)?;
                cache::load(&files, config.set, folders.cache, &mut warnings)?
            }
            Source::Path(folder) => {
                let files = source::in_folder(folder, config.set)?;
                cache::load(&files, config.set, folders.cache, &mut warnings)?
            }
        };
        let train = first("data.train", train, config.train)?;
        let test = first("data.test", test, config.test)?;
        config.check_validation(train.len())?;
        let (train, validation) = if config.validation == 0 {
            (train, None)
        } else {
            let (kept, held_out) = split::validation(train.len(), config.validation);
            (train.select(&kept)?, Some(train.select(&held_out)?))
        };
        let preprocessing = Preprocessing::new(config, &train);
        Ok(Self { train, validation, test, preprocessing, warnings })
    }
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
