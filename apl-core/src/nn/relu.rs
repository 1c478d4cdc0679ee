//! ReLU and leaky ReLU as layers of a chain.

use candle_core::Tensor;

use crate::{
    Result,
    nn::{Activation, Context, Layer},
    ops::relu,
};

/// `max(0, x) + slope min(0, x)`, see [`relu`](crate::ops::relu).
pub struct Relu {
    name: String,
    slope: f64,
}

impl Relu {
    /// ReLU.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), slope: 0.0 }
    }

    /// Leaky ReLU with this slope for negative inputs.
    pub fn leaky(name: &str, slope: f64) -> Self {
        Self { name: name.into(), slope }
    }
}

impl Activation for Relu {
    fn kind(&self) -> &'static str {
        if self.slope == 0.0 { "relu" } else { "leaky-relu" }
    }

    fn negative_slope(&self) -> Option<f64> {
        Some(self.slope)
    }
}

impl Layer for Relu {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        Activation::kind(self)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn activation(&self) -> Option<&dyn Activation> {
        Some(self)
    }

    /// With a negative slope the output no longer tells the sign of the input.
    fn in_place(&self) -> bool {
        self.slope >= 0.0
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        relu::forward(input, self.slope, output)
    }

    fn backward(
        &mut self,
        input: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        _: &Context,
    ) -> Result<()> {
        match input_gradient {
            Some(dx) => relu::backward(input, self.slope, output_gradient, dx),
            None => Ok(()),
        }
    }

    fn forward_in_place(&mut self, data: &Tensor, _: &Context) -> Result<()> {
        relu::forward_in_place(data, self.slope)
    }

    fn backward_in_place(&mut self, data: &Tensor, gradient: &Tensor, _: &Context) -> Result<()> {
        relu::backward_in_place(data, self.slope, gradient)
    }
}
