//! The operations Candle lacks, does slowly or gets wrong, one folder each.
//!
//! Every operation is a pair of plain functions, `forward` and `backward`, that write into tensors they are given; `apply`, which puts it on Candle's
//! tape; and `composed`, the same from Candle's elementary operations: the oracle of the tests and the fallback on devices without a kernel.

pub mod access;
pub mod apl;
pub(crate) mod check;
pub mod conv2d;
pub mod copy;
pub mod crops;
pub mod cross_entropy;
pub mod cuda;
pub mod dials;
pub mod dropout;
pub mod linear;
pub mod matmul;
mod parallel;
pub mod pool;
pub mod real;
pub mod relu;
pub mod rows;
mod scratch;
pub mod sgd;
mod simd;
#[cfg(test)]
pub(crate) mod testing;
mod transpose;
