//! The convolution layer.

use candle_core::Tensor;

use crate::{
    Result,
    nn::{Context, Init, Layer, Parameter, Role, Setup},
    ops::{conv2d, cuda},
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
    setting: conv2d::Setting,
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
        Ok(Self { name: name.into(), setting: window.into(), parameters: [weight, bias] })
    }

    /// The same layer, computed with nothing but `algorithm`; [`conv2d::Algorithm::Auto`] is what a new layer has.
    pub fn with_algorithm(mut self, algorithm: conv2d::Algorithm) -> Self {
        self.setting.algorithm = algorithm;
        self
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
        conv2d::output_shape(input, self.parameters[0].value.dims(), self.setting.window)
    }

    fn algorithm(&self, batch: usize, input: &[usize]) -> Option<String> {
        let (input, weight) = ([&[batch], input].concat(), &self.parameters[0].value);
        if !weight.device().is_cpu() {
            return Some(cuda::convolves_by().into());
        }
        let passes = conv2d::algorithms(&input, weight.dims(), weight.dtype(), self.setting);
        passes.ok().map(|passes| passes.to_string())
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        let [weight, bias] = &self.parameters;
        conv2d::forward(input, &weight.value, &bias.value, self.setting, output)
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
        let (value, setting) = (&weight.value, self.setting);
        conv2d::backward(input, value, setting, output_gradient, input_gradient, gradients)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::{ops::conv2d::Algorithm, random::Streams};

    #[test]
    fn a_layer_can_do_without_winograd() {
        let window = conv2d::Config { stride: 1, padding: 2 };
        let (weight, bias) = (Init::Normal(0.1), Init::Constant(0.0));
        let config = Conv2dConfig { inputs: 32, outputs: 32, kernel: 5, window, weight, bias };
        let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu };
        let layer = Conv2d::new("conv", config, &setup).unwrap();
        let input = [32, 16, 16];
        assert_eq!(layer.algorithm(16, &input).unwrap(), "winograd-2x2-5x5");
        let layer = layer.with_algorithm(Algorithm::Lowered);
        assert_eq!(layer.algorithm(16, &input).unwrap(), "lowered");
    }
}
