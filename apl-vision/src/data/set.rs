//! Which data set, how many classes it has, what they are called, and how its images are known again.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, data::classes};

/// The data sets of the paper's table 1, or images of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Set {
    /// Ten classes, 50,000 training and 10,000 test images.
    Cifar10,
    /// A hundred classes (the fine labels), as many images.
    Cifar100,
    /// Images of one's own; `data.classes` says of how many classes.
    Images,
}

impl Set {
    /// The name in configurations, on the hub (`uoft-cs/<name>`) and in cache files.
    pub fn name(self) -> &'static str {
        match self {
            Set::Cifar10 => "cifar10",
            Set::Cifar100 => "cifar100",
            Set::Images => "images",
        }
    }

    /// The names of the classes in the order of the labels, which is alphabetical; none where they are the user's.
    pub fn class_names(self) -> Option<&'static [&'static str]> {
        match self {
            Set::Cifar10 => Some(&classes::CIFAR10),
            Set::Cifar100 => Some(&classes::CIFAR100),
            Set::Images => None,
        }
    }

    /// The digests ([`Images::digest`](crate::data::Images::digest)) of the whole training and test split, where they are known.
    ///
    /// Those of CIFAR-10 were measured on parquet files whose pixels, labels and order reproduce the MD5 sums of the official python version;
    /// the test on real data measures them again. Of CIFAR-100 no whole copy was at hand.
    pub fn official_digests(self) -> Option<[&'static str; 2]> {
        match self {
            Set::Cifar10 => Some([
                "f08ccbf7778b4666bfd11fe3093ed10ef62cc455a7200395b68456dcaeeb7036",
                "b5f2989ff1aebf506ca8a94dcc4c837ea945d53d313f7df6e50b82791a544824",
            ]),
            Set::Cifar100 | Set::Images => None,
        }
    }
}

/// A set and its number of classes: what decides which labels there are.
///
/// ```
/// use apl_vision::data::{Labelling, Set};
/// assert_eq!(Labelling::new(Set::Cifar100, None)?.classes(), 100);
/// assert_eq!(Labelling::new(Set::Images, Some(7))?.classes(), 7);
/// assert!(Labelling::new(Set::Cifar10, Some(10)).is_err());
/// # Ok::<(), apl_vision::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labelling {
    set: Set,
    classes: usize,
}

/// The fewest and the most classes that images of one's own may have.
const CLASSES: std::ops::RangeInclusive<usize> = 2..=1000;

impl Labelling {
    /// A set and, for images of one's own, their number of classes.
    ///
    /// # Errors
    /// [`Error::Setting`]: a number with a set that has its own, none where it is needed, one out of 2 to 1000.
    pub fn new(set: Set, classes: Option<usize>) -> Result<Self> {
        let wrong = |found: String, expected: String| {
            Err(Error::Setting { place: "data.classes".into(), found, expected })
        };
        let own = set.class_names().map(<[&str]>::len);
        match (own, classes) {
            (Some(classes), None) => Ok(Self { set, classes }),
            (Some(own), Some(found)) => {
                let name = set.name();
                wrong(found.to_string(), format!("no such key: {name} has {own} classes"))
            }
            (None, Some(classes)) if CLASSES.contains(&classes) => Ok(Self { set, classes }),
            (None, found) => {
                let found = found.map_or("nothing".to_string(), |classes| classes.to_string());
                let (least, most) = CLASSES.into_inner();
                wrong(found, format!("the number of classes of the images, {least} to {most}"))
            }
        }
    }

    /// The data set.
    pub fn set(self) -> Set {
        self.set
    }

    /// The number of classes; labels are 0 to one less.
    pub fn classes(self) -> usize {
        self.classes
    }

    /// What tells files of this labelling from files of others: `cifar10`, `images-7`.
    pub(crate) fn tag(self) -> String {
        match self.set {
            Set::Images => format!("images-{}", self.classes),
            set => set.name().into(),
        }
    }

    /// A number as a label; what is wrong with it where it is none.
    pub(crate) fn label(self, value: i64) -> std::result::Result<u32, String> {
        let label = u32::try_from(value).ok().filter(|&label| (label as usize) < self.classes);
        label.ok_or_else(|| format!("0 to {}", self.classes - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_classes_is_given_exactly_where_the_set_has_none() {
        for (set, classes) in [(Set::Cifar10, 10), (Set::Cifar100, 100)] {
            assert_eq!(Labelling::new(set, None).unwrap().classes(), classes);
            assert_eq!(Labelling::new(set, None).unwrap().tag(), set.name());
        }
        for classes in [2, 10, 1000] {
            let labelling = Labelling::new(Set::Images, Some(classes)).unwrap();
            assert_eq!((labelling.set(), labelling.classes()), (Set::Images, classes));
            assert_eq!(labelling.tag(), format!("images-{classes}"));
        }
        let error = |set, classes| Labelling::new(set, classes).unwrap_err().to_string();
        assert_eq!(
            error(Set::Cifar10, Some(10)),
            "data.classes: found 10, expected no such key: cifar10 has 10 classes"
        );
        for (classes, found) in
            [(None, "nothing"), (Some(0), "0"), (Some(1), "1"), (Some(1001), "1001")]
        {
            assert_eq!(
                error(Set::Images, classes),
                format!(
                    "data.classes: found {found}, expected the number of classes of the images, 2 to 1000"
                )
            );
        }
    }

    #[test]
    fn labels_are_below_the_number_of_classes() {
        let labelling = Labelling::new(Set::Images, Some(3)).unwrap();
        assert_eq!([0, 1, 2].map(|value| labelling.label(value).unwrap()), [0, 1, 2]);
        for value in [-1, 3, i64::MIN, i64::MAX, 1 << 32] {
            assert_eq!(labelling.label(value).unwrap_err(), "0 to 2");
        }
    }
}
