//! The table of rows, as text in cells.

use crate::{
    baseline,
    format::{self, count, decimals, duration, number, signed},
    row::Row,
    statistics::Statistics,
};

/// A table of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Headings from left to right.
    pub columns: Vec<Column>,
    /// One a row of the report, in its order.
    pub rows: Vec<Vec<String>>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Whether its cells are numbers, set to the right.
    pub numeric: bool,
}

const COLUMNS: [(&str, bool); 11] = [
    ("row", false),
    ("scale", false),
    ("activation", false),
    ("seeds", false),
    ("score", true),
    ("against ReLU", true),
    ("status", false),
    ("weights", true),
    ("slopes and offsets", true),
    ("training time", true),
    ("examples/s", true),
];

/// The summary: what each row is, what it reached, how it compares and what it cost.
pub fn summary(rows: &[Row]) -> Table {
    let columns = COLUMNS.map(|(title, numeric)| Column { title, numeric }).to_vec();
    let line = |(i, row): (usize, &Row)| {
        let parameters = &row.shown().summary.parameters;
        let seeds: Vec<String> =
            row.runs().iter().map(|run| run.summary.seed.to_string()).collect();
        let time = Statistics::of(row.done().map(|run| run.summary.time.training));
        let speed = Statistics::of(row.done().map(|run| run.summary.time.examples_per_second));
        let mean = |s: Option<Statistics>, text: fn(f64) -> String| {
            s.map_or_else(|| "–".into(), |s| text(s.mean))
        };
        vec![
            row.label.clone(),
            row.scale().to_string(),
            row.activation(),
            seeds.join(", "),
            score(row),
            against(rows, i).map_or_else(|| "–".into(), |against| against.cell()),
            statuses(row),
            count(parameters.weights),
            activation_parameters(parameters.activation, parameters.weights),
            mean(time, duration),
            mean(speed, |v| number(v, 0)),
        ]
    };
    Table { columns, rows: rows.iter().enumerate().map(line).collect() }
}

/// `11.38 ± 0.09 % (n = 5)`; without a deviation where there is only one.
pub fn score(row: &Row) -> String {
    let Some((Statistics { n, mean, deviation }, measure)) =
        Statistics::of(row.scores()).zip(row.measure())
    else {
        return "–".into();
    };
    let digits = decimals(&measure.unit, mean);
    let spread = deviation.map_or_else(String::new, |d| format!(" ± {}", number(d, digits)));
    let unit = if measure.unit.is_empty() { String::new() } else { format!(" {}", measure.unit) };
    format!("{}{spread}{unit} (n = {n})", number(mean, digits))
}

/// A row's mean score beside its ReLU row's.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// The ReLU row.
    pub relu: &'a Row,
    /// Mean minus ReLU's mean.
    pub difference: f64,
    /// Whether that is an improvement; `None` where the means are equal.
    pub better: Option<bool>,
    /// Whether the two differ in the activation alone.
    pub same_otherwise: bool,
    digits: usize,
}

/// How a row compares with its ReLU row, where both have a score.
pub fn against(rows: &[Row], i: usize) -> Option<Against<'_>> {
    let row = rows.get(i)?;
    let found = baseline::find(rows, i)?;
    let relu = rows.get(found.row)?;
    let (own, other) = (Statistics::of(row.scores())?, Statistics::of(relu.scores())?);
    let measure = row.measure()?;
    let better = measure.better;
    Some(Against {
        relu,
        difference: own.mean - other.mean,
        better: (own.mean != other.mean).then(|| better.is_better(own.mean, other.mean)),
        same_otherwise: found.same_otherwise,
        digits: decimals(&measure.unit, own.mean),
    })
}

impl Against<'_> {
    /// The difference without its sign.
    pub fn size(&self) -> String {
        number(self.difference.abs(), self.digits)
    }

    /// `−1.18 (better)`.
    pub fn cell(&self) -> String {
        let difference = signed(self.difference, self.digits);
        let caveat = if self.same_otherwise { "" } else { "; other settings differ too" };
        format!("{difference} ({}{caveat})", self.word())
    }

    /// `better`, `worse`, `equal`.
    pub fn word(&self) -> &'static str {
        match self.better {
            Some(true) => "better",
            Some(false) => "worse",
            None => "equal",
        }
    }
}

/// `2 done, 1 failed`.
fn statuses(row: &Row) -> String {
    let names = ["done", "running", "interrupted", "failed"];
    let parts: Vec<String> = names
        .into_iter()
        .filter_map(|name| {
            let n = row.runs().iter().filter(|run| run.summary.status.name() == name).count();
            (n > 0).then(|| format!("{n} {name}"))
        })
        .collect();
    parts.join(", ")
}

/// `12 288 (1.5 %)`: beside the weights.
fn activation_parameters(activation: usize, weights: usize) -> String {
    if activation == 0 {
        return "0".into();
    }
    let share = 100.0 * activation as f64 / weights as f64;
    if share.is_finite() {
        format!("{} ({} %)", count(activation), format::short(share))
    } else {
        count(activation)
    }
}
