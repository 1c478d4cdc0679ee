//! What table 2 measures of a network's outputs: the area under the ROC curve and the expected discovery significance.
//!
//! Events are sorted once, as [`Scored`]; everything else is a pass from the highest score down. The paper gives "discovery significance" for 100
//! signal events over 5000 background events known to 5 %, but neither it nor Baldi et al. (2015) says how outputs become a significance. Two
//! readings are computed, both ours:
//!
//! - **(A)**, [`Cut`]: the events above one threshold are counted, and [`asimov()`]'s formula gives the significance
//! - **(B)**, [`Binned`]: the events are counted in bins of the score, and [`profile_likelihood`] gives it
//!
//! The threshold and the bins are [`Choices`], made on the validation split alone; the readings of the test split take them as they are.
//!
//! ```
//! use apl_core::random::{Purpose, Streams};
//! use apl_higgs::metrics::{REPLICATES, Scored, SignificanceConfig, roc};
//!
//! // A network that gives signal a higher score, by one deviation on average.
//! let streams = Streams::new(1);
//! let split = |name: &str| {
//!     let mut stream = streams.named(Purpose::Sample, name);
//!     let labels: Vec<u32> = (0..20_000).map(|i| i % 2).collect();
//!     let scores: Vec<f32> = labels.iter().map(|&y| (y as f64 + stream.normal()) as f32).collect();
//!     Scored::new(&scores, &labels, None)
//! };
//! let (validation, test) = (split("validation")?, split("test")?);
//!
//! let choices = SignificanceConfig::default().choose(&validation)?;
//! let readings = choices.read(&test);
//! assert!((readings.auc.unwrap() - 0.760).abs() < 0.01); // Phi(1 / sqrt 2)
//! let (a, b) = (readings.cut.unwrap().z, readings.binned.unwrap().z);
//! assert!(0.0 < a && a < b);
//!
//! // How far they would scatter over test splits of this size, and the curve to draw.
//! let spreads = choices.bootstrap(&test, REPLICATES, &streams);
//! assert!(spreads.auc.unwrap().deviation < 0.005);
//! assert!(roc(&test, 512).unwrap().len() <= 512);
//! # Ok::<(), apl_higgs::Error>(())
//! ```

mod asimov;
mod auc;
mod bins;
mod bootstrap;
mod cut;
mod densities;
mod likelihood;
mod logarithm;
mod poisson;
mod roc;
mod scored;
mod significance;
mod sweep;
#[cfg(test)]
mod testing;
mod thin;
mod yields;

pub use asimov::asimov;
pub use auc::auc;
pub use bins::{Bin, Binned};
pub use bootstrap::{REPLICATES, Spread, Spreads};
pub use cut::{Cut, best_cut, cut_curve};
pub use densities::densities;
pub use likelihood::profile_likelihood;
pub use roc::{RocPoint, roc};
pub use scored::Scored;
pub use significance::{Choices, Readings, SignificanceConfig};
pub use yields::Yields;
