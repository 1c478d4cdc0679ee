//! The fully connected layer.

use candle_core::Tensor;

use crate::{
    Error, Result,
    nn::{Context, Init, Layer, Parameter, Role, Setup},
    ops::linear,
};

/// What a fully connected layer looks like.
#[derive(Debug, Clone, Copy)]
pub struct LinearConfig {
    /// Values of one example, whatever their shape.
    pub inputs: usize,
    /// Values of the output.
    pub outputs: usize,
    /// Initial weights.
    pub weight: Init,
    /// Initial biases.
    pub bias: Init,
}

/// `y = x W^T + b`, see [`linear`]. Parameters `weight` `[O, I]` and `bias` `[O]`; the input is flattened in row-major order.
pub struct Linear {
    name: String,
    inputs: usize,
    outputs: usize,
    parameters: [Parameter; 2],
}

impl Linear {
    /// A layer with parameters drawn by name.
    ///
    /// # Errors
    /// An initialiser out of range.
    pub fn new(name: &str, config: LinearConfig, setup: &Setup) -> Result<Self> {
        let LinearConfig { inputs, outputs, weight, bias } = config;
        let shape = [outputs, inputs];
        let weight = Parameter::new(format!("{name}.weight"), Role::Weight, &shape, weight, setup)?;
        let bias = Parameter::new(format!("{name}.bias"), Role::Bias, &[outputs], bias, setup)?;
        Ok(Self { name: name.into(), inputs, outputs, parameters: [weight, bias] })
    }
}

impl Layer for Linear {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "linear"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        if input.iter().product::<usize>() != self.inputs {
            return Err(Error::Shape {
                place: "linear: input".into(),
                found: input.to_vec(),
                expected: format!("{} values an example", self.inputs),
            });
        }
        Ok(vec![self.outputs])
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        let [weight, bias] = &self.parameters;
        linear::forward(input, &weight.value, &bias.value, output)
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
        linear::backward(input, &weight.value, output_gradient, input_gradient, gradients)
    }
}
