//! ReLU, the activation of the paper's baselines.

use candle_core::{Module, Tensor};

use crate::ops;

/// `max(0, x)`, derivative 0 at 0 (Candle's own has 1 there).
///
/// ```
/// use apl_core::activation::Relu;
/// use candle_core::{Device, Module, Tensor};
/// let x = Tensor::new(&[-1f32, 0.0, 2.0], &Device::Cpu)?;
/// assert_eq!(Relu.forward(&x)?.to_vec1::<f32>()?, [0.0, 0.0, 2.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Relu;

impl Module for Relu {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        Ok(ops::relu::apply(x, 0.0)?)
    }
}
