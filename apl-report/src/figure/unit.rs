//! A picture of one unit.

use std::path::Path;

use apl_train::run::activations::{Activations, LayerActivations};

use super::{ANY, Figure, standalone, units};
use crate::{Error, Result, sample};

/// An SVG document of one unit of a run: its learned shape solid over its initial one dashed, and the pre-activations of its layer beneath, on a
/// light ground, so that it looks the same on any page.
///
/// `layer` is the layer's name, the first with parameters if not given; `index` the unit's position among those the run holds, by the rule
/// of the page's samples if not given.
///
/// ```no_run
/// use std::path::Path;
/// let run = Path::new("runs/quick/cifar10-cnn-apl/seed-1");
/// std::fs::write("unit.svg", apl_report::figure::unit(run, Some("act4"), Some(12))?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A run without records of its activations or with damaged ones; no such layer or unit.
pub fn unit(run: &Path, layer: Option<&str>, index: Option<usize>) -> Result<String> {
    let missing = |problem: String| Error::Missing { path: run.to_path_buf(), problem };
    let activations = Activations::read(run)?;
    let Activations { layers } =
        activations.ok_or_else(|| missing("found no activations.safetensors".into()))?;
    let found = match layer {
        Some(name) => layers.iter().find(|layer| layer.about.name == name),
        None => layers.iter().find(|layer| layer.about.hinges > 0).or(layers.first()),
    };
    let found = found.ok_or_else(|| {
        let names: Vec<&str> = layers.iter().map(|layer| layer.about.name.as_str()).collect();
        let wanted = layer.unwrap_or("any");
        missing(format!("found no activation layer `{wanted}`, expected one of {names:?}"))
    })?;
    let count = units::count(found);
    let index = index.unwrap_or(sample::first(count));
    if index >= count {
        let layer = &found.about.name;
        return Err(missing(format!("found unit {index} of {layer}, expected less than {count}")));
    }
    Ok(unit_of(found, index))
}

/// The same of a layer in memory. A unit that is not there has no curves.
pub fn unit_of(layer: &LayerActivations, index: usize) -> String {
    let panel = units::alone(layer, index, units::LARGE);
    let figure = Figure {
        name: String::new(),
        title: String::new(),
        caption: panel.title.clone(),
        panels: vec![panel],
        columns: ANY,
        legend: units::legend(layer),
    };
    standalone::document(&figure.whole(), 1.25)
}
