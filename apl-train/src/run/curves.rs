//! `curves.json`: what only the task can compute, as named series with axis names and units.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, run::file};

/// A drawing: one or more series over common axes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// A key, unique in the run.
    pub name: String,
    /// A heading.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What it shows.
    pub name: String,
    /// In which unit; empty where there is none.
    pub unit: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Horizontal positions.
    pub x: Vec<f64>,
    /// Vertical positions, as many.
    pub y: Vec<f64>,
}

const FILE: &str = "curves.json";

/// The curves of a run directory; none where the file is absent.
///
/// # Errors
/// A damaged file.
pub fn read(directory: &Path) -> Result<Vec<Curve>> {
    let path = directory.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&fs_err::read_to_string(&path)?)
        .map_err(|error| Error::run(&path, format!("not a list of curves: {error}")))
}

/// Writes the curves of a run.
///
/// # Errors
/// What the file system reports.
pub fn write(directory: &Path, curves: &[Curve]) -> Result<()> {
    file::write_json(&directory.join(FILE), &curves)
}
