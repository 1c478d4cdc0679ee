//! Work of a GPU that is recorded once and launched as a whole: a CUDA graph.
//!
//! Launching kernels one by one takes the processor some microseconds each, more than small kernels take the GPU. A recording is one launch, however
//! many kernels it has. It repeats them with the same addresses and the same numbers; what changes from launch to launch is read from memory, such as
//! [`Dials`](crate::ops::dials::Dials).

use candle_core::Device;

use crate::Result;

/// Recorded work.
pub struct Recording {
    #[cfg(feature = "cuda")]
    graph: super::device::Graph,
}

impl Recording {
    /// Does the work again. The tensors that it reads and writes must still be there.
    ///
    /// # Errors
    /// What the driver reports.
    pub fn launch(&self) -> Result<()> {
        #[cfg(feature = "cuda")]
        return self.graph.launch();
        #[cfg(not(feature = "cuda"))]
        Ok(())
    }
}

/// Records what `work` launches on a device, without doing it; `None`, and nothing is recorded, where the device is no GPU. The work must have been
/// done before with tensors of the same shapes, so that it compiles nothing and asks for no memory, and no other thread may use the device meanwhile.
///
/// # Errors
/// What the work or the driver reports.
pub fn record(device: &Device, work: impl FnOnce() -> Result<()>) -> Result<Option<Recording>> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => {
            let graph = super::device::record(device, work)?;
            Ok(Some(Recording { graph }))
        }
        _ => {
            let _ = work;
            Ok(None)
        }
    }
}
