//! Convolutions by cuDNN, by what gives the same bits every time.
//!
//! In f32 cuDNN's algorithms compute them, by a choice of our own; with tensor cores the engines that cuDNN's heuristics propose for an operation graph, in
//! bf16 on tensors whose channels come last. Nothing is measured: what is chosen is a matter of sizes, so that a run that is gone on with goes on with the
//! same bits.

mod algorithms;
mod choice;
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
use engines::Form;

use super::{Address, Arithmetic, Convolution, Convolved, Machine, Pass, turned::Turned};
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

/// Bytes of workspace up to which something is considered.
const WORKSPACE: usize = 512 << 20;

/// Tensors as they are.
const PLAIN: Form = Form { last: false, numbers: cudnnDataType_t::CUDNN_DATA_FLOAT };
/// Tensors turned.
const TURNED: Form = Form { last: true, numbers: cudnnDataType_t::CUDNN_DATA_BFLOAT16 };

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

    /// How a pass is computed, chosen at its first use; `None` where nothing suits.
    pub fn plan(&mut self, convolution: &Convolution, arithmetic: Arithmetic) -> Option<Rc<Plan>> {
        let handle = self.handle;
        let plan = self.plans.entry((*convolution, arithmetic)).or_insert_with(|| {
            let how = How::choose(handle, convolution, arithmetic)?;
            Some(Rc::new(Plan { handle, how }))
        });
        plan.clone()
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

impl How {
    /// What cuDNN does not describe, such as more than 2^31 numbers, others compute.
    fn choose(
        handle: cudnnHandle_t,
        convolution: &Convolution,
        arithmetic: Arithmetic,
    ) -> Option<Self> {
        let algorithm = || {
            let plan = algorithms::Plan::choose(handle, convolution, arithmetic).ok()??;
            Some(Self::Algorithm(plan))
        };
        let plain = || engine(handle, convolution, PLAIN).map(Self::Engine).or_else(algorithm);
        match arithmetic {
            Arithmetic::F32 => algorithm(),
            Arithmetic::Tf32 => plain(),
            Arithmetic::Bf16 => match Layouts::of(convolution) {
                Some(layouts) => {
                    let plan = engine(handle, convolution, TURNED);
                    plan.map(|plan| Self::Turned(plan, layouts)).or_else(plain)
                }
                None => plain(),
            },
        }
    }
}

/// The first engine that cuDNN proposes, gives the same bits every time and can be made ready.
fn engine(handle: cudnnHandle_t, convolution: &Convolution, form: Form) -> Option<engines::Plan> {
    let proposals = engines::proposals(handle, convolution, form).ok()?;
    let mut plans = proposals
        .into_iter()
        .filter(|proposal| proposal.deterministic)
        .filter_map(|proposal| proposal.plan(handle).ok());
    plans.find(|plan| plan.workspace <= WORKSPACE)
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
    /// `None` where tensor cores would have too little to do for it to be worth while, or channels do not come in eights, as they want them.
    fn of(convolution: &Convolution) -> Option<Self> {
        let Convolution { pass, input, weight, output, .. } = *convolution;
        let suits = |channels: usize| channels >= WIDE && channels.is_multiple_of(8);
        if !suits(input[1]) || !suits(output[1]) {
            return None;
        }
        let written = match pass {
            Pass::Input => 0,
            Pass::Weight => 1,
            Pass::Output => 2,
        };
        let turned = |[images, channels, height, width]: [usize; 4]| Turned {
            images,
            channels,
            positions: height * width,
        };
        Some(Self { tensors: [input, weight, output].map(turned), written })
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
