//! What the page takes from the record of a row's activations, which is read once and let go: a page of many rows holds those of one at a time.

use apl_train::run::{
    Snapshots,
    activations::{Activations, LayerActivations},
};

use super::{browser, figure_name, needed::Left};
use crate::{
    figure::{self, Cost, Figure},
    format,
    load::Run,
    row::Row,
};

/// Everything that is made of a row's activations.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Which run's activations these are, or why there are none.
    pub words: String,
    /// For the row's own section.
    pub figures: Vec<Figure>,
    /// One unit of every layer, where the row stands for its group; without a name.
    pub glance: Option<Figure>,
    /// What the activation costs.
    pub cost: Option<Cost>,
    /// The hinges that are left.
    pub left: Option<Left>,
    /// For the browser of units.
    pub units: Option<browser::Learned>,
}

/// How much there is room for on a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Rows with units.
    rows: usize,
    /// Units of a layer beside each other.
    shown: usize,
    /// Units of a layer on top of each other.
    overlaid: usize,
}

/// Units drawn on a page, beside each other and on top of each other, over all rows: beyond, the page would be too large to be mailed.
const SHOWN: usize = 1500;
const OVERLAID: usize = 15_000;
/// Activation layers of a network of the paper.
const LAYERS: usize = 5;

impl Room {
    /// On a page of these rows.
    pub(super) fn on(rows: &[Row]) -> Self {
        let rows = rows.iter().filter(|row| row.has_units()).count();
        let layers = LAYERS * rows.max(1);
        Self {
            rows,
            shown: (SHOWN / layers).clamp(2, figure::SHOWN),
            overlaid: (OVERLAID / layers).clamp(50, figure::OVERLAID),
        }
    }
}

impl Observed {
    /// Of a row of a page. `glance`: whether the row stands for its group.
    pub(super) fn of(row: &Row, room: Room, glance: bool) -> Self {
        let run = row.shown();
        let seed = run.summary.seed;
        match run.activations() {
            Ok(Some(activations)) => Self {
                words: words(run),
                figures: figures(row, &activations, room),
                glance: glance.then(|| {
                    let title = format!("What {} learned", row.label);
                    figure::glance(title, seed, &activations.layers)
                }),
                cost: Cost::of(row, &activations),
                left: Left::of(row, &activations),
                units: browser::Learned::of(row, &activations, room.rows),
            },
            Ok(None) => Self {
                words: format!("Seed {seed} has no record of its activations."),
                ..Self::default()
            },
            Err(error) => Self { words: error.to_string(), ..Self::default() },
        }
    }
}

fn words(run: &Run) -> String {
    format!(
        "Activations of seed {} ({}): the shape h of a unit, solid as learned and dashed as it started, over how often each pre-activation x of its layer occurs, each histogram scaled to its peak. x spans the middle 95 % of the pre-activations before and after. Rows, columns and units count from 0.",
        run.summary.seed,
        run.summary.status.name()
    )
}

/// The layers with units of their own, one figure each; then the others in one; then all units on top of each other, how they differ, what the layers
/// put out, and the course of training.
fn figures(row: &Row, activations: &Activations, room: Room) -> Vec<Figure> {
    let several =
        |layer: &&LayerActivations| layer.before.units.as_ref().is_some_and(|u| u.count() > 1);
    let (many, single): (Vec<_>, Vec<_>) = activations.layers.iter().partition(several);
    let layers: Vec<&LayerActivations> = activations.layers.iter().collect();
    let name = |what: &str| figure_name(row, what);
    let mut figures: Vec<Figure> = many
        .iter()
        .enumerate()
        .map(|(i, layer)| {
            let name = name(&format!("units-{}-{}", i + 1, format::plain(&layer.about.name)));
            figure::units(&name, layer, room.shown)
        })
        .collect();
    if !single.is_empty() {
        figures.push(figure::fixed(&name("layers"), &single));
    }
    // Without snapshots, or with damaged ones, the rest is as good.
    let snapshots = Snapshots::read(&row.shown().path).ok().flatten();
    let more = [
        figure::overlay(&name("overlay"), &many, room.overlaid),
        figure::spread(&name("spread"), &many),
        figure::outputs(&name("outputs"), &layers),
        snapshots.and_then(|snapshots| figure::course(&name("course"), &layers, &snapshots)),
    ];
    figures.extend(more.into_iter().flatten());
    figures
}
