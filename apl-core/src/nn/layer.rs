//! What a layer is, and what it is told about the pass it takes part in.

use candle_core::{DType, Device, Tensor};

use crate::{
    Error, Result, activation::Sharing, nn::Parameter, ops::dials::Dials, random::Streams,
};

/// Whether a pass trains (dropout on) or evaluates (dropout off).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A training step.
    Train,
    /// Scoring.
    Evaluate,
}

/// Looks at what goes into and comes out of every layer, for records and for finding what diverged.
pub trait Observer {
    /// The layer's input, before the layer runs (an in-place layer overwrites it).
    fn input(&mut self, layer: &dyn Layer, input: &Tensor) -> Result<()>;
    /// The layer's output.
    fn output(&mut self, layer: &dyn Layer, output: &Tensor) -> Result<()>;
}

/// The circumstances of one pass through a network.
pub struct Context<'a> {
    /// Training or evaluation.
    pub mode: Mode,
    /// The training step, from 0: it selects the dropout masks.
    pub step: u64,
    /// Where a GPU reads the step instead, if present.
    pub dials: Option<&'a Dials>,
    /// The run's random streams.
    pub streams: Streams,
    /// Sees every layer's input and output, if present.
    pub observer: Option<&'a mut dyn Observer>,
}

impl Context<'static> {
    /// An evaluation pass without an observer.
    pub fn evaluation() -> Self {
        Self {
            mode: Mode::Evaluate,
            step: 0,
            dials: None,
            streams: Streams::new(0),
            observer: None,
        }
    }

    /// The training pass of this step.
    pub fn training(step: u64, streams: Streams) -> Self {
        Self::training_by(step, streams, None)
    }
}

impl<'a> Context<'a> {
    /// The training pass of this step, which dials show too.
    pub fn training_by(step: u64, streams: Streams, dials: Option<&'a Dials>) -> Self {
        Self { mode: Mode::Train, step, dials, streams, observer: None }
    }
}

/// What an activation layer tells about itself.
pub trait Activation {
    /// `relu`, `leaky-relu` or `apl`.
    fn kind(&self) -> &'static str;
    /// The number of hinges S; 0 where the shape is fixed.
    fn hinges(&self) -> usize {
        0
    }
    /// The slope for negative inputs, where the shape is fixed.
    fn negative_slope(&self) -> Option<f64> {
        None
    }
    /// How far parameters are shared, where there are any.
    fn sharing(&self) -> Option<Sharing> {
        None
    }
    /// Slopes `a`, `[S, unit shape...]`.
    fn slopes(&self) -> Option<&Tensor> {
        None
    }
    /// Offsets `b`, `[S, unit shape...]`.
    fn offsets(&self) -> Option<&Tensor> {
        None
    }
}

/// One step of a [`Chain`](crate::nn::Chain).
///
/// Shapes exclude the batch in [`output_shape`](Layer::output_shape) and include it, first, everywhere else. The chain owns inputs, outputs and
/// gradients; a layer owns its parameters and whatever small state its backward pass needs.
pub trait Layer: Send {
    /// The layer's name, unique in its network.
    fn name(&self) -> &str;

    /// What it does: `conv2d`, `apl`, `max-pool`, ...
    fn kind(&self) -> &'static str;

    /// The shape of one example's output, given the shape of one example's input.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>>;

    /// The parameters, in the order in which they are reported.
    fn parameters(&self) -> &[Parameter] {
        &[]
    }

    /// The activation this layer is, if it is one.
    fn activation(&self) -> Option<&dyn Activation> {
        None
    }

    /// What the layer's passes are computed with, where there is a choice: for the record of a run. `input` is the shape of one example's input.
    fn algorithm(&self, _batch: usize, _input: &[usize]) -> Option<String> {
        None
    }

    /// Whether the layer can write its output over its input. Its backward pass then reads neither.
    fn in_place(&self) -> bool {
        false
    }

    /// Makes room for `batch` examples. Called before the first pass and whenever the batch changes.
    fn prepare(
        &mut self,
        _batch: usize,
        _input: &[usize],
        _dtype: DType,
        _device: &Device,
    ) -> Result<()> {
        Ok(())
    }

    /// Computes `output` from `input`.
    fn forward(&mut self, input: &Tensor, output: &Tensor, context: &Context) -> Result<()>;

    /// Fills the gradients of the learned parameters and, where asked for, of the input.
    fn backward(
        &mut self,
        input: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        context: &Context,
    ) -> Result<()>;

    /// [`forward`](Layer::forward) of a layer that works in place.
    fn forward_in_place(&mut self, _data: &Tensor, _context: &Context) -> Result<()> {
        Err(not_in_place(self.name()))
    }

    /// [`backward`](Layer::backward) of a layer that works in place.
    ///
    /// `data` is the layer's output as later in-place layers left it: right for a layer that looks only at which values are
    /// positive and is followed by dropout, as the gradient is 0 where dropout wrote 0.
    fn backward_in_place(
        &mut self,
        _data: &Tensor,
        _gradient: &Tensor,
        _context: &Context,
    ) -> Result<()> {
        Err(not_in_place(self.name()))
    }
}

fn not_in_place(layer: &str) -> Error {
    Error::Setting {
        place: format!("layer {layer}"),
        found: "a call in place".into(),
        expected: "separate input and output".into(),
    }
}
