//! What can be said about scores of a few seeds, and no more. Pure functions.
//!
//! Two rows are compared by [`welch`]'s two-sided test, never below three seeds a side. The p-values of a table are one [`Family`], adjusted after
//! Holm. [`sentence`] puts a comparison in words, [`missed_half_the_time`] says which differences so few seeds overlook, and [`Pairing`] shows whether
//! runs of one seed go together, which no test here uses.
//!
//! ```
//! use apl_report::statistics::{Family, Statistics, sentence, welch};
//! let scores = [[11.4, 11.1, 11.7], [12.6, 12.4, 12.8], [12.5, 12.7, 12.9]];
//! let [apl, relu, maxout] = scores.map(|scores| Statistics::of(scores).unwrap());
//! let tests = [welch(&apl, &relu), welch(&maxout, &relu)];
//! let family = Family::holm(&tests.map(|test| test.ok().map(|test| test.p)));
//! let p = tests[0].map(|_| family.adjusted[0].unwrap());
//! let text = "11.4 against 12.6 (std 0.3 and 0.2, n = 3): lower by 1.2, p = 0.014";
//! assert_eq!(sentence(&apl, &relu, "%", p), text);
//! ```

mod bootstrap;
mod detectable;
mod equivalence;
mod holm;
mod noncentral;
mod pairing;
mod student;
mod summary;
mod welch;
mod words;

pub use bootstrap::{OverExamples, SAMPLES, over_examples};
pub use detectable::{SEEDS, missed_half_the_time};
pub use equivalence::{Equivalence, equivalence, seeds_for_equivalence};
pub use holm::Family;
pub use pairing::Pairing;
pub(crate) use student::LEVEL;
pub use summary::Statistics;
pub use welch::{FEWEST, Test, Untested, welch};
pub(crate) use words::decimals;
pub use words::{p_value, sentence};
