//! What a source holds, and whether it is what everybody calls by that name.

use std::{collections::HashSet, fmt};

use serde::Serialize;

use crate::{
    Result,
    data::{DataConfig, Folders, Images, Labelling, PIXELS, load},
};

/// What a source holds, as [`verify`] found it. `Display` gives a few lines of text; it serialises for `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verified {
    /// The data set, as configurations name it.
    pub set: &'static str,
    /// The number of classes.
    pub classes: usize,
    /// How the images lie on disk.
    pub format: &'static str,
    /// The training images.
    pub train: SplitContents,
    /// The test images.
    pub test: SplitContents,
    /// Test images whose pixels are among the training images too. CIFAR-100 has ten.
    pub shared: usize,
    /// How many images had another size than 32x32.
    pub scaled: usize,
    /// The names of the classes by label, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// What looked odd on the way, a line each.
    pub warnings: Vec<String>,
}

/// What a split holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SplitContents {
    /// The number of images.
    pub images: usize,
    /// [`Images::digest`].
    pub digest: String,
    /// Whether these are the images of the original, all of them and no other.
    pub official: Official,
    /// Images of each class, by label.
    pub per_class: Vec<usize>,
    /// Images whose pixels are those of an earlier one of the split.
    pub repeated: usize,
}

/// Whether a split is the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Official {
    /// Its digest is the original's.
    Yes,
    /// Its digest is another.
    No,
    /// The digest of the original is not known.
    Unknown,
}

/// Reads all images of a configuration's source and says what they are. `train`, `test` and `validation` do not matter, except that they number
/// generated images.
///
/// ```
/// use apl_vision::data::{DataConfig, Folders, Official, verify};
/// let config = DataConfig { train: Some(60), test: Some(20), ..DataConfig::default() };
/// let nowhere = std::path::Path::new("unused");
/// let verified = verify(&config, Folders { hub: nowhere, cache: nowhere })?;
/// assert_eq!(verified.train.per_class, [6; 10]);
/// assert_eq!(verified.test.official, Official::No);
/// println!("{verified}");
/// # Ok::<(), apl_vision::Error>(())
/// ```
///
/// # Errors
/// As [`Data::load`](crate::data::Data::load).
pub fn verify(config: &DataConfig, folders: Folders) -> Result<Verified> {
    config.check()?;
    let labelling = config.labelling()?;
    let mut warnings = Vec::new();
    let opened = load::open(config, folders, &mut warnings)?;
    let [train, test] = &opened.images;
    let official = labelling.set().official_digests();
    let known: HashSet<&[u8]> = train.pixels().chunks_exact(PIXELS).collect();
    let shared = test.pixels().chunks_exact(PIXELS).filter(|image| known.contains(image)).count();
    Ok(Verified {
        set: labelling.set().name(),
        classes: labelling.classes(),
        format: opened.format,
        train: SplitContents::of(train, labelling, official.map(|digests| digests[0])),
        test: SplitContents::of(test, labelling, official.map(|digests| digests[1])),
        shared,
        scaled: opened.scaled.iter().sum(),
        class_names: opened.class_names,
        warnings,
    })
}

impl SplitContents {
    fn of(images: &Images, labelling: Labelling, original: Option<&str>) -> Self {
        let mut per_class = vec![0; labelling.classes()];
        images.labels().iter().for_each(|&label| per_class[label as usize] += 1);
        // In canonical order equal images stand side by side.
        let pairs = images.pixels().chunks_exact(PIXELS);
        let repeated = pairs.clone().zip(pairs.skip(1)).filter(|(one, next)| one == next).count();
        let official = match original {
            Some(digest) if digest == images.digest() => Official::Yes,
            Some(_) => Official::No,
            None => Official::Unknown,
        };
        let digest = images.digest().to_string();
        Self { images: images.len(), digest, official, per_class, repeated }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {} classes, from {}", self.set, self.classes, self.format)?;
        for (name, split) in [("train", &self.train), ("test", &self.test)] {
            let (least, most) = extremes(&split.per_class);
            let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
            writeln!(f, "{name:<6}{} images, {each} a class", split.images)?;
            writeln!(f, "      digest {}", split.digest)?;
            let official = match split.official {
                Official::Yes => "the original, every image of it",
                Official::No => "not the original",
                Official::Unknown => "unknown whether it is the original",
            };
            writeln!(f, "      {official}")?;
            match split.repeated {
                0 => {}
                1 => writeln!(f, "      1 image repeats an earlier one")?,
                count => writeln!(f, "      {count} images repeat earlier ones")?,
            }
        }
        match self.shared {
            0 => write!(f, "no test image is among the training images")?,
            1 => write!(f, "1 test image is among the training images too")?,
            count => write!(f, "{count} test images are among the training images too")?,
        }
        self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

fn extremes(counts: &[usize]) -> (usize, usize) {
    let (least, most) = (counts.iter().min(), counts.iter().max());
    (least.copied().unwrap_or(0), most.copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::{
        Set, Source,
        rows::Rows,
        testing::{cifar, expected},
    };

    /// Verifies these rows, written as the binary version.
    fn verified(train: &Rows, test: &Rows, set: Set) -> Verified {
        let folder = tempfile::tempdir().unwrap();
        cifar::folder(folder.path(), &cifar::files(train, test, set, false));
        let source = Source::Path(folder.path().into());
        let cache = folder.path().join("cache");
        let folders = Folders { hub: Path::new("unused"), cache: &cache };
        verify(&DataConfig { source, set, ..DataConfig::default() }, folders).unwrap()
    }

    #[test]
    fn counts_repeats_and_shared_images_are_those_of_the_rows() {
        let mut train = expected(0..23, 10);
        train.append(expected(3..6, 10));
        let mut test = expected(40..50, 10);
        // Shared with train, under another label too.
        test.append(expected(0..2, 10));
        test.labels[11] = 9;
        let found = verified(&train, &test, Set::Cifar10);
        assert_eq!((found.train.images, found.test.images), (26, 12));
        assert_eq!(found.train.per_class, [3, 3, 3, 3, 3, 3, 2, 2, 2, 2]);
        assert_eq!(found.test.per_class, [2, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
        assert_eq!((found.train.repeated, found.test.repeated, found.shared), (3, 0, 2));
        assert_eq!(found.train.digest, train.canonical().unwrap().digest());
        assert_eq!((found.train.official, found.scaled), (Official::No, 0));
        assert_eq!(found.class_names.as_ref().unwrap()[1], "automobile");
        assert_eq!(
            found.to_string(),
            format!(
                "cifar10, 10 classes, from CIFAR-10's binary version
train 26 images, 2 to 3 a class
      digest {}
      not the original
      3 images repeat earlier ones
test  12 images, 1 to 2 a class
      digest {}
      not the original
2 test images are among the training images too",
                found.train.digest, found.test.digest
            )
        );
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!((&json["train"]["official"], &json["shared"]), (&"no".into(), &2.into()));
    }

    #[test]
    fn nothing_is_claimed_of_cifar100() {
        let found = verified(&expected(0..200, 100), &expected(200..300, 100), Set::Cifar100);
        assert_eq!(
            (found.train.official, found.test.official),
            (Official::Unknown, Official::Unknown)
        );
        assert!(found.to_string().contains("unknown whether it is the original"));
        assert!(found.to_string().ends_with("no test image is among the training images"));
    }
}
