//! Loss and score against epochs: the mean of the seeds in a band from the lowest to the highest.

use std::collections::BTreeMap;

use apl_train::run::{Measure, Status, metrics::Evaluation};

use super::{Figure, Key, palette::band};
use crate::{
    format,
    load::Run,
    row::Row,
    svg::{Anchor, Frame, Panel, Range, text},
};

const WIDTH: f64 = 330.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 28.0;
const HEIGHT: f64 = 170.0;
const BOTTOM: f64 = 24.0;

/// Rows up to which bands do not hide each other.
const BANDS: usize = 8;

/// Which number of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Loss,
    Score,
}

impl Quantity {
    fn of(self, line: &Evaluation) -> Option<f64> {
        match self {
            Quantity::Loss => Some(line.loss),
            Quantity::Score => line.score,
        }
    }
}

/// The course of a run, or of a mean.
#[derive(Debug, Clone, Default)]
struct Course {
    /// Whether the run is done.
    done: bool,
    /// Step, epoch, value.
    points: Vec<(u64, f64, f64)>,
}

/// The learning curves of rows that can be compared, each with its look; `None` where nothing was evaluated.
pub fn learning(name: &str, title: String, rows: &[(&Row, String)]) -> Option<Figure> {
    let measure = rows.iter().find_map(|(row, _)| row.measure());
    let mut panels = Vec::new();
    let (mut cut, mut columns) = (false, 1);
    for quantity in [Quantity::Loss, Quantity::Score] {
        let splits =
            ["train", "validation", "test"].map(|split| (split, courses(rows, quantity, split)));
        let all = || splits.iter().flat_map(|(_, runs)| runs).flatten();
        let Some((y, outside)) =
            limits(all().flat_map(|run| run.points.iter().map(|point| point.2)))
        else {
            continue;
        };
        cut |= outside;
        let shown = |(_, runs): &&(&str, Vec<Vec<Course>>)| runs.iter().flatten().next().is_some();
        columns = columns.max(splits.iter().filter(shown).count());
        let x = Range::of(all().flat_map(|run| run.points.iter().map(|point| point.1)));
        let x = x.unwrap_or(Range::new(0.0, 1.0));
        for (split, runs) in &splits {
            if runs.iter().flatten().next().is_some() {
                panels.push(panel(&heading(quantity, split, measure), rows, runs, x, y));
            }
        }
    }
    if panels.is_empty() {
        return None;
    }
    let mut caption = String::from(
        "Line: the mean of the seeds that are done, or the only seed; band, for up to eight rows: from the lowest of them to the highest; thin: seeds that are not done. Training values are means over the steps since the evaluation before, with dropout and augmentation; the others cover their whole split without.",
    );
    if cut {
        caption.push_str(" The highest values are outside the frame.");
    }
    let legend = rows.iter().map(|(row, look)| Key::line(format!("{look} bold"), &row.label));
    Some(Figure { name: name.into(), title, caption, panels, columns, legend: legend.collect() })
}

fn heading(quantity: Quantity, split: &str, measure: Option<&Measure>) -> String {
    match (quantity, measure) {
        (Quantity::Loss, _) => format!("{split} loss"),
        (Quantity::Score, None) => format!("{split} score"),
        (Quantity::Score, Some(Measure { name, unit, .. })) if unit.is_empty() => {
            format!("{split} {name}")
        }
        (Quantity::Score, Some(Measure { name, unit, .. })) => format!("{split} {name}, {unit}"),
    }
}

/// Row by row, run by run.
fn courses(rows: &[(&Row, String)], quantity: Quantity, split: &str) -> Vec<Vec<Course>> {
    let course = |run: &Run| -> Course {
        let lines = run.metrics.iter().filter(|line| line.split == split);
        let points = lines
            .filter_map(|line| Some((line.step, line.epoch, quantity.of(line)?)))
            .filter(|(_, epoch, value)| epoch.is_finite() && value.is_finite());
        Course { done: run.summary.status == Status::Done, points: points.collect() }
    };
    rows.iter()
        .map(|(row, _)| {
            row.runs().iter().map(course).filter(|course| !course.points.is_empty()).collect()
        })
        .collect()
}

/// From the least to the greatest value, or to what most stay below where a few are far higher; and whether any is.
fn limits(values: impl Iterator<Item = f64>) -> Option<(Range, bool)> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let (&low, &high) = values.first().zip(values.last())?;
    let usual = values[(values.len() - 1) * 19 / 20];
    let most = usual + 2.0 * (usual - low);
    let outside = high > most && usual > low;
    let high = if outside { most } else { high };
    Some((Range::new(low, high).padded(0.04), outside))
}

fn panel(
    heading: &str,
    rows: &[(&Row, String)],
    runs: &[Vec<Course>],
    x: Range,
    y: Range,
) -> Panel {
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 8.0, HEIGHT, x, y);
    let mut body = text("head", LEFT, 15.0, Anchor::Start, heading);
    body.push_str(&frame.y_axis());
    body.push_str(&frame.x_axis("epochs"));
    let (mut bands, mut thin, mut bold) = (String::new(), String::new(), String::new());
    let mut words = Vec::new();
    for ((row, look), runs) in rows.iter().zip(runs) {
        let seeds = row.runs().len();
        let ends = if rows.len() <= BANDS { ends(runs) } else { Ends::default() };
        bands.push_str(&frame.band(&band(look), &ends.epochs, &ends.low, &ends.high));
        for run in runs.iter().filter(|run| seeds > 1 && !run.done) {
            thin.push_str(&frame.line(&format!("{look} thin"), points(run)));
        }
        let middle = mean(row, runs);
        bold.push_str(&frame.line(&format!("{look} bold"), points(&middle)));
        let drawn = std::iter::once(&middle).chain(runs);
        if let Some((_, epoch, value)) = drawn.into_iter().find_map(|run| run.points.last()) {
            let (value, epoch) = (format::short(*value), format::short(*epoch));
            words.push(format!("{} {value} after {epoch} epochs", row.label));
        }
    }
    body.push_str(&frame.clipped(&format!("{bands}{thin}{bold}")));
    let title = format!("{heading}: {}", words.join("; "));
    Panel { width: WIDTH, height: TOP + HEIGHT + BOTTOM, title, body }
}

fn points(course: &Course) -> impl Iterator<Item = (f64, f64)> + '_ {
    course.points.iter().map(|&(_, epoch, value)| (epoch, value))
}

/// The mean of the runs that are done at the steps that all of them have; of a row of one run, that run.
fn mean(row: &Row, runs: &[Course]) -> Course {
    if let ([_], [only]) = (row.runs(), runs) {
        return only.clone();
    }
    let points = together(runs).into_iter().map(|(step, (epoch, values))| {
        (step, epoch, values.iter().sum::<f64>() / values.len() as f64)
    });
    Course { done: true, points: points.collect() }
}

/// The lowest and the highest of several runs.
#[derive(Debug, Default)]
struct Ends {
    epochs: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
}

/// Of the runs that are done, at the steps that all of them have; nothing where there are not two.
fn ends(runs: &[Course]) -> Ends {
    let mut ends = Ends::default();
    for (epoch, values) in together(runs).into_values().filter(|(_, values)| values.len() > 1) {
        ends.epochs.push(epoch);
        ends.low.push(values.iter().copied().fold(f64::INFINITY, f64::min));
        ends.high.push(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
    ends
}

/// Epoch and values of the runs that are done, at the steps that all of them have.
fn together(runs: &[Course]) -> BTreeMap<u64, (f64, Vec<f64>)> {
    let whole: Vec<&Course> = runs.iter().filter(|run| run.done).collect();
    let mut steps: BTreeMap<u64, (f64, Vec<f64>)> = BTreeMap::new();
    for &(step, epoch, value) in whole.iter().flat_map(|run| &run.points) {
        steps.entry(step).or_insert((epoch, Vec::new())).1.push(value);
    }
    steps.retain(|_, (_, values)| values.len() == whole.len());
    steps
}
