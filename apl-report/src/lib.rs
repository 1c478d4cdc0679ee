//! Pages, tables and figures from run directories: one HTML file that opens anywhere without a network, every figure as a file, every table as files that
//! a paper or a program reads.
//!
//! ```no_run
//! use std::path::Path;
//! use apl_report::{Format, Sources};
//! let sources = Sources::find(&["runs".into()])?;
//! let report = apl_report::write(&sources, Path::new("report"), &Format::USUAL)?;
//! println!("{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading runs and grouping them in rows know nothing of drawing, tables and figures know nothing of HTML, and the page puts them together. The same
//! runs give the same bytes.
//!
//! # Why the figures have their own SVG writer
//! They are inline in a page that is light or dark, as wide as a telephone or a desk, and printed: so their colours are CSS variables, every small
//! multiple is an `<svg>` that the page flows into as many columns as fit, and each has a name for screen readers. plotters writes literal colours,
//! one fixed canvas and no names, and measures text with fonts that a headless machine does not have. Axes, polylines and bars are all that is
//! needed, and a line is written by its knots in tenths of a pixel, which keeps a thousand overlaid units small.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod baseline;
mod check;
mod choice;
pub mod document;
mod error;
pub mod figure;
mod format;
mod load;
mod page;
mod picture;
pub mod results;
mod row;
mod sample;
mod shape;
mod sources;
pub mod statistics;
mod svg;
mod table;
mod title;
mod write;

pub use check::{Checked, check};
pub use error::{Error, Result};
pub use sources::Sources;
pub use write::{Format, Report, write, write_unit};
