//! A folder that an import wrote: decoded images in `train.safetensors` and `test.safetensors`, and `dataset.json` that describes them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    data::{Images, Labelling, Set, stored},
};

/// The name of the description.
pub(crate) const DESCRIPTION: &str = "dataset.json";

/// The number of the format, raised when the description or the files change.
pub(crate) const FORMAT: u32 = 1;

/// What an imported folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Description {
    pub format: u32,
    pub set: Set,
    pub classes: usize,
    /// The names of the classes by label, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    pub train: Part,
    pub test: Part,
}

/// What a split holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Part {
    pub images: usize,
    pub digest: String,
    /// How many had another size than 32x32 before.
    #[serde(default)]
    pub scaled: usize,
}

impl Part {
    pub(crate) fn of(images: &Images, scaled: usize) -> Self {
        Self { images: images.len(), digest: images.digest().into(), scaled }
    }
}

/// The file of a split.
pub(crate) fn file(folder: &Path, split: &str) -> PathBuf {
    folder.join(format!("{split}.safetensors"))
}

/// The description in a folder.
///
/// # Errors
/// It cannot be read, is of another format, set or number of classes.
pub(crate) fn describe(folder: &Path, labelling: Labelling) -> Result<Description> {
    let path = folder.join(DESCRIPTION);
    let text = fs_err::read_to_string(&path)?;
    let wrong = |found: String, expected: String, hint: String| Error::File {
        path: path.clone(),
        found,
        expected,
        hint,
    };
    let again = || "import the images again".to_string();
    let description: Description = serde_json::from_str(&text)
        .map_err(|error| wrong(error.to_string(), "what an import wrote".into(), again()))?;
    let Description { format, set, classes, .. } = description;
    if format != FORMAT {
        return Err(wrong(format!("format {format}"), format!("format {FORMAT}"), again()));
    }
    if (set, classes) != (labelling.set(), labelling.classes()) {
        let of = |set: Set, classes| format!("{} with {classes} classes", set.name());
        let hint = match set {
            Set::Images => {
                format!("`data.set = \"images\"` and `data.classes = {classes}` read it")
            }
            set => format!("`data.set = \"{}\"` reads it", set.name()),
        };
        return Err(wrong(of(set, classes), of(labelling.set(), labelling.classes()), hint));
    }
    if description.class_names.as_ref().is_some_and(|names| names.len() != classes) {
        let found = "another number of class names".into();
        return Err(wrong(found, classes.to_string(), again()));
    }
    Ok(description)
}

/// Train and test images of a folder, with its description.
///
/// # Errors
/// A file is missing, damaged or not the one described.
pub(crate) fn read(folder: &Path, labelling: Labelling) -> Result<([Images; 2], Description)> {
    let description = describe(folder, labelling)?;
    let read = |split: &str, part: &Part| {
        let path = file(folder, split);
        let (images, scaled) = stored::read(&path, labelling)?;
        let found = Part::of(&images, scaled);
        if found == *part {
            return Ok(images);
        }
        let say = |part: &Part| format!("{} images with the digest {}", part.images, part.digest);
        Err(Error::File {
            path,
            found: say(&found),
            expected: format!("{}, as {DESCRIPTION} has it", say(part)),
            hint: "import the images again".into(),
        })
    };
    let (train, test) =
        rayon::join(|| read("train", &description.train), || read("test", &description.test));
    Ok(([train?, test?], description))
}
