//! Cross-entropy of class scores ([`softmax`]) and of single logits ([`sigmoid`]).

mod cpu;
mod cuda;
pub mod sigmoid;
pub mod softmax;

#[cfg(test)]
mod tests;
