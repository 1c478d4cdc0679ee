//! Adaptive piecewise linear (APL) units and the layers around them, for Candle.
//!
//! An APL unit is an activation function that is learned with the weights: `h(x) = max(0, x) + sum_s a_s max(0, -x + b_s)`, with slopes `a` and
//! offsets `b` of its own for every unit (Agostinelli, Hoffman, Sadowski, Baldi, "Learning Activation Functions to Improve Deep Neural Networks",
//! arXiv 1412.6830).
//!
//! # As a layer of your own network
//!
//! [`activation::Apl`] is a `candle_nn::Module`; its variables come from a `VarBuilder` and train with any optimiser. A forward and a backward pass
//! are one fused pass over the data each, without memory per hinge.
//!
//! ```
//! use apl_core::activation::{Apl, AplConfig};
//! use candle_core::{DType, Device, Module, Tensor};
//! use candle_nn::{Optimizer, SGD, VarBuilder, VarMap, linear};
//!
//! let device = Device::Cpu;
//! let variables = VarMap::new();
//! let builder = VarBuilder::from_varmap(&variables, DType::F32, &device);
//! let network = candle_nn::seq()
//!     .add(linear(1, 16, builder.pp("hidden"))?)
//!     // Sixteen units, each with two hinges of its own: `activation.slopes` and `activation.offsets`, both [2, 16].
//!     .add(Apl::new(&[16], AplConfig::new(2), builder.pp("activation"))?)
//!     .add(linear(16, 1, builder.pp("output"))?);
//!
//! let x = Tensor::arange(-20f32, 20.0, &device)?.affine(0.1, 0.0)?.unsqueeze(1)?;
//! let y = x.sin()?;
//! let mut optimiser = SGD::new(variables.all_vars(), 0.02)?;
//! let mut losses = Vec::new();
//! for _ in 0..50 {
//!     let loss = (network.forward(&x)? - &y)?.sqr()?.mean_all()?;
//!     optimiser.backward_step(&loss)?;
//!     losses.push(loss.to_scalar::<f32>()?);
//! }
//! assert!(losses[49] < losses[0]);
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! In a convolutional network the unit's shape is that of a feature map, `&[channels, height, width]`;
//! [`Sharing`](activation::Sharing) says whether its positions share parameters.
//!
//! # What else is here
//!
//! - [`activation::piecewise`]: the exact algebra of a unit, theorem 1 and back
//! - [`ops`]: the operations themselves, on and off Candle's tape
//! - [`nn`]: layers with names and initialisers, and [`nn::Chain`], which trains them without the tape and without new memory
//! - [`random`]: the seeded random numbers of all of it

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod activation;
pub mod error;
pub mod nn;
pub mod ops;
pub mod random;

pub use error::{Error, Result};
