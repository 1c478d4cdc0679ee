//! How many hinges? The question the paper leaves open, answered from validation scores alone: a choice made on test examples would make their error
//! too good.

mod candidates;
mod verdict;

pub use candidates::{Candidate, Question, validation};
pub use verdict::Verdict;

/// How far apart scores may be that count as equal, fixed before looking: half a percentage point where scores are in %, 0.005 elsewhere.
pub fn usual_margin(unit: &str) -> f64 {
    if unit == "%" { 0.5 } else { 0.005 }
}
