//! The GPU as a machine: its stream, its compiled kernels, cuBLAS and a piece of memory that operations share.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::c_void,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use candle_core::{
    CudaDevice, CudaStorage, DType, Device, Layout, Storage,
    backend::BackendStorage,
    cuda_backend::{
        CudaDType, DeviceId, WrapErr,
        cudarc::{
            cublas::{
                result as cublas,
                sys::{
                    cublasComputeType_t, cublasGemmAlgo_t, cublasOperation_t,
                    cublasSetWorkspace_v2, cudaDataType,
                },
            },
            driver::{
                CudaFunction, CudaGraph, CudaModule, CudaSlice, DevicePtr, LaunchConfig,
                PushKernelArg,
                sys::{CUgraphInstantiate_flags, CUstreamCaptureMode},
            },
            nvrtc::Ptx,
        },
    },
};

use super::{
    Address, Argument, Arithmetic, Convolution, Convolved, Kernel, Launch, Machine, Matrix,
    Product, compiler,
};
use crate::{Error, Result, ops::access::Named};

pub(super) fn run<const N: usize>(
    tensors: [Option<Named>; N],
    operation: impl FnOnce(&dyn Machine, [Address; N]) -> Result<()>,
) -> Option<Result<()>> {
    let (_, first) = tensors.iter().flatten().next()?;
    let Device::Cuda(device) = first.device() else { return None };
    Some(on(device, tensors, operation))
}

fn on<const N: usize>(
    device: &CudaDevice,
    tensors: [Option<Named>; N],
    operation: impl FnOnce(&dyn Machine, [Address; N]) -> Result<()>,
) -> Result<()> {
    // Candle's locks are held until everything is launched. What is launched runs in the order of the one stream, so that reading locks do for
    // tensors that are written too: no other thread of this process has the stream.
    let guards = tensors.map(|tensor| tensor.map(|(name, t)| (name, t.storage_and_layout())));
    let mut addresses = [Address::NONE; N];
    for (address, guard) in addresses.iter_mut().zip(&guards) {
        let Some((name, (storage, layout))) = guard else { continue };
        let Storage::Cuda(storage) = &**storage else {
            let device = format!("{:?}", storage.device().location());
            return Err(Error::Device { place: (*name).to_string(), device });
        };
        *address = address_of(name, storage, layout)?;
    }
    let kept = kept(device)?;
    operation(&Gpu { device, kept: RefCell::new(lock(&kept)) }, addresses)
}

fn address_of(name: &str, storage: &CudaStorage, layout: &Layout) -> Result<Address> {
    fn base<T: CudaDType>(storage: &CudaStorage) -> candle_core::Result<u64> {
        let slice = storage.as_cuda_slice::<T>()?;
        Ok(slice.device_ptr(&storage.device().cuda_stream()).0)
    }
    let (start, _) =
        layout.contiguous_offsets().ok_or_else(|| Error::Layout { place: name.to_string() })?;
    let dtype = storage.dtype();
    let base = match dtype {
        DType::F32 => base::<f32>(storage)?,
        DType::F64 => base::<f64>(storage)?,
        DType::U32 => base::<u32>(storage)?,
        DType::U8 => base::<u8>(storage)?,
        found => {
            let (place, expected) = (name.to_string(), "F32, F64, U32 or U8".to_string());
            return Err(Error::DType { place, found, expected });
        }
    };
    Ok(Address(base).plus(start, dtype))
}

/// What is kept for a device: compiled kernels, memory that operations share, and how products are rounded.
struct Kept {
    /// By the kernels' variants.
    modules: HashMap<String, Arc<CudaModule>>,
    functions: HashMap<Kernel, CudaFunction>,
    scratch: Option<Arc<CudaSlice<u8>>>,
    /// cuBLAS's, of a fixed size: what it chooses depends on it.
    _workspace: CudaSlice<u8>,
    arithmetic: Arithmetic,
    #[cfg(feature = "cudnn")]
    dnn: Option<super::convolutions::Dnn>,
}

/// Bytes of cuBLAS's workspace, as its manual advises for recent GPUs.
const WORKSPACE: usize = 32 << 20;

impl Kept {
    fn new(device: &CudaDevice) -> Result<Self> {
        let stream = device.cuda_stream();
        let workspace = device.alloc_zeros::<u8>(WORKSPACE)?;
        // SAFETY: the memory is kept as long as anything is computed on the device.
        #[allow(unsafe_code)]
        unsafe {
            let at = workspace.device_ptr(&stream).0 as *mut c_void;
            cublasSetWorkspace_v2(*device.cublas_handle().handle(), at, WORKSPACE).result().w()?;
        }
        Ok(Self {
            modules: HashMap::new(),
            functions: HashMap::new(),
            scratch: None,
            _workspace: workspace,
            arithmetic: Arithmetic::default(),
            #[cfg(feature = "cudnn")]
            dnn: super::convolutions::Dnn::new(&stream)?,
        })
    }

    /// A kernel as the GPU runs it: compiled at its first use, with all kernels of its program.
    fn function(&mut self, device: &CudaDevice, kernel: &Kernel) -> Result<CudaFunction> {
        if let Some(function) = self.functions.get(kernel) {
            return Ok(function.clone());
        }
        let variant = kernel.variant();
        let module = match self.modules.get(&variant) {
            Some(module) => module.clone(),
            None => {
                let stream = device.cuda_stream();
                let (major, minor) = stream.context().compute_capability().w()?;
                let ptx = Ptx::from_src(compiler::ptx(kernel, [major, minor])?);
                let module = stream.context().load_module(ptx).w()?;
                self.modules.insert(variant, module.clone());
                module
            }
        };
        let function = module.load_function(kernel.function).w()?;
        self.functions.insert(kernel.clone(), function.clone());
        Ok(function)
    }

    /// Memory for so many bytes. What was given before stays for recordings that use it.
    fn scratch(&mut self, device: &CudaDevice, bytes: usize) -> Result<Address> {
        let memory = match self.scratch.take() {
            Some(memory) if memory.len() >= bytes => memory,
            _ => Arc::new(device.alloc_zeros::<u8>(bytes.max(1).next_multiple_of(1 << 20))?),
        };
        let address = Address(memory.device_ptr(&device.cuda_stream()).0);
        self.scratch = Some(memory);
        Ok(address)
    }
}

type Shared = Arc<Mutex<Kept>>;

/// What is kept for a device, made at its first use.
fn kept(device: &CudaDevice) -> Result<Shared> {
    static KEPT: OnceLock<Mutex<HashMap<DeviceId, Shared>>> = OnceLock::new();
    let mut all = KEPT.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = all.get(&device.id()) {
        return Ok(kept.clone());
    }
    let kept = Arc::new(Mutex::new(Kept::new(device)?));
    all.insert(device.id(), kept.clone());
    Ok(kept)
}

fn lock(kept: &Shared) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn calculate_in(device: &CudaDevice, arithmetic: Arithmetic) -> Result<()> {
    lock(&kept(device)?).arithmetic = arithmetic;
    Ok(())
}

/// A CUDA graph, and the memory that its kernels share.
pub(super) struct Graph {
    graph: CudaGraph,
    _scratch: Option<Arc<CudaSlice<u8>>>,
}

// SAFETY: a graph may be used by any thread, one at a time: it cannot be shared.
#[allow(unsafe_code)]
unsafe impl Send for Graph {}

impl Graph {
    pub fn launch(&self) -> Result<()> {
        Ok(self.graph.launch().w()?)
    }
}

pub(super) fn record(device: &CudaDevice, work: impl FnOnce() -> Result<()>) -> Result<Graph> {
    let stream = device.cuda_stream();
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).w()?;
    let done = work();
    // The recording ends in any case: a stream that goes on recording is of no use.
    let graph = stream.end_capture(CUgraphInstantiate_flags(0)).w();
    done?;
    let graph = graph?.ok_or_else(|| Error::Setting {
        place: "cuda: recording".into(),
        found: "nothing".into(),
        expected: "a kernel".into(),
    })?;
    graph.upload().w()?;
    Ok(Graph { graph, _scratch: lock(&kept(device)?).scratch.clone() })
}

struct Gpu<'a> {
    device: &'a CudaDevice,
    kept: RefCell<MutexGuard<'a, Kept>>,
}

impl Machine for Gpu<'_> {
    fn launch(&self, launch: &Launch) -> Result<()> {
        let Launch { kernel, grid, block, arguments } = launch;
        let function = self.kept.borrow_mut().function(self.device, kernel)?;
        let stream = self.device.cuda_stream();
        let reals: Vec<f32> = arguments
            .iter()
            .map(|argument| if let Argument::Real(value) = argument { *value as f32 } else { 0.0 })
            .collect();
        let mut builder = stream.launch_builder(&function);
        for (argument, real) in arguments.iter().zip(&reals) {
            match argument {
                Argument::At(Address(at)) => builder.arg(at),
                Argument::Int(value) => builder.arg(value),
                Argument::Word(value) => builder.arg(value),
                Argument::Long(value) => builder.arg(value),
                Argument::Double(value) => builder.arg(value),
                Argument::Real(value) if kernel.real == DType::F64 => builder.arg(value),
                Argument::Real(_) => builder.arg(real),
            };
        }
        let config = LaunchConfig {
            grid_dim: (grid[0], grid[1], 1),
            block_dim: (*block, 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the arguments are of the kernel's types and within the tensors, which the emulator's tests show for every kernel.
        #[allow(unsafe_code)]
        unsafe {
            builder.launch(config).w()?;
        }
        Ok(())
    }

    fn multiply(&self, product: &Product) -> Result<()> {
        let Product { real, size: [m, n, k], a, b, c, accumulate, times } = *product;
        let int = |size: usize| i32::try_from(size).map_err(|_| too_large(size));
        // cuBLAS counts by columns: its product is the transpose, of the transposes in the other order.
        let operation = |matrix: Matrix| match matrix.transposed {
            true => cublasOperation_t::CUBLAS_OP_T,
            false => cublasOperation_t::CUBLAS_OP_N,
        };
        let blas = self.device.cublas_handle();
        let (rows, columns, depth) = (int(n)?, int(m)?, int(k)?);
        let [row_a, row_b, row_c] = [int(a.row)?, int(b.row)?, int(c.row)?];
        let (double, float) = (cudaDataType::CUDA_R_64F, cudaDataType::CUDA_R_32F);
        let (kind, rounded) = match (real, self.kept.borrow().arithmetic) {
            (DType::F64, _) => (double, cublasComputeType_t::CUBLAS_COMPUTE_64F),
            (_, Arithmetic::F32) => (float, cublasComputeType_t::CUBLAS_COMPUTE_32F),
            // Of f32 factors in memory tensor cores compute nothing faster than TF32.
            (_, _) => (float, cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32),
        };
        let before = if accumulate { 1.0 } else { 0.0 };
        let (doubles, floats) = ([1.0, before], [1.0, before as f32]);
        let factors: [*const c_void; 2] = match real {
            DType::F64 => [0, 1].map(|i| (&raw const doubles[i]).cast()),
            _ => [0, 1].map(|i| (&raw const floats[i]).cast()),
        };
        // SAFETY: the matrices lie within the tensors, whose shapes the operation has checked; the factors are of the type of the sums.
        #[allow(unsafe_code)]
        unsafe {
            let done = match times.count {
                1 => cublas::gemm_ex(
                    *blas.handle(),
                    operation(b),
                    operation(a),
                    rows,
                    columns,
                    depth,
                    factors[0],
                    b.at.0 as *const c_void,
                    kind,
                    row_b,
                    a.at.0 as *const c_void,
                    kind,
                    row_a,
                    factors[1],
                    c.at.0 as *mut c_void,
                    kind,
                    row_c,
                    rounded,
                    cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
                ),
                _ => cublas::gemm_strided_batched_ex(
                    *blas.handle(),
                    operation(b),
                    operation(a),
                    rows,
                    columns,
                    depth,
                    factors[0],
                    b.at.0 as *const c_void,
                    kind,
                    row_b,
                    times.b as i64,
                    a.at.0 as *const c_void,
                    kind,
                    row_a,
                    times.a as i64,
                    factors[1],
                    c.at.0 as *mut c_void,
                    kind,
                    row_c,
                    times.c as i64,
                    int(times.count)?,
                    rounded,
                    cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
                ),
            };
            done.w()?;
        }
        Ok(())
    }

    fn scratch(&self, numbers: usize, real: DType) -> Result<Address> {
        self.kept.borrow_mut().scratch(self.device, numbers * real.size_in_bytes())
    }

    #[cfg(feature = "cudnn")]
    fn convolve(
        &self,
        convolution: &Convolution,
        at: [Address; 3],
        bias: Option<Address>,
    ) -> Result<Convolved> {
        if convolution.real != DType::F32 {
            return Ok(Convolved::Not);
        }
        // The plan borrows what is kept when it asks for memory and kernels; the lock is held all the while.
        let plan = {
            let Kept { dnn, arithmetic, .. } = &mut **self.kept.borrow_mut();
            dnn.as_mut().map_or(Ok(None), |dnn| dnn.plan(convolution, *arithmetic))?
        };
        plan.map_or(Ok(Convolved::Not), |plan| plan.run(self, at, bias))
    }

    #[cfg(not(feature = "cudnn"))]
    fn convolve(&self, _: &Convolution, _: [Address; 3], _: Option<Address>) -> Result<Convolved> {
        Ok(Convolved::Not)
    }
}

fn too_large(size: usize) -> Error {
    Error::Setting {
        place: "cuda".into(),
        found: format!("a matrix with a side of {size}"),
        expected: "at most 2^31 - 1".into(),
    }
}
