//! Cross-entropy of class scores ([`softmax`]) and of single logits ([`sigmoid`]).

mod cpu;
pub mod sigmoid;
pub mod softmax;

#[cfg(test)]
mod tests;
