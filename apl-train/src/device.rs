//! What computes.

use std::{fmt, str::FromStr};

use candle_core::Device;

use crate::{Error, Result};

/// The processor, or a GPU by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compute {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number; without one, the first for a run and all of them for a study.
    Cuda(Option<usize>),
}

impl FromStr for Compute {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "cpu" => return Ok(Self::Cpu),
            "cuda" => return Ok(Self::Cuda(None)),
            _ => {}
        }
        let number = text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| format!("found `{text}`, expected cpu, cuda or cuda:N"));
        Ok(Self::Cuda(Some(number?)))
    }
}

impl fmt::Display for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(None) => f.write_str("cuda"),
            Self::Cuda(Some(number)) => write!(f, "cuda:{number}"),
        }
    }
}

impl Compute {
    /// Takes the device into use. A GPU gets a stream of its own, so that what several threads launch runs in one order.
    ///
    /// # Errors
    /// [`Error::Usage`]: a program built without CUDA, no such GPU, a driver that is missing or too old.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(number) => cuda(number.unwrap_or(0)).map_err(|(problem, hint)| {
                Error::usage(format!("--device {self}"), problem).with_hint(hint)
            }),
        }
    }

    /// The devices that the runs of a study are shared out among, at least one; asks the driver how many there are.
    pub fn shared(self) -> Vec<Self> {
        match self {
            Self::Cuda(None) => (0..gpus().max(1)).map(|gpu| Self::Cuda(Some(gpu))).collect(),
            one => vec![one],
        }
    }
}

/// A device in use.
#[derive(Debug, Clone)]
pub struct Place {
    /// Which one it is.
    pub compute: Compute,
    /// The device.
    pub device: Device,
    /// Bytes of a GPU's memory that were free when it was opened; `None` for the processor, and where the driver does not tell.
    pub free: Option<u64>,
}

impl Place {
    /// Takes a device into use.
    ///
    /// # Errors
    /// As [`Compute::open`].
    pub fn new(compute: Compute) -> Result<Self> {
        let device = compute.open()?;
        let free = free_memory(&device);
        Ok(Self { compute, device, free })
    }
}

#[cfg(not(feature = "cuda"))]
fn gpus() -> usize {
    0
}

#[cfg(feature = "cuda")]
fn gpus() -> usize {
    if apl_core::ops::cuda::trouble().is_some() {
        return 0;
    }
    use candle_core::cuda_backend::cudarc::driver::CudaContext;
    CudaContext::device_count().map_or(0, |count| count as usize)
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> std::result::Result<Device, (String, &'static str)> {
    let problem = "this program was built without CUDA".to_string();
    Err((problem, "build it with `--features cuda`, see docs/cuda.md, or leave --device out"))
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> std::result::Result<Device, (String, &'static str)> {
    if let Some(trouble) = apl_core::ops::cuda::trouble() {
        let hint = match trouble.contains("libcuda.so") {
            true => "there is no NVIDIA driver on this machine; leave --device out",
            false => "CUDA 13's libraries belong on LD_LIBRARY_PATH, see docs/cuda.md",
        };
        return Err((trouble, hint));
    }
    let device = Device::new_cuda_with_stream(number);
    if let Ok(Device::Cuda(device)) = &device {
        // SAFETY: memory of this device is used on its one stream alone, which keeps the order.
        #[allow(unsafe_code)]
        unsafe {
            device.disable_event_tracking();
        }
    }
    device.map_err(|error| {
        let text = error.to_string();
        let hint = if text.contains("NO_DEVICE") || text.contains("INVALID_DEVICE") {
            "`nvidia-smi -L` lists the GPUs; CUDA_VISIBLE_DEVICES may hide some"
        } else {
            "CUDA 13 needs driver 580 or newer; `nvidia-smi` shows which one is there"
        };
        (text.lines().next().unwrap_or_default().to_string(), hint)
    })
}

/// Tells what to do about a GPU whose memory is full, where that is what an error is about.
pub fn explain(error: Error) -> Error {
    if !error.to_string().contains("CUDA_ERROR_OUT_OF_MEMORY") {
        return error;
    }
    Error::usage("--device cuda", "the GPU's memory is full").with_hint(
        "choose smaller batches (--set optimizer.batch=50), fewer runs at a time (--jobs), or a GPU that is free",
    )
}

/// Bytes of a GPU's memory that are free.
fn free_memory(device: &Device) -> Option<u64> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => {
            let memory = device.cuda_stream().context().mem_get_info();
            memory.ok().map(|(free, _)| free as u64)
        }
        _ => None,
    }
}

/// What a run records about its device: `cpu`, or a GPU's name and cuDNN's version.
pub fn name(device: &Device) -> String {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => {
            let name = device.cuda_stream().context().name();
            let name = name.unwrap_or_else(|_| "a GPU without a name".into());
            let cudnn = apl_core::ops::cuda::cudnn_version();
            let cudnn = cudnn.map(|version| format!(", cuDNN {version}")).unwrap_or_default();
            format!("cuda, {name}{cudnn}")
        }
        _ => "cpu".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        for (text, expected) in [
            ("cpu", Compute::Cpu),
            ("cuda", Compute::Cuda(None)),
            ("cuda:3", Compute::Cuda(Some(3))),
        ] {
            assert_eq!(text.parse::<Compute>().unwrap(), expected);
            assert_eq!(expected.to_string(), text);
            assert!(!expected.shared().contains(&Compute::Cuda(None)));
        }
        for wrong in ["gpu", "cuda:", "cuda:x", "cuda:-1", ""] {
            let error = wrong.parse::<Compute>().unwrap_err();
            assert_eq!(error, format!("found `{wrong}`, expected cpu, cuda or cuda:N"));
        }
    }

    #[test]
    fn full_memory_comes_with_a_hint() {
        let full = Error::usage("x", "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")");
        assert!(explain(full).to_string().contains("hint: choose smaller batches"));
        let other = Error::usage("x", "something else");
        assert_eq!(explain(other).to_string(), "x: something else");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_program_without_cuda_says_so() {
        let error = Compute::Cuda(Some(0)).open().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().starts_with("--device cuda:0: this program was built without"));
    }
}
