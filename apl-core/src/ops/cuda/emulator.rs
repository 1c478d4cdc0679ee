//! A machine that runs kernels on the CPU: their CUDA C is compiled as C++ and every thread of a block is a fibre. It proves indices, arithmetic and
//! barriers where there is no GPU; it says nothing of speed.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::c_void,
    io::Write,
    process::{Command, Stdio},
    rc::Rc,
    sync::{Mutex, OnceLock},
};

use candle_core::{CpuStorage, DType, Storage, Tensor};
use libloading::{Library, Symbol};

use super::{
    Address, Argument, Convolution, Convolved, Kernel, Launch, Machine, Matrix, PRELUDE, Product,
};
use crate::{Result, ops::access::Named};

/// The CPU as a GPU. Addresses are those of the process.
pub(crate) struct Emulator {
    scratch: RefCell<Vec<u64>>,
}

impl Emulator {
    /// `None` where no C++ compiler is at hand, which is said.
    pub fn new() -> Option<Self> {
        let version = Command::new(compiler()).arg("--version").stdout(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            println!("skipped: no C++ compiler (`c++`, or what CXX names)");
            return None;
        }
        Some(Self { scratch: RefCell::new(Vec::new()) })
    }
}

/// What compiles C and C++.
pub(super) fn compiler() -> String {
    std::env::var("CXX").unwrap_or_else(|_| "c++".into())
}

impl Emulator {
    /// Runs an operation on CPU tensors as [`run`](super::run) does on a GPU's.
    pub fn run<const N: usize>(
        &self,
        tensors: [Option<&Tensor>; N],
        operation: impl FnOnce(&dyn Machine, [Address; N]) -> Result<()>,
    ) {
        let addresses = tensors.map(|tensor| tensor.map_or(Address::NONE, address));
        operation(self, addresses).unwrap();
    }
}

thread_local! {
    static INSTEAD: RefCell<Option<Rc<dyn Machine>>> = const { RefCell::new(None) };
}

/// Runs what is computed on the CPU on a machine instead.
pub(crate) fn with<R>(machine: Rc<dyn Machine>, work: impl FnOnce() -> R) -> R {
    INSTEAD.set(Some(machine));
    let result = work();
    INSTEAD.set(None);
    result
}

/// The machine that computes instead of the CPU.
pub(super) fn instead() -> Option<Rc<dyn Machine>> {
    INSTEAD.with_borrow(Clone::clone)
}

/// Where CPU tensors are.
pub(super) fn addresses<const N: usize>(tensors: [Option<Named>; N]) -> [Address; N] {
    tensors.map(|tensor| tensor.map_or(Address::NONE, |(_, tensor)| address(tensor)))
}

fn address(tensor: &Tensor) -> Address {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { panic!("a tensor on the CPU") };
    let (start, _) = layout.contiguous_offsets().unwrap();
    let base = match storage {
        CpuStorage::F32(values) => values.as_ptr() as u64,
        CpuStorage::F64(values) => values.as_ptr() as u64,
        CpuStorage::U32(values) => values.as_ptr() as u64,
        CpuStorage::U8(values) => values.as_ptr() as u64,
        _ => panic!("{:?} is given to no kernel", tensor.dtype()),
    };
    Address(base).plus(start, tensor.dtype())
}

/// The library of a variant, compiled once.
fn library(kernel: &Kernel) -> &'static Library {
    static KNOWN: OnceLock<Mutex<HashMap<String, &'static Library>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap();
    known.entry(kernel.variant()).or_insert_with(|| Box::leak(Box::new(compile(kernel))))
}

fn compile(kernel: &Kernel) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let (header, out) = (folder.path().join("emulator.hpp"), folder.path().join("kernels.so"));
    std::fs::write(&header, include_str!("emulator.hpp")).unwrap();
    let mut command = Command::new(compiler());
    command.args([
        "-std=c++17",
        "-O2",
        "-ffp-contract=off",
        "-Wall",
        "-Wno-unused",
        "-Wno-unknown-pragmas",
        "-Werror",
    ]);
    command.args(["-shared", "-fPIC", "-x", "c++", "-", "-include"]).arg(&header);
    command.arg(format!("-DREAL={}", kernel.real_name())).arg("-o").arg(&out);
    command.args(kernel.constants.iter().map(|(name, value)| format!("-D{name}={value}")));
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let source = format!("{PRELUDE}\n{}", kernel.program.source);
    child.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{} does not compile", kernel.variant());
    // SAFETY: the library has no initialisers but those of empty vectors.
    #[allow(unsafe_code)]
    unsafe {
        Library::new(&out).unwrap()
    }
}

/// The bytes of an argument as a C++ function takes it.
fn bytes(argument: Argument, real: DType) -> [u8; 8] {
    let mut bytes = [0; 8];
    match argument {
        Argument::At(Address(at)) => bytes = at.to_ne_bytes(),
        Argument::Long(value) => bytes = value.to_ne_bytes(),
        Argument::Int(value) => bytes[..4].copy_from_slice(&value.to_ne_bytes()),
        Argument::Word(value) => bytes[..4].copy_from_slice(&value.to_ne_bytes()),
        Argument::Double(value) => bytes = value.to_ne_bytes(),
        Argument::Real(value) if real == DType::F64 => bytes = value.to_ne_bytes(),
        Argument::Real(value) => bytes[..4].copy_from_slice(&(value as f32).to_ne_bytes()),
    }
    bytes
}

impl Machine for Emulator {
    fn launch(&self, launch: &Launch) -> Result<()> {
        type Body = unsafe extern "C" fn(*mut *mut c_void);
        type Emulate = unsafe extern "C" fn(Body, *const u32, u32, *mut *mut c_void);
        // Kernels of one library share their place in the grid.
        static ONE: Mutex<()> = Mutex::new(());
        let Launch { kernel, grid, block, arguments } = launch;
        let library = library(kernel);
        let mut values: Vec<[u8; 8]> = arguments.iter().map(|&a| bytes(a, kernel.real)).collect();
        let mut places: Vec<*mut c_void> =
            values.iter_mut().map(|value| value.as_mut_ptr().cast()).collect();
        let _one = ONE.lock().unwrap();
        // SAFETY: the symbols have these types, the arguments those of the kernel, as its test shows.
        #[allow(unsafe_code)]
        unsafe {
            let body: Symbol<Body> =
                library.get(format!("call_{}", kernel.function).as_bytes()).unwrap();
            let emulate: Symbol<Emulate> = library.get(b"emulate").unwrap();
            emulate(*body, grid.as_ptr(), *block, places.as_mut_ptr());
        }
        Ok(())
    }

    fn multiply(&self, product: &Product) -> Result<()> {
        match product.real {
            DType::F64 => multiply::<f64>(product),
            _ => multiply::<f32>(product),
        }
        Ok(())
    }

    fn convolve(&self, _: &Convolution, _: [Address; 3], _: Option<Address>) -> Result<Convolved> {
        Ok(Convolved::Not)
    }

    fn scratch(&self, numbers: usize, real: DType) -> Result<Address> {
        let mut scratch = self.scratch.borrow_mut();
        // What nobody wrote is no number.
        *scratch = vec![u64::MAX; (numbers * real.size_in_bytes()).div_ceil(8)];
        Ok(Address(scratch.as_mut_ptr() as u64))
    }
}

fn multiply<T: Copy + Into<f64> + FromF64>(product: &Product) {
    let Product { real, size: [m, n, k], a, b, c, accumulate, times } = *product;
    for time in 0..times.count {
        let further = |matrix: Matrix, numbers: usize| Matrix {
            at: matrix.at.plus(time * numbers, real),
            ..matrix
        };
        let [a, b, c] = [(a, times.a), (b, times.b), (c, times.c)].map(|(m, n)| further(m, n));
        multiply_once::<T>([m, n, k], [a, b, c], accumulate);
    }
}

fn multiply_once<T: Copy + Into<f64> + FromF64>(
    [m, n, k]: [usize; 3],
    [a, b, c]: [Matrix; 3],
    accumulate: bool,
) {
    let at = |matrix: Matrix, row: usize, column: usize| {
        let (row, column) = if matrix.transposed { (column, row) } else { (row, column) };
        (matrix.at.0 as *mut T).wrapping_add(row * matrix.row + column)
    };
    for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
        // SAFETY: the sizes are those of the memory, as the operation's test shows.
        #[allow(unsafe_code)]
        unsafe {
            let terms = (0..k).map(|l| {
                let (a, b): (f64, f64) = ((*at(a, i, l)).into(), (*at(b, l, j)).into());
                a * b
            });
            let before = if accumulate { (*at(c, i, j)).into() } else { 0.0 };
            *at(c, i, j) = T::from_f64(before + terms.sum::<f64>());
        }
    }
}

trait FromF64 {
    fn from_f64(value: f64) -> Self;
}

impl FromF64 for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

impl FromF64 for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}
