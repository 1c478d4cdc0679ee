//! The section of a row: what its units learned, and its runs.

use serde::Serialize;

use super::{Gallery, Shown, observed::Observed, run};
use crate::{row::Row, table};

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

/// What is shown of a row, and of what its activations are.
pub(super) fn section(row: &Row, observed: Observed, gallery: &mut Gallery) -> Section {
    let Observed { words, figures, .. } = observed;
    let id = if row.id() == row.label { String::new() } else { row.id().to_string() };
    let facts = [row.scale().to_string(), id, row.activation(), score(row)];
    Section {
        anchor: row.slug.clone(),
        title: row.label.clone(),
        facts: facts.into_iter().filter(|fact| !fact.is_empty()).collect(),
        shown: words,
        figures: figures.into_iter().map(|figure| gallery.show(4, figure)).collect(),
        runs: row.runs().iter().map(|run| run::details(row, run, gallery)).collect(),
    }
}

fn score(row: &Row) -> String {
    row.measure().map_or_else(String::new, |measure| {
        format!("{} {} {}", row.score_split(), measure.name, table::score(row))
    })
}
