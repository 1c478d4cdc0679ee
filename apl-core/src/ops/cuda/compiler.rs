//! Kernels compiled by NVRTC, which needs its library and no GPU.

use candle_core::cuda_backend::cudarc::nvrtc::{
    CompileError, CompileOptions, compile_ptx_with_opts,
};

use super::{Kernel, PRELUDE, libraries::trouble_with};
use crate::{Error, Result};

/// The PTX of a kernel's variant for GPUs of a compute capability, such as `[9, 0]`.
///
/// # Errors
/// [`Error::Kernel`] with what the compiler says.
pub(super) fn ptx(kernel: &Kernel, [major, minor]: [i32; 2]) -> Result<String> {
    if let Some(problem) = trouble_with(c"libnvrtc") {
        return Err(Error::Kernel { kernel: kernel.variant(), problem });
    }
    let mut options = vec![
        format!("--gpu-architecture=compute_{major}{minor}"),
        format!("-DREAL={}", kernel.real_name()),
        "--std=c++17".into(),
    ];
    options.extend(kernel.constants.iter().map(|(name, value)| format!("-D{name}={value}")));
    let source = format!("{PRELUDE}\n{}", kernel.program.source);
    let name = Some(format!("{}.cu", kernel.program.name));
    let options = CompileOptions { options, name, ..CompileOptions::default() };
    let compiled = compile_ptx_with_opts(source, options).map_err(|error| {
        let problem = match error {
            CompileError::CompileError { log, .. } => log.to_string_lossy().trim().to_string(),
            other => format!("{other:?}"),
        };
        Error::Kernel { kernel: kernel.variant(), problem }
    })?;
    Ok(compiled.to_src())
}
