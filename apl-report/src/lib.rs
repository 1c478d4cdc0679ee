//! Pages and figures from run directories: one HTML file that opens anywhere without a network, and every figure as an SVG file.
//!
//! ```no_run
//! use std::path::Path;
//! let runs = apl_train::run::find(Path::new("runs"))?;
//! let report = apl_report::write(&runs, Path::new("report"))?;
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
pub mod document;
mod error;
pub mod figure;
mod format;
mod load;
mod page;
pub mod results;
mod row;
mod sample;
mod shape;
pub mod statistics;
mod svg;
mod table;

use std::{
    fmt,
    path::{Path, PathBuf},
};

pub use error::{Error, Result};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The page.
    pub page: PathBuf,
    /// The figures, in the order of the page.
    pub figures: Vec<PathBuf>,
    /// How many runs are on the page.
    pub runs: usize,
    /// How many rows they make.
    pub rows: usize,
    /// How many directories could not be read; the page names them.
    pub damaged: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, figures, runs, rows, damaged } = self;
        writeln!(f, "{}", page.display())?;
        write!(f, "{runs} runs in {rows} rows, {} figures", figures.len())?;
        if *damaged > 0 {
            write!(f, "; {damaged} damaged")?;
        }
        writeln!(f)
    }
}

/// Reads run directories and writes `index.html` and `figures/*.svg` into a folder, which is made if need be.
///
/// A directory that cannot be read is named on the page with its error; the same directory given twice counts once. Earlier files of the same names
/// are replaced, others are left alone.
///
/// # Errors
/// No directories; a folder that cannot be written.
pub fn write(runs: &[PathBuf], out: &Path) -> Result<Report> {
    if runs.is_empty() {
        return Err(Error::NoRuns);
    }
    let loaded = load::all(runs);
    let rows = row::group(loaded.runs);
    let page::Page { html, figures } = page::render(&rows, &loaded.damaged)?;
    let folder = out.join("figures");
    fs_err::create_dir_all(&folder)?;
    let mut written = Vec::with_capacity(figures.len());
    for (name, svg) in figures {
        let path = folder.join(format!("{name}.svg"));
        fs_err::write(&path, svg)?;
        written.push(path);
    }
    let page = out.join("index.html");
    fs_err::write(&page, html)?;
    let runs = rows.iter().map(|row| row.runs().len()).sum();
    let (rows, damaged) = (rows.len(), loaded.damaged.len());
    Ok(Report { page, figures: written, runs, rows, damaged })
}

/// Writes the picture of one unit, see [`figure::unit`], into a file.
///
/// # Errors
/// As [`figure::unit`]; a file that cannot be written.
pub fn write_unit(run: &Path, layer: &str, index: Option<usize>, file: &Path) -> Result<()> {
    Ok(fs_err::write(file, figure::unit(run, Some(layer), index)?)?)
}
