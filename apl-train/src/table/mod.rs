//! Tables as data: which rows of which configurations, what the paper says of each, and which differences are claimed.
//!
//! ```toml
//! title = "Effect of S, and of learning against freezing"
//! seeds = { quick = 2, cpu = 5, paper = 5 }
//! baseline = "relu"
//! contrasts = [["s1", "s1-frozen"]]          # absent: each row of ours against the baseline
//!
//! [[row]]
//! id = "s1-frozen"
//! label = "S = 1, not learned"
//! config = "cifar10-cnn-apl"                 # a file of the scale's folder
//! set = { "activation.hinges" = 1, "activation.slopes.learned" = false }
//! paper = { mean = 12.55, std = 0.11, evidence = "remembered" }
//! ```
//!
//! What every row changes at a scale stands in `common`, as `[common.cpu]` with `data.validation = 5000`.
//!
//! A row shows the task's main score, or another one of its runs by its name (`score = "significance, binned"`). With `ensemble = 5`, the networks of its
//! first five seeds speak together, as one.
//!
//! A row without `config` is somebody else's result: a constant. The contrasts are the family over which p-values are corrected; they stand in the file
//! before any run. [`Table`] is the file, [`Record`] the table as it was run, which is all that a report reads.

mod document;
mod record;

pub use document::{Evidence, Paper, Row, Table, find};
pub use record::{Record, RecordRow};
