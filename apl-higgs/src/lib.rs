//! Higgs to tau tau: the second study of the paper (table 2).
//!
//! So far the [`network`]; importers of Higgs data, a Monte-Carlo of H -> tau tau against Z -> tau tau, AUC and expected discovery significance are to
//! come.

mod error;
pub mod network;

pub use error::{Error, Result};
