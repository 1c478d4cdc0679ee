//! Convolutions by cuDNN, by algorithms that give the same bits every time.

mod choice;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    ffi::{c_int, c_void},
    mem::zeroed,
    ptr::null_mut,
};

use candle_core::cuda_backend::cudarc::{
    cudnn::{
        result::{self, CudnnError},
        sys::{
            cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, cudnnConvolutionMode_t,
            cudnnDataType_t, cudnnDeterminism_t, cudnnFilterDescriptor_t, cudnnHandle_t,
            cudnnMathType_t, cudnnStatus_t, cudnnTensorDescriptor_t, cudnnTensorFormat_t,
        },
    },
    driver::CudaStream,
};

use choice::{Algorithm, Proposal};

use super::{Address, Arithmetic, Convolution, Pass};
use crate::{Error, Result};

/// cuDNN on one stream.
pub(super) struct Dnn {
    handle: cudnnHandle_t,
    plans: HashMap<(Convolution, Arithmetic), Option<Plan>>,
}

// SAFETY: cuDNN lets any thread use a handle, one at a time; the lock of what is kept for a device sees to that.
#[allow(unsafe_code)]
unsafe impl Send for Dnn {}

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

/// Bytes of workspace up to which an algorithm is considered.
const WORKSPACE: usize = 512 << 20;
/// cuDNN knows at most so many algorithms of a pass.
const ALGORITHMS: usize = 8;

impl Dnn {
    /// `None` where the machine has no cuDNN.
    pub fn new(stream: &CudaStream) -> Result<Option<Self>> {
        if super::libraries::trouble_with(c"libcudnn").is_some() {
            return Ok(None);
        }
        let handle = result::create_handle().map_err(failed)?;
        // SAFETY: both were just made or are in use by the device.
        #[allow(unsafe_code)]
        unsafe {
            result::set_stream(handle, stream.cu_stream() as *mut _).map_err(failed)?;
        }
        Ok(Some(Self { handle, plans: HashMap::new() }))
    }

    /// How a pass is computed, chosen at its first use by sizes alone, so that a run that is gone on with goes on with the same bits; `None` where no
    /// algorithm will do.
    pub fn plan(
        &mut self,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Result<Option<&Plan>> {
        let key = (*convolution, arithmetic);
        if !self.plans.contains_key(&key) {
            // What cuDNN does not describe, such as more than 2^31 numbers, others compute.
            let plan = Plan::choose(self.handle, convolution, arithmetic).unwrap_or_default();
            self.plans.insert(key, plan);
        }
        Ok(self.plans.get(&key).and_then(Option::as_ref))
    }

    pub fn handle(&self) -> cudnnHandle_t {
        self.handle
    }
}

impl Drop for Dnn {
    fn drop(&mut self) {
        self.plans.clear();
        // SAFETY: nothing uses it any more.
        #[allow(unsafe_code)]
        unsafe {
            let _ = result::destroy_handle(self.handle);
        }
    }
}

fn failed(error: CudnnError) -> Error {
    candle_core::Error::wrap(error).into()
}

fn ints(shape: [usize; 4]) -> [c_int; 4] {
    shape.map(|size| size as c_int)
}

macro_rules! proposals {
    ($ask:path, $kind:path, $($argument:expr),+) => {{
        let (mut found, mut answers) = (0, [zeroed(); ALGORITHMS]);
        $ask($($argument),+, ALGORITHMS as c_int, &mut found, answers.as_mut_ptr()).map_err(failed)?;
        let answers = answers[..(found as usize).min(ALGORITHMS)].iter();
        answers
            .filter(|answer| {
                answer.status == cudnnStatus_t::CUDNN_STATUS_SUCCESS
                    && answer.determinism == cudnnDeterminism_t::CUDNN_DETERMINISTIC
            })
            .map(|answer| Proposal {
                algorithm: $kind(answer.algo),
                math: answer.mathType,
                workspace: answer.memory,
            })
            .collect::<Vec<_>>()
    }};
}

impl Plan {
    /// Descriptors of a pass, and the algorithms that cuDNN proposes for it, the one that it thinks fastest first.
    #[allow(unsafe_code)]
    fn describe(
        handle: cudnnHandle_t,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Result<(Self, Vec<Proposal>)> {
        let Convolution { pass, input, weight, output, stride, padding, .. } = *convolution;
        let (layout, float) =
            (cudnnTensorFormat_t::CUDNN_TENSOR_NCHW, cudnnDataType_t::CUDNN_DATA_FLOAT);
        let math = match arithmetic {
            Arithmetic::F32 => cudnnMathType_t::CUDNN_FMA_MATH,
            _ => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
        };
        // SAFETY: descriptors are made before they are used and given back by `Drop`; sizes are those that the operation has checked.
        unsafe {
            let mut plan = Self {
                input: result::create_tensor_descriptor().map_err(failed)?,
                weight: null_mut(),
                output: null_mut(),
                convolution: null_mut(),
                algorithm: Algorithm::Output(
                    cudnnConvolutionFwdAlgo_t::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                ),
                workspace: 0,
            };
            plan.weight = result::create_filter_descriptor().map_err(failed)?;
            plan.output = result::create_tensor_descriptor().map_err(failed)?;
            plan.convolution = result::create_convolution_descriptor().map_err(failed)?;
            result::set_tensor4d_descriptor(plan.input, layout, float, ints(input))
                .map_err(failed)?;
            result::set_filter4d_descriptor(plan.weight, float, layout, ints(weight))
                .map_err(failed)?;
            result::set_tensor4d_descriptor(plan.output, layout, float, ints(output))
                .map_err(failed)?;
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
            )
            .map_err(failed)?;
            result::set_convolution_math_type(plan.convolution, math).map_err(failed)?;
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
            let fits = |proposal: &Proposal| {
                proposal.workspace <= WORKSPACE
                    && (arithmetic != Arithmetic::F32
                        || proposal.math == cudnnMathType_t::CUDNN_FMA_MATH)
            };
            Ok((plan, proposals.into_iter().filter(fits).collect()))
        }
    }

    #[allow(unsafe_code)]
    fn take(mut self, proposal: &Proposal) -> Result<Self> {
        // SAFETY: the descriptor is the plan's own.
        unsafe {
            result::set_convolution_math_type(self.convolution, proposal.math).map_err(failed)?;
        }
        self.algorithm = proposal.algorithm;
        self.workspace = proposal.workspace;
        Ok(self)
    }

    fn choose(
        handle: cudnnHandle_t,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Result<Option<Self>> {
        let (plan, proposals) = Self::describe(handle, convolution, arithmetic)?;
        let placed =
            proposals.iter().filter_map(|proposal| Some((proposal.place(convolution)?, proposal)));
        match placed.min_by_key(|(place, _)| *place) {
            Some((_, best)) => plan.take(best).map(Some),
            None => Ok(None),
        }
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
        // SAFETY: the tensors have the descriptors' shapes, which the operation has checked.
        unsafe {
            match self.algorithm {
                Algorithm::Output(algorithm) => result::convolution_forward(
                    handle,
                    one,
                    self.input,
                    input,
                    self.weight,
                    weight,
                    self.convolution,
                    algorithm,
                    workspace,
                    self.workspace,
                    zero,
                    self.output,
                    output,
                ),
                Algorithm::Input(algorithm) => result::convolution_backward_data(
                    handle,
                    one,
                    self.weight,
                    weight,
                    self.output,
                    output,
                    self.convolution,
                    algorithm,
                    workspace,
                    self.workspace,
                    zero,
                    self.input,
                    input,
                ),
                Algorithm::Weight(algorithm) => result::convolution_backward_filter(
                    handle,
                    one,
                    self.input,
                    input,
                    self.output,
                    output,
                    self.convolution,
                    algorithm,
                    workspace,
                    self.workspace,
                    zero,
                    self.weight,
                    weight,
                ),
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
