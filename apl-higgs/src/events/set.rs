//! Whose features events have.

use serde::{Deserialize, Serialize};

use crate::data::layout;

/// A set of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Set {
    /// H -> tau tau against Z -> tau tau, 25 features: those of the generator, or of a file laid out as the authors'.
    #[default]
    Htautau,
    /// ATLAS HiggsML 2014, 30 features.
    Atlas,
    /// UCI HIGGS, 28 features.
    Uci,
    /// FAIR Universe HiggsML, 28 features.
    FairUniverse,
    /// Columns of one's own.
    Columns,
}

impl Set {
    /// The name in `set = "..."`.
    pub fn name(self) -> &'static str {
        match self {
            Set::Htautau => "htautau",
            Set::Atlas => "atlas",
            Set::Uci => "uci",
            Set::FairUniverse => "fair-universe",
            Set::Columns => "columns",
        }
    }

    /// Its features; `None` for columns of one's own.
    pub fn features(self) -> Option<&'static [&'static str]> {
        match self {
            Set::Htautau => Some(layout::HTAUTAU.features),
            Set::Atlas => Some(layout::ATLAS.features),
            Set::Uci => Some(layout::UCI.features),
            Set::FairUniverse => Some(layout::FAIR.features),
            Set::Columns => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_set_has_its_features() {
        let counts = [Set::Htautau, Set::Atlas, Set::Uci, Set::FairUniverse, Set::Columns]
            .map(|set| set.features().map(<[_]>::len));
        assert_eq!(counts, [Some(25), Some(30), Some(28), Some(28), None]);
    }
}
