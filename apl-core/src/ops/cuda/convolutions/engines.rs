//! cuDNN's operation graphs: a graph of one convolution, the engines that cuDNN proposes for it, a plan of one of them.
//!
//! Everything is a descriptor that is made, given attributes and made final.

use std::{
    ffi::{c_int, c_void},
    ptr::null_mut,
    rc::Rc,
};

use candle_core::cuda_backend::cudarc::cudnn::sys::{
    self, cudnnBackendAttributeName_t as Name, cudnnBackendAttributeType_t as Kind,
    cudnnBackendDescriptor_t, cudnnBackendDescriptorType_t as Of, cudnnBackendHeurMode_t as Order,
    cudnnBackendNumericalNote_t as Note, cudnnConvolutionMode_t, cudnnDataType_t, cudnnHandle_t,
};

use super::failed;
use crate::{
    Result,
    ops::cuda::{Address, Convolution, Pass},
};

/// How the tensors of a convolution lie in memory, and what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// Whether a pixel's channels are neighbours, rather than a channel's pixels.
    pub last: bool,
    /// What is read and written; sums are f32 in any case, and what is written is rounded.
    pub numbers: cudnnDataType_t,
}

/// An engine that cuDNN proposes, and how it is set.
pub(super) struct Proposal {
    configuration: Descriptor,
    _graph: Rc<Descriptor>,
    /// Its number among cuDNN's.
    #[cfg_attr(not(test), allow(dead_code))]
    pub engine: i64,
    /// Whether it gives the same bits every time.
    pub deterministic: bool,
}

/// An engine made ready.
pub(super) struct Plan {
    plan: Descriptor,
    _of: Proposal,
    /// Bytes.
    pub workspace: usize,
}

/// What the tensors are called.
const NAMES: [i64; 3] = [1, 2, 3];
/// Bytes that the tensors' places are multiples of: what the widest loads want.
pub(super) const ALIGNMENT: usize = 16;
/// At most so many proposals are looked at.
const MOST: usize = 16;
/// Notes that cuDNN may make of an engine, those of later versions counted in.
const NOTES: usize = 64;

/// What cuDNN proposes for a convolution, the fastest first as it thinks.
pub(super) fn proposals(
    handle: cudnnHandle_t,
    convolution: &Convolution,
    form: Form,
) -> Result<Vec<Proposal>> {
    let graph = Rc::new(graph(handle, convolution, form)?);
    let mut found = Vec::new();
    for order in [Order::CUDNN_HEUR_MODE_A, Order::CUDNN_HEUR_MODE_FALLBACK] {
        let mut asked = Descriptor::new(Of::CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)?;
        asked.set(
            Name::CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH,
            Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
            &[graph.at],
        )?;
        asked.set(Name::CUDNN_ATTR_ENGINEHEUR_MODE, Kind::CUDNN_TYPE_HEUR_MODE, &[order])?;
        asked.finish()?;
        let rooms = (0..MOST).map(|_| Descriptor::new(Of::CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
        let rooms = rooms.collect::<Result<Vec<_>>>()?;
        let mut places: Vec<_> = rooms.iter().map(|room| room.at).collect();
        let count = asked.get(
            Name::CUDNN_ATTR_ENGINEHEUR_RESULTS,
            Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
            &mut places,
        )?;
        for configuration in rooms.into_iter().take(count) {
            found.push(Proposal::of(configuration, graph.clone())?);
        }
    }
    Ok(found)
}

impl Proposal {
    fn of(configuration: Descriptor, graph: Rc<Descriptor>) -> Result<Self> {
        let engine = Descriptor::new(Of::CUDNN_BACKEND_ENGINE_DESCRIPTOR)?;
        configuration.get(
            Name::CUDNN_ATTR_ENGINECFG_ENGINE,
            Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
            &mut [engine.at],
        )?;
        let mut number = [0i64];
        engine.get(Name::CUDNN_ATTR_ENGINE_GLOBAL_INDEX, Kind::CUDNN_TYPE_INT64, &mut number)?;
        // As numbers: a later cuDNN has notes that this enumeration does not know.
        let mut notes = [c_int::MAX; NOTES];
        let count = engine.get(
            Name::CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
            Kind::CUDNN_TYPE_NUMERICAL_NOTE,
            &mut notes,
        )?;
        let moody = Note::CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC as c_int;
        let deterministic = !notes[..count].contains(&moody);
        Ok(Self { configuration, _graph: graph, engine: number[0], deterministic })
    }

    /// Made ready; an error where it does not suit after all.
    pub fn plan(self, handle: cudnnHandle_t) -> Result<Plan> {
        let mut plan = Descriptor::new(Of::CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)?;
        plan.set(Name::CUDNN_ATTR_EXECUTION_PLAN_HANDLE, Kind::CUDNN_TYPE_HANDLE, &[handle])?;
        plan.set(
            Name::CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
            Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
            &[self.configuration.at],
        )?;
        plan.finish()?;
        let mut bytes = [0i64];
        plan.get(
            Name::CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
            Kind::CUDNN_TYPE_INT64,
            &mut bytes,
        )?;
        Ok(Plan { plan, _of: self, workspace: bytes[0] as usize })
    }
}

impl Plan {
    /// Computes the pass on input, weight and output, values or gradients.
    pub fn run(
        &self,
        handle: cudnnHandle_t,
        tensors: [Address; 3],
        workspace: Address,
    ) -> Result<()> {
        let pointer = |Address(at)| at as *mut c_void;
        let mut pack = Descriptor::new(Of::CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)?;
        pack.set(
            Name::CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
            Kind::CUDNN_TYPE_VOID_PTR,
            &tensors.map(pointer),
        )?;
        pack.set(Name::CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, Kind::CUDNN_TYPE_INT64, &NAMES)?;
        pack.set(
            Name::CUDNN_ATTR_VARIANT_PACK_WORKSPACE,
            Kind::CUDNN_TYPE_VOID_PTR,
            &[pointer(workspace)],
        )?;
        pack.finish()?;
        // SAFETY: the tensors have the shapes of the plan, which the operation has checked, and the workspace its size.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendExecute(handle, self.plan.at, pack.at) }.result().map_err(failed)
    }
}

/// A graph that is one pass of a convolution.
fn graph(handle: cudnnHandle_t, convolution: &Convolution, form: Form) -> Result<Descriptor> {
    let Convolution { pass, input, weight, output, stride, padding, .. } = *convolution;
    let input = tensor(NAMES[0], input, form)?;
    let weight = tensor(NAMES[1], weight, form)?;
    let output = tensor(NAMES[2], output, form)?;
    let window = window(stride as i64, padding as i64)?;
    let names = Operation::of(pass);
    let mut operation = Descriptor::new(names.kind)?;
    for (name, of) in [
        (names.window, &window),
        (names.input, &input),
        (names.weight, &weight),
        (names.output, &output),
    ] {
        operation.set(name, Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR, &[of.at])?;
    }
    operation.set(names.alpha, Kind::CUDNN_TYPE_FLOAT, &[1f32])?;
    operation.set(names.beta, Kind::CUDNN_TYPE_FLOAT, &[0f32])?;
    operation.finish()?;
    let mut graph = Descriptor::new(Of::CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)?;
    graph.set(Name::CUDNN_ATTR_OPERATIONGRAPH_HANDLE, Kind::CUDNN_TYPE_HANDLE, &[handle])?;
    graph.set(
        Name::CUDNN_ATTR_OPERATIONGRAPH_OPS,
        Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
        &[operation.at],
    )?;
    graph.finish()?;
    graph.keeps = vec![input, weight, output, window, operation];
    Ok(graph)
}

fn tensor(name: i64, dims: [usize; 4], form: Form) -> Result<Descriptor> {
    let [n, c, h, w] = dims.map(|size| size as i64);
    let strides = match form.last {
        true => [h * w * c, 1, w * c, c],
        false => [c * h * w, h * w, w, 1],
    };
    let mut tensor = Descriptor::new(Of::CUDNN_BACKEND_TENSOR_DESCRIPTOR)?;
    let whole = Kind::CUDNN_TYPE_INT64;
    tensor.set(Name::CUDNN_ATTR_TENSOR_DATA_TYPE, Kind::CUDNN_TYPE_DATA_TYPE, &[form.numbers])?;
    tensor.set(Name::CUDNN_ATTR_TENSOR_DIMENSIONS, whole, &[n, c, h, w])?;
    tensor.set(Name::CUDNN_ATTR_TENSOR_STRIDES, whole, &strides)?;
    tensor.set(Name::CUDNN_ATTR_TENSOR_UNIQUE_ID, whole, &[name])?;
    tensor.set(Name::CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, whole, &[ALIGNMENT as i64])?;
    tensor.finish()?;
    Ok(tensor)
}

fn window(stride: i64, padding: i64) -> Result<Descriptor> {
    let mut window = Descriptor::new(Of::CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)?;
    let whole = Kind::CUDNN_TYPE_INT64;
    window.set(Name::CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, whole, &[2i64])?;
    window.set(
        Name::CUDNN_ATTR_CONVOLUTION_COMP_TYPE,
        Kind::CUDNN_TYPE_DATA_TYPE,
        &[cudnnDataType_t::CUDNN_DATA_FLOAT],
    )?;
    window.set(
        Name::CUDNN_ATTR_CONVOLUTION_CONV_MODE,
        Kind::CUDNN_TYPE_CONVOLUTION_MODE,
        &[cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION],
    )?;
    window.set(Name::CUDNN_ATTR_CONVOLUTION_DILATIONS, whole, &[1i64; 2])?;
    window.set(Name::CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, whole, &[stride; 2])?;
    window.set(Name::CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, whole, &[padding; 2])?;
    window.set(Name::CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, whole, &[padding; 2])?;
    window.finish()?;
    Ok(window)
}

/// What a pass and its attributes are called.
struct Operation {
    kind: Of,
    window: Name,
    input: Name,
    weight: Name,
    output: Name,
    alpha: Name,
    beta: Name,
}

impl Operation {
    fn of(pass: Pass) -> Self {
        match pass {
            Pass::Output => Self {
                kind: Of::CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                window: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                input: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                weight: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                output: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                alpha: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                beta: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
            },
            Pass::Input => Self {
                kind: Of::CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                window: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                input: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                weight: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                output: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                alpha: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                beta: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
            },
            Pass::Weight => Self {
                kind: Of::CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                window: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                input: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                weight: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                output: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                alpha: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                beta: Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
            },
        }
    }
}

/// Something of cuDNN's, and what it is made of.
struct Descriptor {
    at: cudnnBackendDescriptor_t,
    keeps: Vec<Descriptor>,
}

impl Descriptor {
    fn new(kind: Of) -> Result<Self> {
        let mut at = null_mut();
        // SAFETY: what is made is given back by `Drop`.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendCreateDescriptor(kind, &mut at) }.result().map_err(failed)?;
        Ok(Self { at, keeps: Vec::new() })
    }

    /// Gives it values of an attribute.
    fn set<T>(&mut self, name: Name, kind: Kind, values: &[T]) -> Result<()> {
        let (count, from) = (values.len() as i64, values.as_ptr().cast());
        // SAFETY: cuDNN copies as many values, whose type is the kind's at every call of this file.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendSetAttribute(self.at, name, kind, count, from) }
            .result()
            .map_err(failed)
    }

    fn finish(&mut self) -> Result<()> {
        // SAFETY: it was made by `new`.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendFinalize(self.at) }.result().map_err(failed)
    }

    /// Values of an attribute; how many of them there are.
    fn get<T>(&self, name: Name, kind: Kind, values: &mut [T]) -> Result<usize> {
        let (room, mut count) = (values.len() as i64, 0);
        let to = values.as_mut_ptr().cast();
        // SAFETY: cuDNN writes at most as many values, whose type is the kind's at every call of this file.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendGetAttribute(self.at, name, kind, room, &mut count, to) }
            .result()
            .map_err(failed)?;
        Ok((count.max(0) as usize).min(values.len()))
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: it was made by `new`; what it is made of goes after it.
        #[allow(unsafe_code)]
        unsafe {
            let _ = sys::cudnnBackendDestroyDescriptor(self.at);
        }
        self.keeps.clear();
    }
}
