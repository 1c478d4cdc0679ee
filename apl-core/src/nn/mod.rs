//! Networks: layers with names and initialisers, and the [`Chain`] that runs them without a tape.

mod activation;
mod apl;
mod chain;
mod conv2d;
mod dropout;
mod flatten;
mod init;
mod layer;
mod linear;
mod loss;
mod parameter;
mod pool;
mod relu;

pub use activation::ActivationConfig;
pub use apl::Apl;
pub use chain::Chain;
pub use conv2d::{Conv2d, Conv2dConfig};
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use init::Init;
pub use layer::{Activation, Context, Layer, Mode, Observer};
pub use linear::{Linear, LinearConfig};
pub use loss::Loss;
pub use parameter::{Parameter, Role, Setup};
pub use pool::Pool;
pub use relu::Relu;
