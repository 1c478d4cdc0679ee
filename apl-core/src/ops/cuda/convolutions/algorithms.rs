//! cuDNN's algorithms for a pass in f32, by its functions that name them.

use std::{
    ffi::{c_int, c_void},
    mem::zeroed,
    ptr::null_mut,
};

use candle_core::cuda_backend::cudarc::cudnn::{
    result,
    sys::{
        cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, cudnnConvolutionMode_t,
        cudnnDataType_t, cudnnDeterminism_t, cudnnFilterDescriptor_t, cudnnHandle_t,
        cudnnMathType_t, cudnnStatus_t, cudnnTensorDescriptor_t, cudnnTensorFormat_t,
    },
};

use super::{
    Done, WORKSPACE,
    choice::{Algorithm, Proposal},
    failed,
};
use crate::{
    Result,
    ops::cuda::{Address, Convolution, Pass},
};

/// How one pass is computed.
pub(super) struct Plan {
    input: cudnnTensorDescriptor_t,
    weight: cudnnFilterDescriptor_t,
    output: cudnnTensorDescriptor_t,
    convolution: cudnnConvolutionDescriptor_t,
    algorithm: Algorithm,
    /// Bytes.
    pub workspace: usize,
}

/// cuDNN knows at most so many algorithms of a pass.
const ALGORITHMS: usize = 8;
/// No tensor cores.
const MATH: cudnnMathType_t = cudnnMathType_t::CUDNN_FMA_MATH;

fn ints(shape: [usize; 4]) -> [c_int; 4] {
    shape.map(|size| size as c_int)
}

macro_rules! proposals {
    ($ask:path, $kind:path, $($argument:expr),+) => {{
        let (mut found, mut answers) = (0, [zeroed(); ALGORITHMS]);
        $ask($($argument),+, ALGORITHMS as c_int, &mut found, answers.as_mut_ptr())?;
        let answers = answers[..(found as usize).min(ALGORITHMS)].iter();
        answers
            .filter(|answer| {
                answer.status == cudnnStatus_t::CUDNN_STATUS_SUCCESS
                    && answer.determinism == cudnnDeterminism_t::CUDNN_DETERMINISTIC
                    && answer.mathType == MATH
                    && answer.memory <= WORKSPACE
            })
            .map(|answer| Proposal { algorithm: $kind(answer.algo), workspace: answer.memory })
            .collect::<Vec<_>>()
    }};
}

impl Plan {
    /// Descriptors of a pass, and the algorithms that cuDNN proposes for it, the one that it thinks fastest first.
    #[allow(unsafe_code)]
    pub fn describe(
        handle: cudnnHandle_t,
        convolution: &Convolution,
    ) -> Done<(Self, Vec<Proposal>)> {
        let Convolution { pass, input, weight, output, stride, padding, .. } = *convolution;
        let (layout, float) =
            (cudnnTensorFormat_t::CUDNN_TENSOR_NCHW, cudnnDataType_t::CUDNN_DATA_FLOAT);
        // SAFETY: descriptors are made before they are used and given back by `Drop`; sizes are those that the operation has checked.
        unsafe {
            let mut plan = Self {
                input: result::create_tensor_descriptor()?,
                weight: null_mut(),
                output: null_mut(),
                convolution: null_mut(),
                algorithm: Algorithm::Output(
                    cudnnConvolutionFwdAlgo_t::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                ),
                workspace: 0,
            };
            plan.weight = result::create_filter_descriptor()?;
            plan.output = result::create_tensor_descriptor()?;
            plan.convolution = result::create_convolution_descriptor()?;
            result::set_tensor4d_descriptor(plan.input, layout, float, ints(input))?;
            result::set_filter4d_descriptor(plan.weight, float, layout, ints(weight))?;
            result::set_tensor4d_descriptor(plan.output, layout, float, ints(output))?;
            let (stride, padding) = (stride as c_int, padding as c_int);
            result::set_convolution2d_descriptor(
                plan.convolution,
                padding,
                padding,
                stride,
                stride,
                1,
                1,
                cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION,
                float,
            )?;
            result::set_convolution_math_type(plan.convolution, MATH)?;
            let Self { input, weight, output, convolution, .. } = plan;
            let proposals = match pass {
                Pass::Output => proposals!(
                    result::get_convolution_forward_algorithm,
                    Algorithm::Output,
                    handle,
                    input,
                    weight,
                    convolution,
                    output
                ),
                Pass::Input => proposals!(
                    result::get_convolution_backward_data_algorithm,
                    Algorithm::Input,
                    handle,
                    weight,
                    output,
                    convolution,
                    input
                ),
                Pass::Weight => proposals!(
                    result::get_convolution_backward_filter_algorithm,
                    Algorithm::Weight,
                    handle,
                    input,
                    output,
                    convolution,
                    weight
                ),
            };
            Ok((plan, proposals))
        }
    }

    pub fn take(mut self, proposal: &Proposal) -> Self {
        self.algorithm = proposal.algorithm;
        self.workspace = proposal.workspace;
        self
    }

    pub fn choose(handle: cudnnHandle_t, convolution: &Convolution) -> Done<Option<Self>> {
        let (plan, proposals) = Self::describe(handle, convolution)?;
        let placed =
            proposals.iter().filter_map(|proposal| Some((proposal.place(convolution)?, proposal)));
        let best = placed.min_by_key(|(place, _)| *place);
        Ok(best.map(|(_, best)| plan.take(best)))
    }

    /// Computes the pass; `workspace` has as many bytes as the plan says.
    #[allow(unsafe_code)]
    pub fn run(
        &self,
        handle: cudnnHandle_t,
        [input, weight, output]: [Address; 3],
        workspace: Address,
    ) -> Result<()> {
        let (one, zero) = (1f32, 0f32);
        let (one, zero) = (&raw const one as *const c_void, &raw const zero as *const c_void);
        let [input, weight, output, workspace] =
            [input, weight, output, workspace].map(|Address(at)| at as *mut c_void);
        // All three take the same arguments, of different types.
        macro_rules! convolve {
            ($by:path, $algorithm:expr, $first:ident, $second:ident => $written:ident) => {
                $by(
                    handle,
                    one,
                    self.$first,
                    $first,
                    self.$second,
                    $second,
                    self.convolution,
                    $algorithm,
                    workspace,
                    self.workspace,
                    zero,
                    self.$written,
                    $written,
                )
            };
        }
        // SAFETY: the tensors have the descriptors' shapes, which the operation has checked.
        unsafe {
            match self.algorithm {
                Algorithm::Output(by) => {
                    convolve!(result::convolution_forward, by, input, weight => output)
                }
                Algorithm::Input(by) => {
                    convolve!(result::convolution_backward_data, by, weight, output => input)
                }
                Algorithm::Weight(by) => {
                    convolve!(result::convolution_backward_filter, by, input, output => weight)
                }
            }
            .map_err(failed)
        }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: each was made by `describe`, or is null.
        #[allow(unsafe_code)]
        unsafe {
            for tensor in [self.input, self.output] {
                if !tensor.is_null() {
                    let _ = result::destroy_tensor_descriptor(tensor);
                }
            }
            if !self.weight.is_null() {
                let _ = result::destroy_filter_descriptor(self.weight);
            }
            if !self.convolution.is_null() {
                let _ = result::destroy_convolution_descriptor(self.convolution);
            }
        }
    }
}
