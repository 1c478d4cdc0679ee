//! Kernels for NVIDIA GPUs: CUDA C beside the operation it belongs to, compiled by NVRTC where and when it is first used, with sizes that matter as
//! constants.
//!
//! What an operation does on a GPU is a few calls of a `Machine`: launches of kernels and matrix products. The GPU is one machine; the tests have
//! another that runs the same kernels on the CPU, so that they are proved where there is no GPU, and a third that only compiles them.

mod arithmetic;
#[cfg(feature = "cuda")]
mod compiler;
#[cfg(feature = "cudnn")]
mod convolutions;
#[cfg(feature = "cuda")]
mod device;
#[cfg(test)]
pub(crate) mod emulator;
#[cfg(feature = "cuda")]
mod libraries;
mod recording;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "cudnn", test))]
mod turned;

pub use arithmetic::{Arithmetic, calculate_in};
use candle_core::DType;
#[cfg(feature = "cuda")]
pub use libraries::{cudnn_version, trouble};
pub use recording::{Recording, record};

use crate::{Error, Result, ops::access::Named};

/// The libraries that convolve on a GPU, in the order in which they are asked.
pub(crate) fn convolves_by() -> &'static str {
    #[cfg(feature = "cuda")]
    if libraries::has_cudnn() {
        return "cuDNN where it suits, else cuBLAS";
    }
    "cuBLAS"
}

/// A place in a machine's memory; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub u64);

impl Address {
    /// Nowhere: what a kernel leaves out.
    pub const NONE: Self = Self(0);

    /// Whether packs of `width` numbers of this type may begin here.
    pub fn fits(self, width: usize, real: DType) -> bool {
        self.0.is_multiple_of((width * real.size_in_bytes()) as u64)
    }

    /// So many numbers of this type further.
    pub fn plus(self, numbers: usize, real: DType) -> Self {
        Self(self.0 + (numbers * real.size_in_bytes()) as u64)
    }
}

/// What a kernel is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Argument {
    /// Memory.
    At(Address),
    /// An `int`.
    Int(i32),
    /// A `u32`.
    Word(u32),
    /// A `long long`.
    Long(i64),
    /// A `real`.
    Real(f64),
    /// A `double`, whatever `real` is.
    Double(f64),
}

impl From<Address> for Argument {
    fn from(address: Address) -> Self {
        Self::At(address)
    }
}

/// A file of kernels.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Program {
    /// The operation's name.
    pub name: &'static str,
    /// Its CUDA C, without the prelude.
    pub source: &'static str,
}

/// What kernels of every program begin with.
#[cfg(any(feature = "cuda", test))]
pub(crate) const PRELUDE: &str = include_str!("prelude.cu");

/// Threads of a block, wherever a kernel does not ask for another number.
pub(crate) const BLOCK: u32 = 256;

/// A kernel, compiled for a type and some constants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kernel {
    pub program: &'static Program,
    pub real: DType,
    /// `-D NAME=VALUE`.
    pub constants: Vec<(&'static str, i64)>,
    pub function: &'static str,
}

#[cfg(any(feature = "cuda", test))]
impl Kernel {
    /// What `real` is in CUDA C.
    pub fn real_name(&self) -> &'static str {
        if self.real == DType::F64 { "double" } else { "float" }
    }

    /// What is compiled: the name of the program, its type and its constants.
    pub fn variant(&self) -> String {
        let constants = self.constants.iter().map(|(name, value)| format!("-{name}={value}"));
        format!("{}-{}{}", self.program.name, self.real_name(), constants.collect::<String>())
    }
}

/// One kernel over a grid of blocks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Launch {
    pub kernel: Kernel,
    pub grid: [u32; 2],
    pub block: u32,
    pub arguments: Vec<Argument>,
}

/// A row-major matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Matrix {
    pub at: Address,
    /// Numbers from a row as it lies in memory to the next.
    pub row: usize,
    /// Whether what is meant is the transpose of what lies in memory.
    pub transposed: bool,
}

impl Matrix {
    /// As it lies in memory, with rows of so many numbers.
    pub fn new(at: Address, row: usize) -> Self {
        Self { at, row, transposed: false }
    }

    /// The transpose of one that lies in memory so.
    pub fn transposed(at: Address, row: usize) -> Self {
        Self { at, row, transposed: true }
    }
}

/// `c = a b`, or `c = c + a b`, for several matrices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Product {
    pub real: DType,
    /// Rows of `a` and `c`, columns of `b` and `c`, columns of `a` and rows of `b`.
    pub size: [usize; 3],
    pub a: Matrix,
    pub b: Matrix,
    pub c: Matrix,
    pub accumulate: bool,
    pub times: Times,
}

/// How often a product is computed, and how many numbers further every matrix is at the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    pub count: usize,
    pub a: usize,
    pub b: usize,
    pub c: usize,
}

impl Times {
    /// Of these matrices alone.
    pub const ONE: Self = Self { count: 1, a: 0, b: 0, c: 0 };
}

/// Which tensor a convolution writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pass {
    /// The output.
    Output,
    /// The gradient by the input.
    Input,
    /// The gradient by the weight.
    Weight,
}

impl Pass {
    /// The place of what is written among input, weight and output.
    #[cfg(feature = "cudnn")]
    pub fn written(self) -> usize {
        match self {
            Self::Input => 0,
            Self::Weight => 1,
            Self::Output => 2,
        }
    }
}

/// A pass of a convolution over whole tensors: all shapes are `[N or O, C, H, W]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Convolution {
    pub real: DType,
    pub pass: Pass,
    pub input: [usize; 4],
    pub weight: [usize; 4],
    pub output: [usize; 4],
    pub stride: usize,
    pub padding: usize,
}

/// What a library made of a convolution.
#[cfg_attr(not(feature = "cudnn"), allow(dead_code))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Convolved {
    /// There is none for it, and nothing is done.
    Not,
    /// All but the bias.
    Unbiased,
    /// All.
    Whole,
}

/// Where kernels run, in the order in which they are launched.
pub(crate) trait Machine {
    /// Launches a kernel.
    fn launch(&self, launch: &Launch) -> Result<()>;
    /// Multiplies.
    fn multiply(&self, product: &Product) -> Result<()>;
    /// Memory for so many numbers, to be used until the next call.
    fn scratch(&self, numbers: usize, real: DType) -> Result<Address>;
    /// Convolves input, weight and output, values or gradients, by a library, where there is one for it. Outputs have a bias, which may be added at once.
    fn convolve(
        &self,
        convolution: &Convolution,
        at: [Address; 3],
        bias: Option<Address>,
    ) -> Result<Convolved>;
}

/// Launches a kernel with a thread for each of so many things, along x.
pub(crate) fn for_each(
    machine: &dyn Machine,
    things: usize,
    kernel: Kernel,
    arguments: Vec<Argument>,
) -> Result<()> {
    machine.launch(&Launch { kernel, grid: [blocks(things)?, 1], block: BLOCK, arguments })
}

/// [`for_each`] of the numbers of a tensor: a kernel that is given addresses and how many numbers there are.
pub(crate) fn for_numbers(
    machine: &dyn Machine,
    count: usize,
    kernel: Kernel,
    addresses: &[Address],
) -> Result<()> {
    let mut arguments: Vec<Argument> = addresses.iter().map(|&at| at.into()).collect();
    arguments.push(Argument::Long(count as i64));
    for_each(machine, count, kernel, arguments)
}

/// Blocks for so many threads.
pub(crate) fn blocks(threads: usize) -> Result<u32> {
    grid(threads.div_ceil(BLOCK as usize))
}

/// So many blocks along x.
pub(crate) fn grid(blocks: usize) -> Result<u32> {
    u32::try_from(blocks).ok().filter(|&blocks| blocks <= i32::MAX as u32).ok_or_else(|| {
        Error::Setting {
            place: "cuda".into(),
            found: format!("{blocks} blocks of one launch"),
            expected: "at most 2^31 - 1: a smaller tensor".into(),
        }
    })
}

/// Into how many packs of which width so many numbers at these places are divided: four where they lie so.
pub(crate) fn packs(count: usize, addresses: &[Address], real: DType) -> (usize, usize) {
    let wide = count.is_multiple_of(4) && addresses.iter().all(|address| address.fits(4, real));
    if wide { (4, count / 4) } else { (1, count) }
}

/// The constant that says whether a tensor of so many numbers needs more than 32 bits to count them.
pub(crate) fn long(count: usize) -> (&'static str, i64) {
    ("LONG", i64::from(count >= 1 << 30))
}

/// A size as kernels take it.
pub(crate) fn int(size: usize) -> Result<Argument> {
    i32::try_from(size).map(Argument::Int).map_err(|_| Error::Setting {
        place: "cuda".into(),
        found: format!("a dimension of {size}"),
        expected: "at most 2^31 - 1".into(),
    })
}

/// Runs an operation on the GPU where its tensors are there; `None` where they are on the CPU. Tensors must be contiguous; those left out have no
/// address.
///
/// # Errors
/// A tensor elsewhere than the first, or not contiguous; what the operation reports.
#[inline]
pub(crate) fn run<const N: usize>(
    tensors: [Option<Named>; N],
    operation: impl FnOnce(&dyn Machine, [Address; N]) -> Result<()>,
) -> Option<Result<()>> {
    #[cfg(test)]
    if let Some(machine) = emulator::instead() {
        return Some(operation(&*machine, emulator::addresses(tensors)));
    }
    #[cfg(feature = "cuda")]
    return device::run(tensors, operation);
    #[cfg(not(feature = "cuda"))]
    {
        let _ = (tensors, operation);
        None
    }
}
