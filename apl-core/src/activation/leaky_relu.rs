//! Leaky ReLU, the paper's second baseline.

use candle_core::{Module, Tensor};

use crate::ops;

/// `max(0, x) + slope min(0, x)`, derivative `slope` at 0.
///
/// The paper does not say which slope it used; Maas et al. (2013) used 0.01, the default here.
///
/// ```
/// use apl_core::activation::LeakyRelu;
/// use candle_core::{Device, Module, Tensor};
/// let x = Tensor::new(&[-2f32, 2.0], &Device::Cpu)?;
/// assert_eq!(LeakyRelu { slope: 0.5 }.forward(&x)?.to_vec1::<f32>()?, [-1.0, 2.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LeakyRelu {
    /// The derivative for negative inputs.
    pub slope: f64,
}

impl Default for LeakyRelu {
    fn default() -> Self {
        Self { slope: 0.01 }
    }
}

impl Module for LeakyRelu {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        Ok(ops::relu::apply(x, self.slope)?)
    }
}
