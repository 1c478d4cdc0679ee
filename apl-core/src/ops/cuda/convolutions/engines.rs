//! cuDNN's operation graphs: a graph of one convolution, the engines that cuDNN proposes for it, a plan of one of them.

use std::{
    ffi::{c_int, c_void},
    rc::Rc,
};

use candle_core::cuda_backend::cudarc::cudnn::sys::{
    self, cudnnBackendAttributeName_t as Name, cudnnBackendAttributeType_t as Kind,
    cudnnBackendDescriptorType_t as Of, cudnnBackendHeurMode_t as Order,
    cudnnBackendNumericalNote_t as Note, cudnnConvolutionMode_t, cudnnDataType_t, cudnnHandle_t,
};

use super::{Done, WORKSPACE, descriptor::Descriptor, failed, supported};
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

/// Whom engines are for.
pub(super) enum Gpu {
    /// The GPU of a handle.
    Of(cudnnHandle_t),
    /// One that is described, and need not be there: what tests ask for.
    #[cfg_attr(not(test), expect(dead_code))]
    Described(Descriptor),
}

/// An engine that cuDNN proposes, and how it is set.
pub(super) struct Proposal {
    configuration: Descriptor,
    _graph: Rc<Descriptor>,
    /// What cuDNN notes of its numbers. As numbers: a later cuDNN has notes that this enumeration does not know.
    notes: Vec<c_int>,
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
pub(super) const ALIGNMENT: u64 = 16;
/// At most so many proposals are looked at.
const MOST: usize = 16;
/// Notes that cuDNN may make of an engine, those of later versions counted in.
const NOTES: usize = 64;
/// What an engine must not be: not the same bits every time, factors rounded more than asked for, sums rounded, digits lost in transforms.
const REFUSED: [Note; 7] = [
    Note::CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC,
    Note::CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS,
    Note::CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
    Note::CUDNN_NUMERICAL_NOTE_WINOGRAD,
    Note::CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4,
    Note::CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6,
    Note::CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13,
];

/// The first engine that cuDNN proposes, is not refused and can be made ready; `None` where there is none.
///
/// # Errors
/// What cuDNN reports, but for what it does not support.
pub(super) fn first(gpu: &Gpu, convolution: &Convolution, form: Form) -> Result<Option<Plan>> {
    let Some(graph) = supported(graph(gpu, convolution, form))? else { return Ok(None) };
    let graph = Rc::new(graph);
    for order in ORDERS {
        for proposal in supported(proposals(gpu, &graph, order))?.unwrap_or_default() {
            if !proposal.suits(form) {
                continue;
            }
            let plan = supported(proposal.plan(gpu))?;
            if let Some(plan) = plan.filter(|plan| plan.workspace <= WORKSPACE) {
                return Ok(Some(plan));
            }
        }
    }
    Ok(None)
}

/// Whom cuDNN asks for proposals: its model of times, and what works always.
const ORDERS: [Order; 2] = [Order::CUDNN_HEUR_MODE_A, Order::CUDNN_HEUR_MODE_FALLBACK];

/// What cuDNN proposes for a graph, the fastest first as it thinks.
fn proposals(gpu: &Gpu, graph: &Rc<Descriptor>, order: Order) -> Done<Vec<Proposal>> {
    let mut asked = Descriptor::new(Of::CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)?;
    asked.refer(Name::CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)?;
    asked.set(Name::CUDNN_ATTR_ENGINEHEUR_MODE, Kind::CUDNN_TYPE_HEUR_MODE, &[order])?;
    gpu.tell(&mut asked, None, Some(Name::CUDNN_ATTR_ENGINEHEUR_DEVICEPROP))?;
    asked.finish()?;
    let rooms = (0..MOST).map(|_| Descriptor::new(Of::CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    let rooms = rooms.collect::<Done<Vec<_>>>()?;
    let mut places: Vec<_> = rooms.iter().map(|room| room.at).collect();
    let count = asked.get(
        Name::CUDNN_ATTR_ENGINEHEUR_RESULTS,
        Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
        &mut places,
    )?;
    rooms.into_iter().take(count).map(|room| Proposal::of(room, graph.clone())).collect()
}

/// Everything that cuDNN proposes for a convolution.
#[cfg(test)]
pub(super) fn all(gpu: &Gpu, convolution: &Convolution, form: Form) -> Done<Vec<Proposal>> {
    let graph = Rc::new(graph(gpu, convolution, form)?);
    let found = ORDERS.into_iter().map(|order| proposals(gpu, &graph, order));
    Ok(found.collect::<Done<Vec<_>>>()?.into_iter().flatten().collect())
}

impl Gpu {
    /// Says it to a descriptor, by the names of its attributes for a handle and for a description.
    fn tell(&self, to: &mut Descriptor, handle: Option<Name>, described: Option<Name>) -> Done<()> {
        match self {
            Self::Of(it) => {
                handle.map_or(Ok(()), |name| to.set(name, Kind::CUDNN_TYPE_HANDLE, &[*it]))
            }
            Self::Described(it) => described.map_or(Ok(()), |name| to.refer(name, it)),
        }
    }
}

impl Proposal {
    fn of(configuration: Descriptor, graph: Rc<Descriptor>) -> Done<Self> {
        let engine = engine_of(&configuration)?;
        let mut notes = vec![c_int::MAX; NOTES];
        let count = engine.get(
            Name::CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
            Kind::CUDNN_TYPE_NUMERICAL_NOTE,
            &mut notes,
        )?;
        notes.truncate(count);
        Ok(Self { configuration, _graph: graph, notes })
    }

    /// Whether its numbers are as exact as the arithmetic says, and the same every time. Turned tensors are worth their turning to tensor cores alone.
    pub fn suits(&self, form: Form) -> bool {
        !REFUSED.into_iter().any(|note| self.has(note))
            && (!form.last || self.has(Note::CUDNN_NUMERICAL_NOTE_TENSOR_CORE))
    }

    fn has(&self, note: Note) -> bool {
        self.notes.contains(&(note as c_int))
    }

    /// Its number among cuDNN's engines of its pass.
    #[cfg(test)]
    pub fn number(&self) -> i64 {
        let mut number = [0];
        let name = Name::CUDNN_ATTR_ENGINE_GLOBAL_INDEX;
        let engine = engine_of(&self.configuration).unwrap();
        engine.get(name, Kind::CUDNN_TYPE_INT64, &mut number).unwrap();
        number[0]
    }

    /// What cuDNN notes of it.
    #[cfg(test)]
    pub fn notes(&self) -> &[c_int] {
        &self.notes
    }

    /// Made ready; an error where it does not suit after all.
    pub fn plan(self, gpu: &Gpu) -> Done<Plan> {
        let mut plan = Descriptor::new(Of::CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)?;
        gpu.tell(
            &mut plan,
            Some(Name::CUDNN_ATTR_EXECUTION_PLAN_HANDLE),
            Some(Name::CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP),
        )?;
        plan.refer(Name::CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, &self.configuration)?;
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

fn engine_of(configuration: &Descriptor) -> Done<Descriptor> {
    let engine = Descriptor::new(Of::CUDNN_BACKEND_ENGINE_DESCRIPTOR)?;
    configuration.get(
        Name::CUDNN_ATTR_ENGINECFG_ENGINE,
        Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR,
        &mut [engine.at],
    )?;
    Ok(engine)
}

impl Plan {
    /// What it is a plan of.
    #[cfg(test)]
    pub fn engine(&self) -> &Proposal {
        &self._of
    }

    /// Computes the pass on input, weight and output, values or gradients.
    pub fn run(
        &self,
        handle: cudnnHandle_t,
        tensors: [Address; 3],
        workspace: Address,
    ) -> Result<()> {
        self.execute(handle, tensors, workspace).map_err(failed)
    }

    fn execute(
        &self,
        handle: cudnnHandle_t,
        tensors: [Address; 3],
        workspace: Address,
    ) -> Done<()> {
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
        unsafe { sys::cudnnBackendExecute(handle, self.plan.at, pack.at) }.result()
    }
}

/// A graph that is one pass of a convolution.
fn graph(gpu: &Gpu, convolution: &Convolution, form: Form) -> Done<Descriptor> {
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
        operation.refer(name, of)?;
    }
    operation.set(names.alpha, Kind::CUDNN_TYPE_FLOAT, &[1f32])?;
    operation.set(names.beta, Kind::CUDNN_TYPE_FLOAT, &[0f32])?;
    operation.finish()?;
    let mut graph = Descriptor::new(Of::CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)?;
    gpu.tell(&mut graph, Some(Name::CUDNN_ATTR_OPERATIONGRAPH_HANDLE), None)?;
    graph.refer(Name::CUDNN_ATTR_OPERATIONGRAPH_OPS, &operation)?;
    graph.finish()?;
    Ok(graph.made_of([input, weight, output, window, operation]))
}

fn tensor(name: i64, dims: [usize; 4], form: Form) -> Done<Descriptor> {
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

fn window(stride: i64, padding: i64) -> Done<Descriptor> {
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
