//! How a GPU rounds the factors of its products.

use std::{fmt, str::FromStr};

use candle_core::Device;

use crate::{Error, Result};

/// What the factors of matrix products and convolutions are rounded to; sums are f32 in any case, and everything else is computed in f32.
///
/// | | bits of the significand | |
/// |---|---|---|
/// | `f32` | 24 | as on the processor |
/// | `tf32` | 11 | tensor cores |
/// | `bf16` | 8, in convolutions of many channels, whose results are rounded too; else 11 | tensor cores |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Arithmetic {
    /// Not at all.
    #[default]
    F32,
    /// TF32.
    Tf32,
    /// bfloat16, by cuDNN; where there is none, [`Self::Tf32`].
    Bf16,
}

impl Arithmetic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::Tf32, Self::Bf16];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Arithmetic {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|arithmetic| arithmetic.name() == text);
        found.ok_or_else(|| format!("found `{text}`, expected f32, tf32 or bf16"))
    }
}

/// From now on products of f32 tensors on a device are computed so.
///
/// # Errors
/// Anything but [`Arithmetic::F32`] on a processor.
pub fn calculate_in(device: &Device, arithmetic: Arithmetic) -> Result<()> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => super::device::calculate_in(device, arithmetic),
        _ if arithmetic == Arithmetic::F32 => Ok(()),
        _ => Err(Error::Setting {
            place: "arithmetic".into(),
            found: arithmetic.to_string(),
            expected: "f32 where the processor computes".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for arithmetic in Arithmetic::ALL {
            assert_eq!(arithmetic.to_string().parse(), Ok(arithmetic));
        }
        let error = "f16".parse::<Arithmetic>().unwrap_err();
        assert_eq!(error, "found `f16`, expected f32, tf32 or bf16");
    }

    #[test]
    fn the_processor_rounds_nothing() {
        calculate_in(&Device::Cpu, Arithmetic::F32).unwrap();
        let error = calculate_in(&Device::Cpu, Arithmetic::Tf32).unwrap_err();
        assert_eq!(
            error.to_string(),
            "arithmetic: found tf32, expected f32 where the processor computes"
        );
    }
}
