//! Speed and memory: whole training steps of the paper's networks, the operations they are made of, and PyTorch beside them.
//!
//! [`run`] measures and gives a [`Report`]. Every training step is measured in a process of its own, so that its peak memory is its own: the command
//! starts itself with [`Request::worker`]'s arguments, which end in [`serve`]. PyTorch runs `bench/pytorch/steps.py` by the same protocol (see
//! [`process`]), and the two take turns: what else the machine does meets both alike.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod error;
mod machine;
mod memory;
mod operations;
pub mod process;
mod pytorch;
mod report;
mod run;
mod serve;
mod spread;
mod targets;
mod workload;

pub use error::{Error, Result};
pub use report::{Machine, OperationLine, PeerForm, PeerLine, Report, StepLine, Target};
pub use run::{Peer, Request, StartWorker, run};
pub use serve::serve;
pub use spread::Spread;
