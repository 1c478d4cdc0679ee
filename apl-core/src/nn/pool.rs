//! Pooling as a layer of a chain.

use candle_core::{DType, Device, Tensor};

use crate::{
    Error, Result,
    nn::{Context, Layer},
    ops::pool::{self, Config, Kind},
};

/// Max or average pooling in Caffe's ceil mode, see [`pool`].
pub struct Pool {
    name: String,
    kind: Kind,
    config: Config,
    /// Where each maximum stood; made by [`Layer::prepare`].
    choice: Option<Tensor>,
}

impl Pool {
    /// A pooling layer.
    pub fn new(name: &str, kind: Kind, config: Config) -> Self {
        Self { name: name.into(), kind, config, choice: None }
    }

    fn choice(&self) -> Result<&Tensor> {
        self.choice.as_ref().ok_or_else(|| Error::Setting {
            place: "max-pool".into(),
            found: "a pass before `prepare`".into(),
            expected: "`prepare` with the batch size first".into(),
        })
    }
}

impl Layer for Pool {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Max => "max-pool",
            Kind::Average => "average-pool",
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        pool::output_shape(input, self.config)
    }

    fn prepare(&mut self, batch: usize, input: &[usize], _: DType, device: &Device) -> Result<()> {
        if self.kind == Kind::Max {
            let shape = [&[batch], self.output_shape(input)?.as_slice()].concat();
            self.choice = Some(Tensor::zeros(shape, DType::U8, device)?);
        }
        Ok(())
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        match self.kind {
            Kind::Max => pool::max_forward(input, self.config, output, self.choice()?),
            Kind::Average => pool::average_forward(input, self.config, output),
        }
    }

    fn backward(
        &mut self,
        _: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        _: &Context,
    ) -> Result<()> {
        let Some(dx) = input_gradient else { return Ok(()) };
        match self.kind {
            Kind::Max => pool::max_backward(output_gradient, self.choice()?, self.config, dx),
            Kind::Average => pool::average_backward(output_gradient, self.config, dx),
        }
    }
}
