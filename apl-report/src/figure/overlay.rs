//! All units of a layer, or an even sample, on top of each other (the paper's figure 4).

use apl_core::activation::piecewise::Unit;
use apl_train::run::activations::{LayerActivations, Moment};

use super::{
    ANY, Figure,
    units::{heights, reach},
};
use crate::{
    format, sample, shape,
    svg::{Anchor, Frame, Panel, Range, text},
};

/// The most units of a layer that are drawn, as in the paper.
pub const OVERLAID: usize = 1000;

const WIDTH: f64 = 250.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 170.0;

/// Layers with units of their own, up to `most` units each as they are in the end, or as they started where that is all there is; `None` where no
/// layer has any.
pub fn overlay(name: &str, layers: &[&LayerActivations], most: usize) -> Option<Figure> {
    let panels: Vec<Panel> = layers.iter().filter_map(|layer| panel(layer, most)).collect();
    if panels.is_empty() {
        return None;
    }
    let when = if layers.iter().all(|layer| layer.after.is_some()) { "learned" } else { "initial" };
    Some(Figure {
        name: name.into(),
        title: format!("Units of each layer on top of each other, {when}"),
        caption: format!(
            "Up to {most} units a layer, {}, each a thin translucent line: dark where many agree.",
            sample::RULE
        ),
        panels,
        columns: ANY,
        legend: Vec::new(),
    })
}

fn panel(layer: &LayerActivations, most: usize) -> Option<Panel> {
    let moment: &Moment = layer.after.as_ref().unwrap_or(&layer.before);
    let (count, total) = moment.units.as_ref().map(|units| (units.count(), units.total()))?;
    let indices = sample::units(count, most);
    let units: Vec<Unit> =
        indices.iter().filter_map(|&index| shape::of(&layer.about, moment, index)).collect();
    let x = reach(layer);
    let y = heights(units.iter(), x);
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 8.0, HEIGHT, x, y);
    let name = &layer.about.name;
    let drawn = format!("{} of {} units", format::count(units.len()), format::count(total));
    let mut body = text("head", LEFT, 14.0, Anchor::Start, &format::cut(name, 36));
    body.push_str(&text("sub", LEFT, 29.0, Anchor::Start, &drawn));
    body.push_str(&frame.y_axis());
    body.push_str(&frame.zero_x());
    body.push_str(&frame.x_axis("x"));
    let lines = units.iter().map(|unit| frame.line("", shape::line(unit, x.low, x.high)));
    let class = match units.len() {
        0..100 => "pile few",
        100..500 => "pile",
        _ => "pile many",
    };
    let pile = format!("<g class=\"{class}\">{}</g>", lines.collect::<String>());
    body.push_str(&frame.clipped(&pile));
    let Range { low, high } = y;
    let title = format!(
        "{name}: {drawn} overlaid, h(x) from {} to {}",
        format::short(low),
        format::short(high)
    );
    Some(Panel { width: WIDTH, height: TOP + HEIGHT + 22.0, title, body })
}
