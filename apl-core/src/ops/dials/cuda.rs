//! Setting the dials of a GPU: the numbers travel with the launch, so that nothing is waited for.

use candle_core::DType;

use super::WORDS;
use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Launch, Machine, Program},
};

static KERNELS: Program = Program { name: "dials", source: include_str!("kernels.cu") };

/// Writes the words.
pub(super) fn set(machine: &dyn Machine, at: Address, words: [u32; WORDS]) -> Result<()> {
    let kernel =
        Kernel { program: &KERNELS, real: DType::F32, constants: Vec::new(), function: "set" };
    let arguments = std::iter::once(at.into()).chain(words.map(Argument::Word)).collect();
    machine.launch(&Launch { kernel, grid: [1, 1], block: 1, arguments })
}
