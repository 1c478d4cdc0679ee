//! Everything that can go wrong in this crate, each message with the place, what was found and what was expected.

/// An error of `apl-core`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tensor has the wrong shape.
    #[error("{place}: found shape {found:?}, expected {expected}")]
    Shape {
        /// Operation and argument, such as `conv2d: weight`.
        place: String,
        /// The shape that was given.
        found: Vec<usize>,
        /// The shape that fits, in words or numbers.
        expected: String,
    },
    /// A tensor has the wrong element type.
    #[error("{place}: found dtype {found:?}, expected {expected}")]
    DType {
        /// Operation and argument.
        place: String,
        /// The element type that was given.
        found: candle_core::DType,
        /// The element types that fit.
        expected: String,
    },
    /// A tensor is a view with gaps or of another order than row-major.
    #[error("{place}: the tensor is not contiguous\nhint: call `.contiguous()?` on it first")]
    Layout {
        /// Operation and argument.
        place: String,
    },
    /// A parameter is NaN or infinite.
    #[error(
        "{place}: found {value} at index {index}, expected a finite number\nhint: the training has diverged or the file is damaged; lower the learning rate or load an earlier checkpoint"
    )]
    NonFinite {
        /// Operation and parameter.
        place: String,
        /// The offending value.
        value: f64,
        /// Its position in row-major order.
        index: usize,
    },
    /// A setting is out of its range.
    #[error("{place}: found {found}, expected {expected}")]
    Setting {
        /// Operation or layer and setting.
        place: String,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A device for which an operation has no kernel.
    #[error("{place}: no kernel for device {device}\nhint: run it on the CPU")]
    Device {
        /// The operation.
        place: String,
        /// The device that was asked for.
        device: String,
    },
    /// A kernel that the GPU's compiler refuses.
    #[error("kernel {kernel} does not compile: {problem}")]
    Kernel {
        /// Its program, type and constants.
        kernel: String,
        /// What the compiler says.
        problem: String,
    },
    /// An error inside a layer, with the layer's name in front.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// What went wrong there.
        source: Box<Error>,
    },
    /// An error that Candle reports.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl Error {
    /// Puts the name of the layer in front of the message.
    pub fn in_layer(self, layer: &str) -> Self {
        Error::Layer { layer: layer.to_string(), source: Box::new(self) }
    }
}

impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Candle(inner) => inner,
            other => candle_core::Error::wrap(other),
        }
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
