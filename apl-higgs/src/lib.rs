//! Higgs to tau tau: the second study of the paper (table 2).
//!
//! The [`network`], and a Monte-Carlo of H -> tau tau against Z -> tau tau ([`generator`]).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod error;
pub mod generator;
pub mod network;

pub use error::{Error, Result};
