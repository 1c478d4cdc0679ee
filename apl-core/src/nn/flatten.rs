//! Examples of any shape seen as rows of values.

use candle_core::Tensor;

use crate::{
    Result,
    nn::{Context, Layer},
    ops::copy,
};

/// `[N, ...]` to `[N, K]`, in row-major order. A copy, as a chain's layers have outputs of their own: for the few values before a loss.
pub struct Flatten {
    name: String,
}

impl Flatten {
    /// A flattening layer.
    pub fn new(name: &str) -> Self {
        Self { name: name.into() }
    }
}

impl Layer for Flatten {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "flatten"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(vec![input.iter().product()])
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        copy::values(input, output)
    }

    fn backward(
        &mut self,
        _: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        _: &Context,
    ) -> Result<()> {
        input_gradient.map_or(Ok(()), |dx| copy::values(output_gradient, dx))
    }
}
