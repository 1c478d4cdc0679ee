//! Which of cuDNN's algorithms computes a pass in f32.

use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionFwdAlgo_t,
};

use crate::ops::cuda::{Convolution, Pass};

/// An algorithm of a pass.
#[derive(Debug, Clone, Copy)]
pub(super) enum Algorithm {
    Output(cudnnConvolutionFwdAlgo_t),
    Input(cudnnConvolutionBwdDataAlgo_t),
    Weight(cudnnConvolutionBwdFilterAlgo_t),
}

/// An algorithm that cuDNN proposes: what matters of its three kinds of answers.
pub(super) struct Proposal {
    pub algorithm: Algorithm,
    /// Bytes.
    pub workspace: usize,
}

impl Algorithm {
    pub fn family(self) -> Family {
        use cudnnConvolutionBwdDataAlgo_t as Data;
        use cudnnConvolutionBwdFilterAlgo_t as Filter;
        use cudnnConvolutionFwdAlgo_t as Forward;
        match self {
            Self::Output(
                Forward::CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD
                | Forward::CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED,
            )
            | Self::Input(
                Data::CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD
                | Data::CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED,
            )
            | Self::Weight(
                Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD
                | Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED,
            ) => Family::Winograd,
            Self::Output(Forward::CUDNN_CONVOLUTION_FWD_ALGO_FFT)
            | Self::Input(Data::CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT)
            | Self::Weight(Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT) => Family::Fourier,
            Self::Output(Forward::CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING)
            | Self::Input(Data::CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING)
            | Self::Weight(Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING) => {
                Family::FourierTiles
            }
            Self::Output(Forward::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM)
            | Self::Input(Data::CUDNN_CONVOLUTION_BWD_DATA_ALGO_1)
            | Self::Weight(Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1) => Family::Product,
            _ => Family::Other,
        }
    }
}

/// What an algorithm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Winograd,
    Fourier,
    FourierTiles,
    /// An implicit matrix product.
    Product,
    Other,
}

impl Proposal {
    /// Where a proposal stands among the others, the least first; `None` where it will not do.
    ///
    /// cuDNN's own order is off by up to four times: for the wide 5 x 5 kernels of the paper's networks Fourier transforms take half the time of
    /// implicit products. Winograd's transforms of kernels larger than 3 x 3 lose digits. For few channels the gradient by the weight is faster by
    /// columns (docs/cuda.md has the figures).
    pub fn place(&self, convolution: &Convolution) -> Option<u32> {
        let Convolution { pass, weight: [outputs, channels, height, width], .. } = *convolution;
        let (wide, kernel) = (channels.min(outputs) >= WIDE, height.max(width));
        match self.algorithm.family() {
            Family::Winograd if wide && kernel <= 3 => Some(0),
            Family::Fourier if wide => Some(1),
            Family::FourierTiles if wide => Some(2),
            Family::Product if wide || pass != Pass::Weight => Some(3),
            Family::Other if wide => Some(4),
            _ => None,
        }
    }
}

/// Channels from which on transforms and turned tensors are worth while.
pub(super) const WIDE: usize = 16;
