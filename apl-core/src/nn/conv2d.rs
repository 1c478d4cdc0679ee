//! The convolution layer.

use candle_core::Tensor;

use crate::{
    Result,
    nn::{Context, Init, Layer, Parameter, Role, Setup},
    ops::conv2d,
};

/// What a convolution layer looks like.
#[derive(Debug, Clone, Copy)]
pub struct Conv2dConfig {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride and padding.
    pub window: conv2d::Config,
    /// Initial weights.
    pub weight: Init,
    /// Initial biases.
    pub bias: Init,
}

/// Two-dimensional convolution with bias, see [`conv2d`]. Parameters `weight` `[O, C, K, K]` and `bias` `[O]`.
pub struct Conv2d {
    name: String,
    window: conv2d::Config,
    parameters: [Parameter; 2],
}

impl Conv2d {
    /// A layer with parameters drawn by name.
    ///
    /// # Errors
    /// An initialiser out of range.
    pub fn new(name: &str, config: Conv2dConfig, setup: &Setup) -> Result<Self> {
        let Conv2dConfig { inputs, outputs, kernel, window, weight, bias } = config;
        let shape = [outputs, inputs, kernel, kernel];
        let weight = Parameter::new(format!("{name}.weight"), Role::Weight, &shape, weight, setup)?;
        let bias = Parameter::new(format!("{name}.bias"), Role::Bias, &[outputs], bias, setup)?;
        Ok(Self { name: name.into(), window, parameters: [weight, bias] })
    }
}

impl Layer for Conv2d {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "conv2d"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        conv2d::output_shape(input, self.parameters[0].value.dims(), self.window)
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        let [weight, bias] = &self.parameters;
        conv2d::forward(input, &weight.value, &bias.value, self.window, output)
    }

    fn backward(
        &mut self,
        input: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        _: &Context,
    ) -> Result<()> {
        let [weight, bias] = &self.parameters;
        let gradients = Some((&weight.gradient, &bias.gradient));
        let (value, window) = (&weight.value, self.window);
        conv2d::backward(input, value, window, output_gradient, input_gradient, gradients)
    }
}
