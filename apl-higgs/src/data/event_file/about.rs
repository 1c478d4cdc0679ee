//! The header of an event file: what its tensors are and where they came from.

use serde::{Deserialize, Serialize};

/// The number of the format.
pub(super) const FORMAT: u32 = 1;
/// The name of the metadata key.
const KEY: &str = "apl";
/// The longest header that readers of safetensors take.
pub(super) const LONGEST: u64 = 100_000_000;

/// Where the events of a file came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The name of the source file, without its folder.
    pub file: String,
    /// What it was: `csv`, `csv.gz`, `parquet`, `hdf5`.
    pub kind: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What an event file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The number of the format.
    pub format: u32,
    /// The names of the features.
    pub features: Vec<String>,
    /// Where the events came from.
    pub source: Source,
    /// How many bad rows of the source were left out.
    pub skipped: u64,
    /// The digest of the content.
    pub digest: String,
    /// For each feature, in how many rows it is missing.
    pub missing: Vec<u64>,
    /// The least weight, where events have weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_weight: Option<f32>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    #[serde(rename = "__metadata__")]
    metadata: std::collections::BTreeMap<String, String>,
    features: Tensor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<Tensor>,
    label: Tensor,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// Where the tensors of an event file lie, counted from the end of its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) rows: u64,
    pub(super) features: u64,
    pub(super) weights: bool,
}

impl Places {
    /// The bytes of one row of `features`.
    pub(super) fn width(self) -> Option<u64> {
        self.features.checked_mul(4)
    }

    /// Where `features`, `weight` and `label` end; `None` where that is more than a file can have.
    pub(super) fn ends(self) -> Option<[u64; 3]> {
        let features = self.width()?.checked_mul(self.rows)?;
        let weight_bytes = if self.weights { self.rows.checked_mul(4)? } else { 0 };
        let weight = features.checked_add(weight_bytes)?;
        Some([features, weight, weight.checked_add(self.rows)?])
    }
}

impl Header {
    /// The header of a file.
    pub(super) fn new(about: &About, places: Places) -> Option<Self> {
        let ends = places.ends()?;
        Some(Self::with(about, places, ends))
    }

    /// A header with the longest numbers that could come to stand in it.
    pub(super) fn widest(about: &About, weights: bool) -> Self {
        let features = about.features.len();
        let about = About {
            source: Source { sha256: "f".repeat(64), ..about.source.clone() },
            skipped: u64::MAX,
            digest: "f".repeat(64),
            missing: vec![u64::MAX; features],
            // Few numbers of this type are longer in JSON, and none by more than a digit.
            least_weight: about.least_weight.map(|_| -f32::MIN_POSITIVE),
            ..about.clone()
        };
        let places = Places { rows: u64::MAX, features: features as u64, weights };
        Self::with(&about, places, [u64::MAX; 3])
    }

    fn with(about: &About, places: Places, [features, weight, label]: [u64; 3]) -> Self {
        let Places { rows, features: columns, weights } = places;
        let tensor = |dtype: &str, shape: &[u64], start, end| Tensor {
            dtype: dtype.into(),
            shape: shape.into(),
            data_offsets: [start, end],
        };
        // Numbers and texts: nothing in there that JSON cannot hold.
        let text = serde_json::to_string(about).unwrap_or_default();
        Self {
            metadata: [(KEY.to_string(), text)].into(),
            features: tensor("F32", &[rows, columns], 0, features),
            weight: weights.then(|| tensor("F32", &[rows], features, weight)),
            label: tensor("U8", &[rows], weight, label),
        }
    }

    /// The header's JSON.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What a header says, if it is the header of an event file; what is wrong with it otherwise.
    pub(super) fn parse(text: &[u8]) -> Result<(About, Places), String> {
        let header: Header = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let about = header.metadata.get(KEY).ok_or("no `apl` metadata")?;
        let about: About = serde_json::from_str(about).map_err(|error| error.to_string())?;
        if about.format != FORMAT {
            return Err(format!("format {}", about.format));
        }
        let places = Places {
            rows: header.label.shape.first().copied().unwrap_or(0),
            features: about.features.len() as u64,
            weights: header.weight.is_some(),
        };
        let fits = places.rows > 0
            && places.features > 0
            && usize::try_from(places.rows).is_ok()
            && about.missing.len() == about.features.len()
            && Self::new(&about, places).is_some_and(|expected| {
                (expected.features, expected.weight, expected.label)
                    == (header.features, header.weight, header.label)
            });
        if fits { Ok((about, places)) } else { Err("tensors of another layout".into()) }
    }
}
