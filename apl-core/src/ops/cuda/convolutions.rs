//! Convolutions by cuDNN, by algorithms that give the same bits every time.

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
            cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t,
            cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, cudnnConvolutionMode_t,
            cudnnDataType_t, cudnnDeterminism_t, cudnnFilterDescriptor_t, cudnnHandle_t,
            cudnnMathType_t, cudnnStatus_t, cudnnTensorDescriptor_t, cudnnTensorFormat_t,
        },
    },
    driver::CudaStream,
};

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

#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Output(cudnnConvolutionFwdAlgo_t),
    Input(cudnnConvolutionBwdDataAlgo_t),
    Weight(cudnnConvolutionBwdFilterAlgo_t),
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

/// An algorithm that cuDNN proposes: what matters of its three kinds of answers.
struct Proposal {
    algorithm: Algorithm,
    math: cudnnMathType_t,
    workspace: usize,
}

impl Algorithm {
    fn family(self) -> Family {
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
enum Family {
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
    /// In f32 cuDNN's own order is off by up to four times: for the wide 5 x 5 kernels of the paper's networks Fourier transforms take half the time of
    /// implicit products. Winograd's transforms of kernels larger than 3 x 3 lose digits. For few channels the gradient by the weight is faster by
    /// columns. With tensor cores implicit products are the fastest (docs/cuda.md has the figures).
    fn place(&self, convolution: &Convolution) -> Option<u32> {
        let Convolution { pass, weight: [outputs, channels, height, width], .. } = *convolution;
        let (wide, kernel) = (channels.min(outputs) >= WIDE, height.max(width));
        let tensor_cores = self.math != cudnnMathType_t::CUDNN_FMA_MATH;
        match self.algorithm.family() {
            Family::Product if tensor_cores => Some(0),
            Family::Winograd if wide && kernel <= 3 => Some(1),
            Family::Fourier if wide => Some(2),
            Family::FourierTiles if wide => Some(3),
            Family::Product if wide || pass != Pass::Weight => Some(4),
            Family::Other if wide => Some(5),
            _ => None,
        }
    }
}

/// Channels from which on transforms are worth while.
const WIDE: usize = 16;

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

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::ops::{
        conv2d::{self, Config},
        cuda::calculate_in,
        testing::{assert_close, normal, values},
    };

    /// Input, weight and padding of the convolutions of the paper's networks.
    const SHAPES: [([usize; 4], [usize; 4], usize); 9] = [
        ([100, 3, 32, 32], [96, 3, 5, 5], 2),
        ([100, 96, 16, 16], [128, 96, 5, 5], 2),
        ([100, 128, 8, 8], [256, 128, 5, 5], 2),
        ([100, 3, 32, 32], [192, 3, 5, 5], 2),
        ([100, 192, 32, 32], [160, 192, 1, 1], 0),
        ([100, 160, 32, 32], [96, 160, 1, 1], 0),
        ([100, 96, 16, 16], [192, 96, 5, 5], 2),
        ([100, 192, 16, 16], [192, 192, 1, 1], 0),
        ([100, 192, 8, 8], [192, 192, 3, 3], 1),
    ];

    fn gpu() -> Option<Device> {
        for libraries in [c"lib", c"libcudnn"] {
            if let Some(trouble) = crate::ops::cuda::libraries::trouble_with(libraries) {
                println!("skipped: {trouble}");
                return None;
            }
        }
        Some(Device::new_cuda_with_stream(0).unwrap())
    }

    fn convolution(
        pass: Pass,
        (input, weight, padding): ([usize; 4], [usize; 4], usize),
    ) -> Convolution {
        let output = [input[0], weight[0], input[2], input[3]];
        Convolution { real: DType::F32, pass, input, weight, output, stride: 1, padding }
    }

    /// Where a tensor of the GPU is.
    fn place_of(tensor: &Tensor) -> Address {
        let mut at = Address::NONE;
        crate::ops::cuda::run([Some(("tensor", tensor))], |_, [found]| {
            at = found;
            Ok(())
        })
        .unwrap()
        .unwrap();
        at
    }

    /// A pass by a proposal: microseconds, and the numbers of two images, or of the weight.
    fn measured(
        device: &Device,
        dnn: &Dnn,
        convolution: &Convolution,
        arithmetic: Arithmetic,
        proposal: &Proposal,
        tensors: &[Tensor; 3],
    ) -> (f64, Vec<f64>) {
        let (plan, _) = Plan::describe(dnn.handle(), convolution, arithmetic).unwrap();
        let plan = plan.take(proposal).unwrap();
        let memory = Tensor::zeros(plan.workspace.max(1), DType::U8, device).unwrap();
        let written = match convolution.pass {
            Pass::Input => 0,
            Pass::Weight => 1,
            Pass::Output => 2,
        };
        let result = tensors[written].zeros_like().unwrap();
        let mut at = [0, 1, 2].map(|i| place_of(&tensors[i]));
        at[written] = place_of(&result);
        let workspace = place_of(&memory);
        let round = |times: u32| {
            let start = std::time::Instant::now();
            for _ in 0..times {
                plan.run(dnn.handle(), at, workspace).unwrap();
            }
            device.synchronize().unwrap();
            1e6 * start.elapsed().as_secs_f64() / f64::from(times)
        };
        round(2);
        let microseconds = round(10);
        let some = result.narrow(0, 0, 2).unwrap().to_device(&Device::Cpu).unwrap();
        (microseconds, values(&some))
    }

    /// Every algorithm that gives the same bits every time, in cuDNN's order, with its time, its memory and how far it is from the plainest one, as a
    /// part of the largest number: what the choice is worth and what it costs.
    #[test]
    #[ignore = "needs a GPU"]
    fn algorithms_on_a_gpu() {
        let Some(device) = gpu() else { return };
        let Device::Cuda(cuda) = &device else { panic!("a GPU") };
        let dnn = Dnn::new(&cuda.cuda_stream()).unwrap().unwrap();
        for shape in SHAPES {
            let on = |name: &str, dims: [usize; 4]| {
                normal(name, &dims, DType::F32).to_device(&device).unwrap()
            };
            let sizes = convolution(Pass::Output, shape);
            let tensors = [on("x", sizes.input), on("w", sizes.weight), on("y", sizes.output)];
            for pass in [Pass::Output, Pass::Input, Pass::Weight] {
                let convolution = convolution(pass, shape);
                let mut plainest: Option<Vec<f64>> = None;
                for arithmetic in [Arithmetic::F32, Arithmetic::Tf32] {
                    let (_, proposals) =
                        Plan::describe(dnn.handle(), &convolution, arithmetic).unwrap();
                    let by = |proposal: &Proposal| {
                        measured(&device, &dnn, &convolution, arithmetic, proposal, &tensors)
                    };
                    if plainest.is_none() {
                        let plain =
                            proposals.iter().find(|p| p.algorithm.family() == Family::Product);
                        plainest = plain.map(|plain| by(plain).1);
                    }
                    let expected = plainest.clone().unwrap_or_default();
                    let largest = expected.iter().map(|v| v.abs()).fold(0.0, f64::max);
                    let timed = proposals.iter().map(|proposal| {
                        let (microseconds, found) = by(proposal);
                        let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                        let apart = apart.fold(0.0, f64::max) / largest;
                        let text = format!("{:?}", proposal.algorithm);
                        let name = text.rsplit("ALGO_").next().unwrap().trim_end_matches(')');
                        let megabytes = 1e-6 * proposal.workspace as f64;
                        format!("{name} {microseconds:.0} us {megabytes:.0} MB {apart:.0e}")
                    });
                    let timed = timed.collect::<Vec<_>>().join(", ");
                    println!("{:?} {:?} {arithmetic} {pass:?}: {timed}", shape.0, shape.1);
                }
            }
        }
    }

    /// By cuDNN against the processor, and twice for the same bits.
    #[test]
    #[ignore = "needs a GPU"]
    fn convolutions_on_a_gpu_agree_with_the_cpu() {
        let Some(device) = gpu() else { return };
        for (arithmetic, tolerance) in [(Arithmetic::F32, 3e-5), (Arithmetic::Tf32, 2e-2)] {
            calculate_in(&device, arithmetic).unwrap();
            for (mut input, weight, padding) in SHAPES {
                input[0] = 10;
                let window = Config { stride: 1, padding };
                let scale = 1.0 / ((weight[1] * weight[2] * weight[3]) as f64).sqrt();
                let x = normal("x", &input, DType::F32);
                let w = (normal("w", &weight, DType::F32) * scale).unwrap();
                let b = normal("b", &weight[..1], DType::F32);
                let g = normal("g", &[10, weight[0], input[2], input[3]], DType::F32);
                let outputs = |device: &Device| -> Vec<Tensor> {
                    let [x, w, b, g] = [&x, &w, &b, &g].map(|t| t.to_device(device).unwrap());
                    let [y, dx, dw, db] = [&g, &x, &w, &b].map(|t| t.zeros_like().unwrap());
                    conv2d::forward(&x, &w, &b, window, &y).unwrap();
                    conv2d::backward(&x, &w, window, &g, Some(&dx), Some((&dw, &db))).unwrap();
                    [y, dx, dw, db].map(|t| t.to_device(&Device::Cpu).unwrap()).to_vec()
                };
                let (found, again) = (outputs(&device), outputs(&device));
                let expected = outputs(&Device::Cpu);
                let largest =
                    |tensor: &Tensor| values(tensor).into_iter().map(f64::abs).fold(0.0, f64::max);
                for (i, name) in ["y", "dx", "dw", "db"].into_iter().enumerate() {
                    assert_eq!(values(&found[i]), values(&again[i]), "{name} of {weight:?}");
                    // Relative to the largest: sums of many terms cancel.
                    let scale = 1.0 / largest(&expected[i]);
                    let [found, expected] = [&found[i], &expected[i]].map(|t| (t * scale).unwrap());
                    let name = format!("{name} of {weight:?} in {arithmetic}");
                    assert_close(&name, &found, &expected, tolerance);
                }
            }
        }
        println!("9 convolutions agree with the CPU, to the bit with themselves");
    }
}
