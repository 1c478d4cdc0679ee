//! Event files for tests.

use std::path::Path;

use crate::data::EventWriter;

/// A writer of events with so many features, named `x0`, `x1`, ...
pub(crate) fn writer(path: &Path, features: usize, weights: bool) -> EventWriter {
    let names: Vec<String> = (0..features).map(|i| format!("x{i}")).collect();
    EventWriter::create(path, &names, ("made.csv", "csv"), weights).unwrap()
}
