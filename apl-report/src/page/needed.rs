//! Hinges that units still need: those of their canonical form where their layer's pre-activations are.

use apl_train::{
    prune::hinges_within,
    run::activations::{Activations, LayerActivations},
};
use serde::Serialize;

use crate::{format::number, row::Row};

/// Rows of one number of layers, and how many hinges are left in each.
#[derive(Debug, Serialize)]
pub(super) struct Needed {
    layers: Vec<String>,
    rows: Vec<Line>,
}

/// A row, and the layers that it has.
#[derive(Debug)]
pub(super) struct Left {
    layers: Vec<String>,
    line: Line,
}

#[derive(Debug, Serialize)]
struct Line {
    label: String,
    hinges: usize,
    /// Mean over units, a layer each.
    left: Vec<String>,
}

impl Needed {
    /// A table for each list of layers that rows have.
    pub(super) fn tables(rows: Vec<Left>) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        for Left { layers, line } in rows {
            match tables.iter_mut().find(|table| table.layers == layers) {
                Some(table) => table.rows.push(line),
                None => tables.push(Self { layers, rows: vec![line] }),
            }
        }
        tables
    }
}

impl Left {
    /// What is left in a row; `None` where no run is done or none has hinges.
    pub(super) fn of(row: &Row, activations: &Activations) -> Option<Self> {
        row.done().next()?;
        let layers: Vec<&LayerActivations> =
            activations.layers.iter().filter(|layer| layer.about.hinges > 0).collect();
        if layers.is_empty() {
            return None;
        }
        let left = layers.iter().map(|layer| mean(layer));
        let left = left.map(|mean| mean.map_or_else(|| "–".into(), |mean| number(mean, 2)));
        let line = Line {
            label: row.label.clone(),
            hinges: row.shown().summary.activation.hinges,
            left: left.collect(),
        };
        Some(Self { layers: layers.iter().map(|layer| layer.about.name.clone()).collect(), line })
    }
}

/// The mean over a layer's units of the fewest hinges with which they are what they are between the ends of its pre-activations.
fn mean(layer: &LayerActivations) -> Option<f64> {
    let after = layer.after.as_ref()?;
    let left = hinges_within(after.units.as_ref()?, after.inputs.low, after.inputs.high).ok()?;
    (!left.is_empty()).then(|| left.iter().sum::<usize>() as f64 / left.len() as f64)
}
