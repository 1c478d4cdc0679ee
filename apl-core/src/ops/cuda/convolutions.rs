//! Convolutions by cuDNN, by what gives the same bits every time.
//!
//! In f32 cuDNN's algorithms compute them, by a choice of our own; with tensor cores the engines that cuDNN's heuristics propose for an operation graph, in
//! bf16 on tensors whose channels come last. Nothing is measured: what is chosen is a matter of sizes, the GPU and cuDNN's version, so that a run
//! that is gone on with goes on with the same bits.

mod algorithms;
mod choice;
#[cfg(test)]
mod described;
mod descriptor;
mod engines;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, rc::Rc};

use candle_core::{
    DType,
    cuda_backend::cudarc::{
        cudnn::{
            result::{self, CudnnError},
            sys::{cudnnDataType_t, cudnnHandle_t},
        },
        driver::CudaStream,
    },
};
use choice::WIDE;
use engines::{ALIGNMENT, Form, Gpu};

use super::{Address, Arithmetic, Convolution, Convolved, Machine, turned::Turned};
use crate::{Error, Result};

/// cuDNN on one stream.
pub(super) struct Dnn {
    handle: cudnnHandle_t,
    plans: HashMap<(Convolution, Arithmetic), Option<Rc<Plan>>>,
}

// SAFETY: cuDNN lets any thread use a handle and what was made with it, one at a time; the lock of what is kept for a device sees to that, and holds while a
// plan is in use.
#[allow(unsafe_code)]
unsafe impl Send for Dnn {}

/// How one pass is computed.
pub(super) struct Plan {
    handle: cudnnHandle_t,
    how: How,
}

enum How {
    Algorithm(algorithms::Plan),
    Engine(engines::Plan),
    /// On tensors whose channels come last.
    Turned(engines::Plan, Layouts),
}

/// Bytes of workspace, and of turned tensors, up to which something is considered.
const WORKSPACE: usize = 512 << 20;

/// Tensors as they are.
const PLAIN: Form = Form { last: false, numbers: cudnnDataType_t::CUDNN_DATA_FLOAT };
/// Tensors turned.
const TURNED: Form = Form { last: true, numbers: cudnnDataType_t::CUDNN_DATA_BFLOAT16 };

impl Dnn {
    /// `None` where the machine has no cuDNN.
    pub fn new(stream: &CudaStream) -> Result<Option<Self>> {
        if !super::libraries::has_cudnn() {
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

    /// How a pass is computed, chosen at its first use; `None` where nothing suits.
    pub fn plan(
        &mut self,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Result<Option<Rc<Plan>>> {
        let key = (*convolution, arithmetic);
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan.clone());
        }
        let handle = self.handle;
        let how = How::choose(handle, convolution, arithmetic)?;
        let plan = how.map(|how| Rc::new(Plan { handle, how }));
        self.plans.insert(key, plan.clone());
        Ok(plan)
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

/// What cuDNN answers.
type Done<T> = std::result::Result<T, CudnnError>;

/// `None` where cuDNN says that it does not support something, or finds it out of bounds, such as more than 2^31 numbers: others compute it.
fn supported<T>(done: Done<T>) -> Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        // Thousands are kinds of errors: 2 of what it is given, 3 of what it cannot do.
        Err(CudnnError(status)) if matches!(status as u32 / 1000, 2 | 3) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

impl How {
    fn choose(
        handle: cudnnHandle_t,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Result<Option<Self>> {
        match arithmetic {
            Arithmetic::F32 => {
                let plan = supported(algorithms::Plan::choose(handle, convolution))?;
                Ok(plan.flatten().map(Self::Algorithm))
            }
            rounded => Self::by_engine(&Gpu::Of(handle), convolution, rounded),
        }
    }

    /// With tensor cores. Where those have nothing cuDNN proposes engines that do without, for anything that it convolves at all.
    fn by_engine(
        gpu: &Gpu,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Result<Option<Self>> {
        if arithmetic == Arithmetic::Bf16
            && let Some(layouts) = Layouts::of(convolution)
            && let Some(plan) = engines::first(gpu, convolution, TURNED)?
        {
            return Ok(Some(Self::Turned(plan, layouts)));
        }
        Ok(engines::first(gpu, convolution, PLAIN)?.map(Self::Engine))
    }
}

impl Plan {
    /// Computes the pass on input, weight and output, values or gradients.
    pub fn run(
        &self,
        machine: &dyn Machine,
        at: [Address; 3],
        bias: Option<Address>,
    ) -> Result<Convolved> {
        let workspace = |bytes: usize| machine.scratch(bytes.div_ceil(4), DType::F32);
        match &self.how {
            How::Algorithm(plan) => plan.run(self.handle, at, workspace(plan.workspace)?)?,
            // A part of a batch may begin anywhere.
            How::Engine(_) if !at.iter().all(|at| at.0.is_multiple_of(ALIGNMENT)) => {
                return Ok(Convolved::Not);
            }
            How::Engine(plan) => plan.run(self.handle, at, workspace(plan.workspace)?)?,
            How::Turned(plan, layouts) => {
                let memory = workspace(layouts.bytes() + plan.workspace)?;
                let (turned, rest) = layouts.places(memory);
                layouts.turn(machine, at, turned)?;
                plan.run(self.handle, turned, rest)?;
                layouts.turn_back(machine, at, turned, bias)?;
                return Ok(Convolved::Whole);
            }
        }
        Ok(Convolved::Unbiased)
    }
}

/// Input, weight and output of a convolution in bf16 with their channels last.
struct Layouts {
    tensors: [Turned; 3],
    written: usize,
}

impl Layouts {
    /// `None` where tensor cores would have too little to do for it to be worth while, channels do not come in eights, as they want them, or the copies would
    /// be too large.
    fn of(convolution: &Convolution) -> Option<Self> {
        let Convolution { pass, input, weight, output, .. } = *convolution;
        let suits = |channels: usize| channels >= WIDE && channels.is_multiple_of(8);
        if !suits(input[1]) || !suits(output[1]) {
            return None;
        }
        let turned = |[images, channels, height, width]: [usize; 4]| Turned {
            images,
            channels,
            positions: height * width,
        };
        let layouts =
            Self { tensors: [input, weight, output].map(turned), written: pass.written() };
        (layouts.bytes() <= WORKSPACE).then_some(layouts)
    }

    fn bytes(&self) -> usize {
        self.tensors.iter().map(room).sum()
    }

    /// Where they are, and the rest of the memory.
    fn places(&self, memory: Address) -> ([Address; 3], Address) {
        let mut next = memory.0;
        let places = self.tensors.each_ref().map(|tensor| {
            let place = Address(next);
            next += room(tensor) as u64;
            place
        });
        (places, Address(next))
    }

    /// What is read.
    fn turn(&self, machine: &dyn Machine, at: [Address; 3], to: [Address; 3]) -> Result<()> {
        for i in (0..3).filter(|&i| i != self.written) {
            self.tensors[i].turn(machine, at[i], to[i])?;
        }
        Ok(())
    }

    /// What was written.
    fn turn_back(
        &self,
        machine: &dyn Machine,
        at: [Address; 3],
        from: [Address; 3],
        bias: Option<Address>,
    ) -> Result<()> {
        let i = self.written;
        self.tensors[i].turn_back(machine, from[i], at[i], bias)
    }
}

/// Bytes that a tensor takes, so that what comes after it begins where wide loads may.
fn room(tensor: &Turned) -> usize {
    tensor.bytes().next_multiple_of(256)
}
