//! Trainable tensors with a name, a role and a gradient.

use candle_core::{DType, Device, Tensor};

use crate::{Result, nn::Init, random::Streams};

/// What a parameter is for; parameter counts keep the activation apart from the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Weights of a convolution or a linear layer.
    Weight,
    /// Biases.
    Bias,
    /// Slopes `a` of an APL activation.
    Slopes,
    /// Offsets `b` of an APL activation.
    Offsets,
}

impl Role {
    /// Whether the parameter belongs to an activation (the `2 S M` of the paper) and not to the weights.
    pub fn is_activation(self) -> bool {
        matches!(self, Role::Slopes | Role::Offsets)
    }
}

/// Where a network's parameters are made, and from which seed.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The run's random streams.
    pub streams: Streams,
    /// The element type.
    pub dtype: DType,
    /// The device.
    pub device: Device,
}

/// A parameter of a network. Clones share the tensors, so an optimiser that updates `value` in place updates the network.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Unique name: the layer's, a dot, and the tensor's, as in `conv1.weight`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its value.
    pub value: Tensor,
    /// The gradient of the loss, of the value's shape; overwritten by every backward pass.
    pub gradient: Tensor,
    /// Whether training may change it.
    pub learned: bool,
}

impl Parameter {
    /// A learned parameter of the given shape, its value drawn from the stream that bears its name.
    ///
    /// # Errors
    /// An initialiser out of range.
    pub fn new(
        name: String,
        role: Role,
        shape: &[usize],
        init: Init,
        setup: &Setup,
    ) -> Result<Self> {
        let value = init.tensor(&name, shape, setup.streams, setup.dtype, &setup.device)?;
        Self::with_value(name, role, value)
    }

    /// A learned parameter of this value.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn with_value(name: String, role: Role, value: Tensor) -> Result<Self> {
        let gradient = value.zeros_like()?;
        Ok(Self { name, role, value, gradient, learned: true })
    }

    /// How many numbers these are: weights and biases, then slopes and offsets.
    pub fn counts(parameters: &[Parameter]) -> [usize; 2] {
        [false, true].map(|activation| {
            let chosen = parameters.iter().filter(|p| p.role.is_activation() == activation);
            chosen.map(|parameter| parameter.value.elem_count()).sum()
        })
    }
}
