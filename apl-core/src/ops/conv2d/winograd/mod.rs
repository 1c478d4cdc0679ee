//! Winograd's minimal filtering: fewer multiplications for kernels of 5 by 5 and 3 by 3 pixels moved by one pixel (Lavin and Gray, "Fast Algorithms for
//! Convolutional Neural Networks", CVPR 2016).
//!
//! Tiles of 6 by 6 pixels, which overlap, are transformed along both axes; so is the kernel. In the transformed domain a convolution is a product of
//! numbers, and the sum over channels makes it a matrix product, `[tiles, inputs] [inputs, outputs]`, one for each of the 36 places of a tile. The
//! result goes back to 2 by 2 outputs for a kernel of 5 by 5 (36 multiplications instead of 100), to 4 by 4 outputs for one of 3 by 3 (36 instead of
//! 144). The gradient by the input is the convolution of the output's gradient with the kernel turned by 180 degrees and its channels exchanged. The
//! gradient by the weights is the adjoint of the map from weights to outputs: `[inputs, tiles] [tiles, outputs]` in the transformed domain, summed over
//! all tiles, then the adjoint of the kernel's transformation.
//!
//! Inside, channels are the innermost axis, padded to whole registers, so that everything is vectorised alike for every size of image. Work is split
//! into blocks of tiles by the shapes alone and sums are formed in the order of the blocks: the result does not depend on the number of threads.

mod gradient;
mod input;
mod output;
mod tiles;
mod transform;
mod weights;

pub(super) use gradient::weight_gradient;
pub(super) use output::convolve;
pub(super) use weights::Weights;

use super::{
    lowering::Size,
    product::{LANES, PANEL, padded, panels},
};

/// A convolution that moves by one pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Convolution {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub image: [usize; 2],
    pub output: [usize; 2],
    pub padding: usize,
}

impl Convolution {
    pub fn forward(size: Size) -> Self {
        let Size { batch, channels, image, outputs, output, padding, .. } = size;
        Self { batch, inputs: channels, outputs, image, output, padding }
    }

    /// From the output's gradient to the input's.
    pub fn input_gradient(size: Size) -> Self {
        let Size { batch, channels, image, outputs, output, kernel, padding, .. } = size;
        let padding = kernel[0] - 1 - padding;
        Self { batch, inputs: outputs, outputs: channels, image: output, output: image, padding }
    }
}

#[cfg(test)]
mod tests;
