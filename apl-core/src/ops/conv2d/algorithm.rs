//! Which algorithm computes a convolution.

use std::fmt;

use candle_core::DType;

use super::{Config, lowering::Size};

/// What a convolution may be computed with.
///
/// [`Algorithm::Auto`] takes, by the shapes alone:
///
/// | name | for | multiplications |
/// |---|---|---|
/// | `pointwise` | a kernel of one pixel, stride 1, no padding | all |
/// | `winograd-2x2-5x5` | f32, 5x5, stride 1, padding at most 4, see below | 36 of 100 |
/// | `winograd-4x4-3x3` | f32, 3x3, stride 1, padding at most 2, see below | 36 of 144 |
/// | `lowered` | everything else, f64 among it | all |
///
/// Winograd's filtering wants at least 16 channels in, 16 out, and 64 tiles (of 2x2 or 4x4 outputs) in the batch; for the gradient by the weights
/// 4096 outputs of a channel in the batch, as over fewer (32 images of 8x8) its largest error is 11 to 18 times lowering's. It
/// needs no more memory than a few blocks of tiles for each thread and the transformed weights.
///
/// Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016) is 1.8 to 2.7 times as fast as
/// lowering on the paper's layers; its rounding errors are 3 to 6 times as large (root mean square; 3 to 8 times the largest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// Whatever is fastest for the shapes.
    #[default]
    Auto,
    /// A matrix product over the lowered image, whatever the shapes: slower, rounding errors several times smaller.
    Lowered,
}

/// A convolution's window and algorithm. A [`Config`] alone stands for [`Algorithm::Auto`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Stride and padding.
    pub window: Config,
    /// What may be used.
    pub algorithm: Algorithm,
}

impl From<Config> for Setting {
    fn from(window: Config) -> Self {
        Self { window, algorithm: Algorithm::Auto }
    }
}

/// The names of the algorithms of the three passes, for the record of a run: `pointwise`, `lowered`, `winograd-2x2-5x5` or `winograd-4x4-3x3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithms {
    /// Of the output.
    pub forward: &'static str,
    /// Of the gradient by the input.
    pub input_gradient: &'static str,
    /// Of the gradient by the weights.
    pub weight_gradient: &'static str,
}

impl fmt::Display for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { forward, input_gradient, weight_gradient } = self;
        if forward == input_gradient && forward == weight_gradient {
            return f.write_str(forward);
        }
        write!(f, "{forward}, dx {input_gradient}, dw {weight_gradient}")
    }
}

/// An algorithm that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// A product with the image itself.
    Pointwise,
    /// A product with the lowered image.
    Lowered,
    /// Winograd's filtering for a kernel of 5 by 5.
    Winograd5,
    /// The same for 3 by 3.
    Winograd3,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pointwise => "pointwise",
            Self::Lowered => "lowered",
            Self::Winograd5 => "winograd-2x2-5x5",
            Self::Winograd3 => "winograd-4x4-3x3",
        }
    }

    /// The algorithm for the output and the gradient by the input, see [`Algorithm`].
    pub fn of(size: &Size, dtype: DType, algorithm: Algorithm) -> Self {
        if size.is_pointwise() {
            return Self::Pointwise;
        }
        let allowed = algorithm == Algorithm::Auto && dtype == DType::F32;
        match Self::winograd(size) {
            Some(winograd) if allowed && winograd.pays(size) => winograd,
            _ => Self::Lowered,
        }
    }

    /// The algorithm for the gradient by the weights, see [`Algorithm`].
    pub fn of_weight_gradient(size: &Size, dtype: DType, algorithm: Algorithm) -> Self {
        const POSITIONS: usize = 4096;
        let method = Self::of(size, dtype, algorithm);
        let winograd = matches!(method, Self::Winograd5 | Self::Winograd3);
        if winograd && size.batch.saturating_mul(size.positions()) < POSITIONS {
            return Self::Lowered;
        }
        method
    }

    /// Whether the saved multiplications outweigh the transformations: a tile is transformed once for every channel and used once for every output, the
    /// weights are transformed once and used for every tile. Measured: with 16 channels 1.5 to 2 times as fast, with 8 to 64 equal, with 16 to 32
    /// tiles sometimes slower.
    fn pays(self, size: &Size) -> bool {
        const CHANNELS: usize = 16;
        const TILES: usize = 64;
        let side = if self == Self::Winograd5 { 2 } else { 4 };
        let tiles = size
            .output
            .iter()
            .fold(size.batch, |tiles, length| tiles.saturating_mul(length.div_ceil(side)));
        size.channels.min(size.outputs) >= CHANNELS && tiles >= TILES
    }

    /// Winograd's filtering where it is possible.
    pub fn winograd(size: &Size) -> Option<Self> {
        let possible = size.stride == 1 && size.padding < size.kernel[0];
        match size.kernel {
            [5, 5] if possible => Some(Self::Winograd5),
            [3, 3] if possible => Some(Self::Winograd3),
            _ => None,
        }
    }
}
