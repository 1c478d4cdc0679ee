//! The section of a row: what its units learned, and its runs.

use apl_train::run::{
    Snapshots,
    activations::{Activations, LayerActivations},
};
use serde::Serialize;

use super::{Gallery, Shown, figure_name, run};
use crate::{figure, format, row::Row, table};

#[derive(Debug, Serialize)]
pub(super) struct Section {
    anchor: String,
    title: String,
    /// Scale, activation, score.
    facts: Vec<String>,
    /// Which run's activations these are, or why there are none.
    shown: String,
    figures: Vec<Shown>,
    runs: Vec<run::Details>,
}

/// What is shown of a row; up to `overlaid` units a layer on top of each other.
pub(super) fn section(row: &Row, overlaid: usize, gallery: &mut Gallery) -> Section {
    let shown = row.shown();
    let seed = shown.summary.seed;
    let (figures, words) = match shown.activations() {
        Ok(Some(activations)) => {
            let status = shown.summary.status.name();
            let words = format!(
                "Activations of seed {seed} ({status}): the shape h of a unit, solid as learned and dashed as it started, over how often each pre-activation x of its layer occurs, each histogram scaled to its peak. x spans the middle 95 % of the pre-activations before and after. Rows, columns and units count from 0."
            );
            let mut figures = figures(row, &activations, overlaid, gallery);
            // Without snapshots, or with damaged ones, the rest is as good.
            if let Ok(Some(snapshots)) = Snapshots::read(&shown.path) {
                let layers: Vec<&LayerActivations> = activations.layers.iter().collect();
                let course = figure::course(&figure_name(row, "course"), &layers, &snapshots);
                figures.extend(course.map(|figure| gallery.show(4, figure)));
            }
            (figures, words)
        }
        Ok(None) => (Vec::new(), format!("Seed {seed} has no record of its activations.")),
        Err(error) => (Vec::new(), error.to_string()),
    };
    let id = if row.id() == row.label { String::new() } else { row.id().to_string() };
    let facts = [row.scale().to_string(), id, row.activation(), score(row)];
    Section {
        anchor: row.slug.clone(),
        title: row.label.clone(),
        facts: facts.into_iter().filter(|fact| !fact.is_empty()).collect(),
        shown: words,
        figures,
        runs: row.runs().iter().map(|run| run::details(row, run, gallery)).collect(),
    }
}

fn score(row: &Row) -> String {
    row.measure().map_or_else(String::new, |measure| {
        format!("{} {} {}", row.score_split(), measure.name, table::score(row))
    })
}

/// The layers with units of their own, one figure each; then the others in one; then all units on top of each other, how they differ, and what the
/// layers put out.
fn figures(
    row: &Row,
    activations: &Activations,
    overlaid: usize,
    gallery: &mut Gallery,
) -> Vec<Shown> {
    let several =
        |layer: &&LayerActivations| layer.before.units.as_ref().is_some_and(|u| u.count() > 1);
    let (many, single): (Vec<_>, Vec<_>) = activations.layers.iter().partition(several);
    let mut figures = Vec::new();
    for (i, layer) in many.iter().enumerate() {
        let name = format!("units-{}-{}", i + 1, format::plain(&layer.about.name));
        figures.push(gallery.show(4, figure::units(&figure_name(row, &name), layer)));
    }
    if !single.is_empty() {
        figures.push(gallery.show(4, figure::fixed(&figure_name(row, "layers"), &single)));
    }
    let more = [
        figure::overlay(&figure_name(row, "overlay"), &many, overlaid),
        figure::spread(&figure_name(row, "spread"), &many),
        figure::outputs(
            &figure_name(row, "outputs"),
            &activations.layers.iter().collect::<Vec<_>>(),
        ),
    ];
    figures.extend(more.into_iter().flatten().map(|figure| gallery.show(4, figure)));
    figures
}
