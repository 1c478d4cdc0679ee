//! The key `arithmetic`.

use apl_core::ops::cuda::Arithmetic;
use serde::{Deserialize, Serialize};

/// `arithmetic`: how matrix products and convolutions are rounded on a GPU, see [`Arithmetic`]; `f32` where it is absent. It
/// changes a run's numbers: a run goes on in the arithmetic it began in, and only where that is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArithmeticName {
    /// No rounding.
    #[default]
    F32,
    /// TF32.
    Tf32,
    /// bfloat16.
    Bf16,
}

impl ArithmeticName {
    /// What configurations leave out.
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl From<ArithmeticName> for Arithmetic {
    fn from(name: ArithmeticName) -> Self {
        match name {
            ArithmeticName::F32 => Self::F32,
            ArithmeticName::Tf32 => Self::Tf32,
            ArithmeticName::Bf16 => Self::Bf16,
        }
    }
}
