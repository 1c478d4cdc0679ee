//! Layers put together one after the other, each fitted to the shape before it.

use apl_core::{
    Result,
    nn::{
        ActivationConfig, Conv2d, Conv2dConfig, Dropout, Init, Layer, Linear, LinearConfig, Setup,
    },
    ops::conv2d::{self, Algorithm},
};

use super::INPUT;

/// Layers so far, and the shape of one example behind them.
pub(super) struct Builder<'a> {
    pub layers: Vec<Box<dyn Layer>>,
    shape: Vec<usize>,
    activation: &'a ActivationConfig,
    setup: &'a Setup,
    convolution: Algorithm,
}

impl<'a> Builder<'a> {
    /// Nothing yet: images come in.
    pub fn new(
        activation: &'a ActivationConfig,
        setup: &'a Setup,
        convolution: impl Into<Algorithm>,
    ) -> Self {
        let (layers, shape) = (Vec::new(), INPUT.to_vec());
        Self { layers, shape, activation, setup, convolution: convolution.into() }
    }

    pub fn push(&mut self, layer: Box<dyn Layer>) -> Result<()> {
        self.shape =
            layer.output_shape(&self.shape).map_err(|error| error.in_layer(layer.name()))?;
        self.layers.push(layer);
        Ok(())
    }

    /// A convolution that keeps the size of the image.
    pub fn convolution(
        &mut self,
        name: &str,
        outputs: usize,
        kernel: usize,
        weight: Init,
    ) -> Result<()> {
        let (inputs, bias) = (self.channels(), Init::Constant(0.0));
        let window = conv2d::Config { stride: 1, padding: kernel / 2 };
        let config = Conv2dConfig { inputs, outputs, kernel, window, weight, bias };
        let layer = Conv2d::new(name, config, self.setup)?.with_algorithm(self.convolution);
        self.push(Box::new(layer))
    }

    pub fn linear(&mut self, name: &str, outputs: usize, weight: Init) -> Result<()> {
        let (inputs, bias) = (self.inputs(), Init::Constant(0.0));
        let config = LinearConfig { inputs, outputs, weight, bias };
        self.push(Box::new(Linear::new(name, config, self.setup)?))
    }

    /// Channels of what came before.
    pub fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Inputs of a unit that is connected to all that came before.
    pub fn inputs(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn activation(&mut self, name: &str) -> Result<()> {
        let layer = self.activation.layer(name, &self.shape, self.setup);
        self.push(layer.map_err(|error| error.in_layer(name))?)
    }

    /// Dropout, unless nothing is dropped.
    pub fn dropout(&mut self, name: &str, rate: f64, number: usize) -> Result<()> {
        if rate == 0.0 {
            return Ok(());
        }
        self.push(Box::new(Dropout::new(name, rate, number as u32)?))
    }
}
