//! The GPU as a machine: its stream, its compiled kernels, cuBLAS and a piece of memory that operations share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use candle_core::{
    CudaDevice, CudaStorage, DType, Device, Layout, Storage,
    backend::BackendStorage,
    cuda_backend::{
        CudaDType, DeviceId, WrapErr,
        cudarc::{
            cublas::{result as cublas, sys::cublasOperation_t},
            driver::{CudaFunction, CudaModule, CudaSlice, DevicePtr, LaunchConfig, PushKernelArg},
            nvrtc::Ptx,
        },
    },
};

use super::{Address, Argument, Kernel, Launch, Machine, Matrix, Product, compiler};
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
    operation(&Gpu { device }, addresses)
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

struct Gpu<'a> {
    device: &'a CudaDevice,
}

/// What is kept for every device of the process.
#[derive(Default)]
struct Kept {
    /// By the kernels' variants.
    modules: HashMap<String, Arc<CudaModule>>,
    functions: HashMap<Kernel, CudaFunction>,
    scratch: Option<CudaSlice<u8>>,
}

fn kept() -> MutexGuard<'static, HashMap<DeviceId, Kept>> {
    static KEPT: OnceLock<Mutex<HashMap<DeviceId, Kept>>> = OnceLock::new();
    KEPT.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gpu<'_> {
    /// A kernel as the GPU runs it: compiled at its first use, with all kernels of its program.
    fn function(&self, kernel: &Kernel) -> Result<CudaFunction> {
        let mut kept = kept();
        let Kept { modules, functions, .. } = kept.entry(self.device.id()).or_default();
        if let Some(function) = functions.get(kernel) {
            return Ok(function.clone());
        }
        let variant = kernel.variant();
        let module = match modules.get(&variant) {
            Some(module) => module.clone(),
            None => {
                let stream = self.device.cuda_stream();
                let (major, minor) = stream.context().compute_capability().w()?;
                let ptx = Ptx::from_src(compiler::ptx(kernel, [major, minor])?);
                let module = stream.context().load_module(ptx).w()?;
                modules.insert(variant, module.clone());
                module
            }
        };
        let function = module.load_function(kernel.function).w()?;
        functions.insert(kernel.clone(), function.clone());
        Ok(function)
    }
}

impl Machine for Gpu<'_> {
    fn launch(&self, launch: &Launch) -> Result<()> {
        let Launch { kernel, grid, block, arguments } = launch;
        let (function, stream) = (self.function(kernel)?, self.device.cuda_stream());
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
        let Product { real, size: [m, n, k], a, b, c, accumulate } = *product;
        let int = |size: usize| i32::try_from(size).map_err(|_| too_large(size));
        // cuBLAS counts by columns: its product is the transpose, of the transposes in the other order.
        let operation = |matrix: Matrix| match matrix.transposed {
            true => cublasOperation_t::CUBLAS_OP_T,
            false => cublasOperation_t::CUBLAS_OP_N,
        };
        let blas = self.device.cublas_handle();
        let (rows, columns, depth) = (int(n)?, int(m)?, int(k)?);
        let [row_a, row_b, row_c] = [int(a.row)?, int(b.row)?, int(c.row)?];
        macro_rules! gemm {
            ($type:ty, $function:path) => {{
                let (one, before): ($type, $type) = (1.0, if accumulate { 1.0 } else { 0.0 });
                // SAFETY: the matrices lie within the tensors, whose shapes the operation has checked.
                #[allow(unsafe_code)]
                unsafe {
                    $function(
                        *blas.handle(),
                        operation(b),
                        operation(a),
                        rows,
                        columns,
                        depth,
                        &one,
                        b.at.0 as *const $type,
                        row_b,
                        a.at.0 as *const $type,
                        row_a,
                        &before,
                        c.at.0 as *mut $type,
                        row_c,
                    )
                    .w()?;
                }
            }};
        }
        match real {
            DType::F64 => gemm!(f64, cublas::dgemm),
            _ => gemm!(f32, cublas::sgemm),
        }
        Ok(())
    }

    fn scratch(&self, numbers: usize, real: DType) -> Result<Address> {
        let bytes = numbers * real.size_in_bytes();
        let mut kept = kept();
        let scratch = &mut kept.entry(self.device.id()).or_default().scratch;
        let stream = self.device.cuda_stream();
        let memory = match scratch.take() {
            Some(memory) if memory.len() >= bytes => memory,
            _ => self.device.alloc_zeros::<u8>(bytes.next_multiple_of(1 << 20))?,
        };
        let address = Address(memory.device_ptr(&stream).0);
        *scratch = Some(memory);
        Ok(address)
    }
}

fn too_large(size: usize) -> Error {
    Error::Setting {
        place: "cuda".into(),
        found: format!("a matrix with a side of {size}"),
        expected: "at most 2^31 - 1".into(),
    }
}
