//! Dropping the hinges that hardly matter: `apl evaluate RUN --prune TOL`.
//!
//! Every unit is observed over the whole training split: its smallest and its largest pre-activation, without dropout or augmentation, in the network as
//! training left it. Between the two it is written with the fewest hinges ([`Unit::within`](apl_core::activation::piecewise::Unit::within)) and rid of
//! those whose sum stays below the tolerance ([`Unit::pruned`](apl_core::activation::piecewise::Unit::pruned)). The network that is scored has, layer by
//! layer, only as many hinges as its fullest unit still needs, and a ReLU where none needs any.
//!
//! The bound is one of every unit on the inputs it was observed with. Of other inputs, and of the units behind others that were pruned, nothing is
//! promised: how far the network changes is measured.

mod layer;
mod ranges;
mod report;

use std::path::Path;

use apl_core::nn::{Chain, Parameter};

use crate::{
    Error, Result, Task,
    config::{Document, Kind},
    device::Compute,
    plan::Plan,
    record,
    rescore::Rescore,
    task::Split,
    trained::Trained,
};

pub use layer::hinges_within;
pub use report::{Change, LayerLine, Parameters, Pruning, Smaller};

use layer::Pruned;
use ranges::Ranges;

/// Scores the network of a run directory whole and pruned, on a device; `document` is its `config.toml`, with the source of the data changed if asked for.
///
/// # Errors
/// A tolerance that is negative or not finite, a run without hinges, and as [`rescore`](crate::rescore::rescore).
pub fn prune<T: Task>(
    run: &Path,
    document: &Document,
    split: Split,
    tolerance: f64,
    compute: Compute,
) -> Result<Pruning> {
    let place = || format!("--prune {tolerance}");
    if !(tolerance.is_finite() && tolerance >= 0.0) {
        return Err(Error::usage(place(), "expected a finite number, at least 0"));
    }
    let kind = Plan::<T>::from_document(document)?.config.activation.kind;
    if kind != Kind::Apl {
        let (run, kind) = (run.display(), kind.name());
        let problem =
            format!("{run}: found the activation {kind}, expected apl: no hinges to drop");
        let hint = "leave --prune out to score the network as it is";
        return Err(Error::usage(place(), problem).with_hint(hint));
    }
    let mut trained = Trained::<T>::open(run, document, compute)?;
    let (examples, observed) = (trained.examples(split)?, trained.examples(Split::Train)?);
    let before = trained.score(split, None)?;
    let mut ranges = Ranges::default();
    trained.score(Split::Train, Some(&mut ranges))?;
    let [weights, whole] = Parameter::counts(trained.network.parameters());
    let layers = replace(&mut trained.network, &ranges, tolerance)?;
    let [_, smaller] = Parameter::counts(trained.network.parameters());
    let after = trained.score(split, None)?;
    let ragged = 2 * layers.iter().map(|layer| layer.total).sum::<usize>();
    Ok(Pruning {
        pruned: Smaller {
            tolerance,
            observed,
            loss: after.loss,
            score: after.score,
            changed: Change::between(&before.predictions, &after.predictions),
            layers,
            parameters: Parameters { weights, before: whole, after: smaller, ragged },
        },
        whole: Rescore::of(&trained, split, examples, &before),
    })
}

/// Puts pruned layers in the place of all that have hinges.
fn replace(network: &mut Chain, ranges: &Ranges, tolerance: f64) -> Result<Vec<LayerLine>> {
    let (mut lines, mut layers) = (Vec::new(), Vec::new());
    for layer in network.layers() {
        let Some(activation) = layer.activation() else { continue };
        let (Some(units), Some(sharing)) = (record::units(activation)?, activation.sharing())
        else {
            continue;
        };
        let name = layer.name();
        let pruned = Pruned::new(&units, ranges.of(name)?, tolerance);
        let pruned = pruned.map_err(|error| error.in_layer(name))?;
        let smaller = pruned.layer(name, sharing, network.device())?;
        lines.push(LayerLine {
            name: name.into(),
            kind: smaller.kind().into(),
            sharing: sharing.name().into(),
            units: units.count(),
            hinges: units.hinges(),
            left: pruned.most(),
            total: pruned.hinges(),
            mean: pruned.hinges() as f64 / units.count().max(1) as f64,
        });
        layers.push(smaller);
    }
    for layer in layers {
        network.replace(layer)?;
    }
    Ok(lines)
}
