//! What becomes of the pixels before a network sees them.
//!
//! Two kinds. A mean is subtracted while a batch is written, from the bytes of the images. Contrast normalisation and whitening would cost too much
//! there: their values are computed once, when the images are loaded, and kept in memory as f32, 12,288 bytes an image (737 MB for the 60,000 of
//! CIFAR) beside the images themselves.
//!
//! ```text
//! mean, none:  bytes ------------------------------------------------> batch
//! gcn:         bytes -> contrast --------------------------> floats -> batch
//! gcn+zca:     bytes -> contrast -> whitening (training mean and matrix, kept in the cache folder) -> floats -> batch
//! ```
//!
//! Either way crops are padded with zeros afterwards.

mod contrast;
mod gram;
mod kept;
mod mean;
mod whitening;

use std::path::Path;

use apl_train::task::Split;
pub use contrast::Contrast;
pub use mean::Mean;
pub use whitening::Whitening;

use crate::{
    Error, Result,
    data::{DataConfig, Images, PIXELS, Preprocess},
};

/// How the splits of a run are prepared.
#[derive(Debug, Clone, PartialEq)]
pub enum Preprocessing {
    /// Bytes stay bytes: `(pixel - mean) scale` as a batch is written.
    Mean(Mean),
    /// The values of every image, prepared beforehand.
    Floats(Floats),
}

/// Prepared values, `[N, 3, 32, 32]` a split in the order of its images.
#[derive(Clone, PartialEq)]
pub struct Floats {
    train: Vec<f32>,
    validation: Vec<f32>,
    test: Vec<f32>,
}

/// Where the values of a batch come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pixels<'a> {
    /// The images' bytes, `(pixel - mean) scale`.
    Bytes(&'a Mean),
    /// Values prepared beforehand, `[N, 3, 32, 32]` in the order of the images.
    Floats(&'a [f32]),
}

/// The splits of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Splits<'a> {
    pub train: &'a Images,
    pub validation: Option<&'a Images>,
    pub test: &'a Images,
}

impl Preprocessing {
    /// The preprocessing of a configuration. Means and whitening are those of the images that are trained on, without those held out, and all
    /// splits are prepared by them.
    ///
    /// A whitening is looked up and kept in the folder `cache`; trouble there is a line in `warnings`.
    ///
    /// # Errors
    /// [`Error::Setting`]: prepared values that do not fit into this machine's memory, images whose whitening cannot be computed.
    pub(crate) fn new(
        config: &DataConfig,
        splits: Splits,
        cache: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let scale = config.scale;
        let contrast = config.contrast.unwrap_or_default();
        if matches!(config.preprocess, Preprocess::Gcn | Preprocess::GcnZca) {
            let splits = [Some(splits.train), splits.validation, Some(splits.test)];
            let images = splits.into_iter().flatten().map(Images::len).sum();
            check_memory(config.preprocess, images, apl_train::memory())?;
        }
        let floats = |prepare: &dyn Fn(&Images) -> Vec<f32>| {
            let mut floats = Floats {
                train: prepare(splits.train),
                validation: splits.validation.map(prepare).unwrap_or_default(),
                test: prepare(splits.test),
            };
            floats.multiply(scale);
            Self::Floats(floats)
        };
        Ok(match config.preprocess {
            Preprocess::Mean => Self::Mean(Mean::of(splits.train, scale)),
            Preprocess::None => Self::Mean(Mean::zero(scale)),
            Preprocess::Gcn => floats(&|images| contrast.floats(images.pixels())),
            Preprocess::GcnZca => {
                let whitening = config.whitening.unwrap_or_default();
                let zca = kept::transformation(splits.train, contrast, whitening, cache, warnings)?;
                floats(&|images| zca.floats(images.pixels(), contrast))
            }
        })
    }

    /// Where the values of a split come from.
    pub fn pixels(&self, split: Split) -> Pixels<'_> {
        match (self, split) {
            (Self::Mean(mean), _) => Pixels::Bytes(mean),
            (Self::Floats(floats), Split::Train) => Pixels::Floats(&floats.train),
            (Self::Floats(floats), Split::Validation) => Pixels::Floats(&floats.validation),
            (Self::Floats(floats), Split::Test) => Pixels::Floats(&floats.test),
        }
    }
}

impl Floats {
    fn multiply(&mut self, scale: f64) {
        if scale != 1.0 {
            for values in [&mut self.train, &mut self.validation, &mut self.test] {
                values.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
            }
        }
    }
}

impl std::fmt::Debug for Floats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [train, validation, test] = [&self.train, &self.validation, &self.test].map(Vec::len);
        write!(f, "Floats {{ {train}, {validation}, {test} }}")
    }
}

/// Refuses so many images that their bytes and prepared values cannot fit: better now than when an allocation ends the process.
fn check_memory(preprocess: Preprocess, images: usize, memory: Option<u64>) -> Result<()> {
    let needed = (images * PIXELS * (1 + size_of::<f32>())) as u64;
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    match memory {
        Some(memory) if needed > memory => Err(Error::Setting {
            place: "data.preprocess".into(),
            found: format!(
                "\"{}\" of {images} images, which takes {:.1} GiB of memory",
                preprocess.name(),
                gib(needed)
            ),
            expected: format!("fewer images or \"mean\": this machine has {:.1} GiB", gib(memory)),
        }),
        _ => Ok(()),
    }
}

/// Checks the keys `contrast` and `whitening` of a configuration.
///
/// # Errors
/// [`Error::Setting`]: one given where it means nothing, or a value out of its range.
pub(crate) fn check(config: &DataConfig) -> Result<()> {
    let error = |place: &str, found: String, expected: &str| {
        Err(Error::Setting { place: place.into(), found, expected: expected.into() })
    };
    let preprocess = config.preprocess;
    let name = || format!("`preprocess = \"{}\"` beside it", preprocess.name());
    if let Some(Contrast { scale, bias }) = config.contrast {
        if !matches!(preprocess, Preprocess::Gcn | Preprocess::GcnZca) {
            return error("data.contrast", name(), "`\"gcn\"` or `\"gcn+zca\"`");
        }
        if !(scale.is_finite() && scale > 0.0) {
            let found = scale.to_string();
            return error("data.contrast.scale", found, "a finite number above 0");
        }
        if !(bias.is_finite() && bias >= 0.0) {
            let found = bias.to_string();
            return error("data.contrast.bias", found, "a finite number, 0 or above");
        }
    }
    if let Some(Whitening { bias }) = config.whitening {
        if preprocess != Preprocess::GcnZca {
            return error("data.whitening", name(), "`\"gcn+zca\"`");
        }
        if !(bias.is_finite() && bias >= Whitening::LEAST_BIAS) {
            let found = bias.to_string();
            return error("data.whitening.bias", found, "a finite number, 0.000001 or above");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
