//! The task's own curves, by their own axis names.

use apl_train::run::curves::{Axis, Curve, Series};

use super::{ANY, Figure, Key, look};
use crate::{
    format,
    svg::{Anchor, Frame, Panel, Range, text},
};

const WIDTH: f64 = 380.0;
const LEFT: f64 = 48.0;
const TOP: f64 = 28.0;
const HEIGHT: f64 = 230.0;

/// A drawing of a run.
pub fn task(name: &str, curve: &Curve) -> Figure {
    let series: Vec<(&Series, String)> = curve
        .series
        .iter()
        .enumerate()
        .map(|(i, s)| (s, format!("{} bar", look(false, i))))
        .collect();
    let all = |pick: fn(&Series) -> &Vec<f64>| {
        let values = curve.series.iter().flat_map(pick).copied();
        Range::of(values).unwrap_or(Range::new(0.0, 1.0))
    };
    let (x, y) = (all(|series| &series.x), all(|series| &series.y));
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 10.0, HEIGHT, x, y.padded(0.02));
    let mut body = text("name", LEFT, 15.0, Anchor::Start, &format::cut(&axis(&curve.y), 52));
    body.push_str(&frame.y_axis());
    body.push_str(&frame.x_axis(&format::cut(&axis(&curve.x), 40)));
    let lines = series.iter().map(|(series, look)| {
        frame.line(look, series.x.iter().copied().zip(series.y.iter().copied()))
    });
    body.push_str(&frame.clipped(&lines.collect::<String>()));
    let names: Vec<String> = curve.series.iter().map(|series| series.name.clone()).collect();
    let title = format!(
        "{}: {} against {}, {}",
        curve.title,
        axis(&curve.y),
        axis(&curve.x),
        format::list(&names)
    );
    Figure {
        name: name.into(),
        title: curve.title.clone(),
        caption: String::new(),
        panels: vec![Panel { width: WIDTH, height: TOP + HEIGHT + 24.0, title, body }],
        columns: ANY,
        legend: series.iter().map(|(series, look)| Key::line(look.clone(), &series.name)).collect(),
    }
}

fn axis(axis: &Axis) -> String {
    let Axis { name, unit } = axis;
    if unit.is_empty() { name.clone() } else { format!("{name}, {unit}") }
}
