//! The `[data]` section of a configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    events::{Assignment, Set},
    metrics::SignificanceConfig,
};

/// Events that are generated where `events` is not given.
const GENERATED: usize = 200_000;
/// The most events.
const MOST: usize = u32::MAX as usize;

/// Which events a run uses and how they are prepared.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `source` | `"embedded"` | `"embedded"`: generated, see [`generator`](crate::generator); anything else: a file in one of the formats of [`data`](crate::data) |
/// | `set` | `"htautau"` | whose features they have: `"htautau"`, `"atlas"`, `"uci"`, `"fair-universe"`, or `"columns"`: those of `features` |
/// | `features` | the set's | names of features to use, in this order |
/// | `events` | all; 200 000 if embedded | how many: that many generated ones, or the first of the file |
/// | `sample` | 1 | the seed of the generated events, the same ones for every seed of a run |
/// | `validation`, `test` | | how many events are held out for choices and for the result |
/// | `split` | `"tail"` | `"tail"`: the last events are the test, those before them the validation split; `"spread"`: both are spread evenly over the file |
/// | `preprocess` | `"standardise"` | see [`Standard`](super::Standard); `"none"`: numbers as they are |
/// | `missing` | `"mean"` | what stands for a missing value: `"mean"`: the mean of those that are there; `"indicator"`: that, and a second input that is 1 where the value is missing |
/// | `weights` | `"none"` | `"none"`: all events count alike; `"events"`: as much as their weights say, both classes together alike |
/// | `shuffle` | `"epoch"` | `"once"`: one order for all epochs, as the authors' files had; `"epoch"`: a new one every epoch |
/// | `significance` | | see [`SignificanceConfig`] |
///
/// Unknown keys are refused.
///
/// ```
/// use apl_higgs::events::{DataConfig, Source};
/// let config: DataConfig = toml::from_str("events = 5000\nvalidation = 500\ntest = 1000")?;
/// config.check()?;
/// assert_eq!((&config.source, config.inputs()), (&Source::Embedded, 25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataConfig {
    /// Where the events come from.
    #[serde(default)]
    pub source: Source,
    /// Whose features they have.
    #[serde(default)]
    pub set: Set,
    /// Names of features; `None`: the set's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// How many events; `None`: all there are, or 200 000 generated ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<usize>,
    /// The seed of generated events.
    #[serde(default = "one")]
    pub sample: u32,
    /// Events that choices are made on.
    pub validation: usize,
    /// Events that the result is from.
    pub test: usize,
    /// Which events these are.
    #[serde(default)]
    pub split: Assignment,
    /// What becomes of the numbers.
    #[serde(default)]
    pub preprocess: Preprocess,
    /// What stands for a missing value.
    #[serde(default)]
    pub missing: Missing,
    /// How much an event counts.
    #[serde(default)]
    pub weights: Weights,
    /// Whether every epoch has an order of its own.
    #[serde(default)]
    pub shuffle: Shuffle,
    /// The experiment whose discovery is expected.
    #[serde(default)]
    pub significance: SignificanceConfig,
}

/// Where events come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Source {
    /// They are generated.
    #[default]
    Embedded,
    /// A file.
    File(PathBuf),
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        match text.as_str() {
            "embedded" => Source::Embedded,
            _ => Source::File(text.into()),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        match source {
            Source::Embedded => "embedded".into(),
            Source::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $(#[$default_about:meta])* $default:ident, $($(#[$other_about:meta])* $other:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $(#[$default_about])*
            #[default]
            $default,
            $($(#[$other_about])* $other),+
        }
    };
}

choice! {
    /// What becomes of the numbers.
    Preprocess {
        /// They are brought to one scale.
        Standardise,
        /// Nothing.
        None,
    }
}
choice! {
    /// What stands for a missing value.
    Missing {
        /// The mean of those that are there.
        Mean,
        /// That, and a second input that is 1 where the value is missing and 0 elsewhere.
        Indicator,
    }
}
choice! {
    /// How much an event counts, in training and in every score.
    Weights {
        /// All alike.
        None,
        /// As much as its weight says; the classes are brought to the same total.
        Events,
    }
}
choice! {
    /// Whether every epoch has an order of its own.
    Shuffle {
        /// A new one every epoch.
        Epoch,
        /// One order for all epochs.
        Once,
    }
}

impl DataConfig {
    /// Refuses settings out of their range or against each other.
    ///
    /// # Errors
    /// [`Error::Setting`] with the key, such as `data.validation`.
    pub fn check(&self) -> Result<()> {
        for (key, count) in [("validation", self.validation), ("test", self.test)] {
            if !(1..=MOST).contains(&count) {
                let why = if key == "validation" {
                    ": thresholds and bins are chosen on these"
                } else {
                    ""
                };
                return Err(wrong(key, count, format!("1 to {MOST} events{why}")));
            }
        }
        if let Some(events) = self.total()
            && !(self.validation + self.test + 1..=MOST).contains(&events)
        {
            let least = self.validation + self.test + 1;
            let expected = format!("{least} to {MOST}: more than validation and test together");
            return Err(wrong("events", events, expected));
        }
        let none = self.features.as_ref().is_none_or(Vec::is_empty);
        if none && (self.set == Set::Columns || self.features.is_some()) {
            let expected = "the names of the features to use".into();
            return Err(wrong("features", "none".to_string(), expected));
        }
        if let Some(features) = &self.features {
            let twice = features.iter().enumerate().find(|(i, name)| features[..*i].contains(name));
            if let Some((_, name)) = twice {
                return Err(wrong("features", format!("{name:?} twice"), "each once".into()));
            }
            let known = self.set.features();
            let unknown =
                |name: &&String| known.is_some_and(|known| !known.contains(&name.as_str()));
            if let Some(name) = features.iter().find(unknown) {
                let known = known.unwrap_or_default().join(", ");
                return Err(wrong("features", format!("{name:?}"), format!("some of {known}")));
            }
        }
        if self.source == Source::Embedded {
            if self.set != Set::Htautau {
                let found = format!("{:?} with generated events", self.set.name());
                return Err(wrong("set", found, "\"htautau\", or a file as `source`".into()));
            }
            if self.weights == Weights::Events {
                let found = "\"events\" with generated events".to_string();
                return Err(wrong("weights", found, "\"none\": these have no weights".into()));
            }
        }
        self.significance.check().map_err(|error| match error {
            Error::Setting { place, found, expected } => {
                Error::Setting { place: format!("data.{place}"), found, expected }
            }
            other => other,
        })
    }

    /// The names of the features, in order.
    pub fn names(&self) -> Vec<String> {
        let known = || self.set.features().unwrap_or_default();
        self.features
            .clone()
            .unwrap_or_else(|| known().iter().map(|name| name.to_string()).collect())
    }

    /// How many numbers the network sees of an event.
    pub fn inputs(&self) -> usize {
        let features = self.names().len();
        match self.missing {
            Missing::Mean => features,
            Missing::Indicator => 2 * features,
        }
    }

    /// Bytes of an event on a GPU: inputs, the target and, where it counts, the weight, in `f32`.
    pub fn event_bytes(&self) -> u64 {
        let weight = usize::from(self.weights == Weights::Events);
        4 * (self.inputs() + 1 + weight) as u64
    }

    /// How many events there are, where that is known before they are read.
    pub fn total(&self) -> Option<usize> {
        let generated = (self.source == Source::Embedded).then_some(GENERATED);
        self.events.or(generated)
    }
}

fn wrong(key: &str, found: impl ToString, expected: String) -> Error {
    Error::Setting { place: format!("data.{key}"), found: found.to_string(), expected }
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "events = 100\nvalidation = 10\ntest = 20\n";

    fn read(text: &str) -> DataConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_is_out_of_range_is_named_with_its_key() {
        for (text, expected) in [
            (
                "validation = 0\ntest = 1",
                "data.validation: found 0, expected 1 to 4294967295 events: thresholds and bins are chosen on these",
            ),
            ("validation = 1\ntest = 0", "data.test: found 0, expected 1 to 4294967295 events"),
            ("events = 30\nvalidation = 10\ntest = 20", "data.events: found 30, expected 31 to "),
            (
                "validation = 150000\ntest = 100000",
                "data.events: found 200000, expected 250001 to ",
            ),
        ] {
            let error = read(text).check().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        for (more, expected) in [
            ("set = \"columns\"", "data.features: found none, expected the names"),
            ("features = []", "data.features: found none, expected the names"),
            (
                "features = [\"jets\", \"jets\"]",
                "data.features: found \"jets\" twice, expected each once",
            ),
            ("features = [\"jet\"]", "data.features: found \"jet\", expected some of lepton1_pt, "),
            ("set = \"atlas\"", "data.set: found \"atlas\" with generated events, expected"),
            ("weights = \"events\"", "data.weights: found \"events\" with generated events"),
            ("significance = { bins = 0 }", "data.significance.bins: found 0, expected"),
        ] {
            let error = read(&format!("{LEAST}{more}")).check().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn inputs_are_the_features_and_their_indicators() {
        let inputs = |more: &str| {
            let config = read(&format!("{LEAST}{more}"));
            config.check().unwrap();
            config.inputs()
        };
        assert_eq!(inputs(""), 25);
        assert_eq!(inputs("features = [\"jets\", \"mass_ll\"]"), 2);
        assert_eq!(inputs("missing = \"indicator\""), 50);
        assert_eq!(inputs("source = \"x.csv\"\nset = \"atlas\"\nweights = \"events\""), 30);
        assert_eq!(
            inputs("source = \"x\"\nset = \"columns\"\nfeatures = [\"a\", \"b\", \"c\"]"),
            3
        );
    }
}
