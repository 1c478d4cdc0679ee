//! Dropout as a layer of a chain.

use candle_core::Tensor;

use crate::{
    Result,
    nn::{Context, Layer, Mode},
    ops::dropout::{Mask, forward, forward_in_place},
    random::Streams,
};

/// Drops values in training and scales the others up, see [`dropout`](crate::ops::dropout); does nothing in evaluation.
pub struct Dropout {
    name: String,
    rate: f64,
    number: u32,
}

impl Dropout {
    /// Dropout with this rate. `number` counts the dropout layers of a network from 0 and selects the masks.
    ///
    /// # Errors
    /// A rate outside `[0, 1)`.
    pub fn new(name: &str, rate: f64, number: u32) -> Result<Self> {
        Mask::new(rate, Streams::new(0), number, 0)?;
        Ok(Self { name: name.into(), rate, number })
    }

    fn mask<'a>(&self, context: &Context<'a>) -> Result<Mask<'a>> {
        let rate = if context.mode == Mode::Train { self.rate } else { 0.0 };
        Ok(Mask::new(rate, context.streams, self.number, context.step)?.by(context.dials))
    }
}

impl Layer for Dropout {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "dropout"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn in_place(&self) -> bool {
        true
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, context: &Context) -> Result<()> {
        forward(input, self.mask(context)?, output)
    }

    fn backward(
        &mut self,
        _: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        context: &Context,
    ) -> Result<()> {
        match input_gradient {
            Some(dx) => forward(output_gradient, self.mask(context)?, dx),
            None => Ok(()),
        }
    }

    fn forward_in_place(&mut self, data: &Tensor, context: &Context) -> Result<()> {
        if context.mode == Mode::Evaluate {
            return Ok(());
        }
        forward_in_place(data, self.mask(context)?)
    }

    fn backward_in_place(
        &mut self,
        _: &Tensor,
        gradient: &Tensor,
        context: &Context,
    ) -> Result<()> {
        self.forward_in_place(gradient, context)
    }
}
