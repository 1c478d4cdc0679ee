//! How far the parameters of an activation are shared.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// Which inputs share one set of slopes and offsets.
///
/// The paper's networks use [`Sharing::Unit`]: "different nonlinearities at each point in each feature map" (section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Every unit has its own, at every position of every feature map.
    Unit,
    /// The positions of a feature map share theirs.
    Channel,
    /// The whole layer shares one set.
    Layer,
}

impl Sharing {
    /// The shape of one hinge's parameters for units of this shape (an example's, without the batch): all of it, its first dimension, or none.
    ///
    /// ```
    /// use apl_core::activation::Sharing;
    /// assert_eq!(Sharing::Unit.parameter_shape(&[96, 32, 32]), [96, 32, 32]);
    /// assert_eq!(Sharing::Channel.parameter_shape(&[96, 32, 32]), [96]);
    /// assert!(Sharing::Layer.parameter_shape(&[96, 32, 32]).is_empty());
    /// ```
    pub fn parameter_shape<'a>(&self, unit: &'a [usize]) -> &'a [usize] {
        match self {
            Sharing::Unit => unit,
            Sharing::Channel => &unit[..unit.len().min(1)],
            Sharing::Layer => &[],
        }
    }

    /// The name used in configurations: `unit`, `channel` or `layer`.
    pub fn name(&self) -> &'static str {
        match self {
            Sharing::Unit => "unit",
            Sharing::Channel => "channel",
            Sharing::Layer => "layer",
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Sharing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Sharing::Unit, Sharing::Channel, Sharing::Layer]
            .into_iter()
            .find(|sharing| sharing.name() == name)
            .ok_or_else(|| Error::Setting {
                place: "sharing".into(),
                found: format!("`{name}`"),
                expected: "`unit`, `channel` or `layer`".into(),
            })
    }
}
