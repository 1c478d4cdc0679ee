//! Networks: layers with names and initialisers, and the [`Chain`] that runs them without a tape.

mod chain;
mod init;
mod layer;
mod parameter;

pub use chain::Chain;
pub use init::Init;
pub use layer::{Activation, Context, Layer, Mode, Observer};
pub use parameter::{Parameter, Role};
