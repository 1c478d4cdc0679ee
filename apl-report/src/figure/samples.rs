//! What an APL unit can be with a single hinge (the paper's figure 1; the numbers are ours, since the paper's are not known).

use apl_core::activation::piecewise::Unit;

use super::{ANY, Figure, Key};
use crate::{
    format::number,
    shape,
    svg::{Anchor, Frame, Panel, Range, text},
};

const WIDTH: f64 = 250.0;
const LEFT: f64 = 30.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 150.0;

/// Slope and offset of each.
const UNITS: [(f64, f64); 4] = [(0.5, 0.5), (-0.2, 0.0), (0.4, -1.0), (-0.6, 1.0)];
const REACH: Range = Range { low: -3.0, high: 3.0 };

/// Four units of one hinge over the lines they tend to, convex and not.
pub fn samples(name: &str) -> Figure {
    let units: Vec<((f64, f64), Unit)> = UNITS
        .into_iter()
        .filter_map(|(a, b)| Some(((a, b), Unit::new(&[a], &[b]).ok()?)))
        .collect();
    let heights = units.iter().flat_map(|(_, unit)| shape::line(unit, REACH.low, REACH.high));
    let y = Range::of(heights.map(|(_, y)| y)).unwrap_or(REACH).padded(0.06);
    Figure {
        name: name.into(),
        title: "Units with one hinge".into(),
        caption: "h(x) = max(0, x) + a max(0, −x + b). Far to the right every unit is the identity; far to the left it is the line −a x + a b (dashed). The numbers are ours.".into(),
        panels: units.iter().map(|(numbers, unit)| panel(*numbers, unit, y)).collect(),
        columns: ANY,
        legend: vec![
            Key::line("after", "unit"),
            Key::line("before", "what it tends to on the left"),
        ],
    }
}

fn panel((a, b): (f64, f64), unit: &Unit, y: Range) -> Panel {
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 8.0, HEIGHT, REACH, y);
    let numbers = format!("a = {}, b = {}", number(a, 1), number(b, 1));
    let convex = if unit.is_convex() { "convex" } else { "not convex" };
    let mut body = text("head", LEFT, 14.0, Anchor::Start, &numbers);
    body.push_str(&text("sub", LEFT, 29.0, Anchor::Start, convex));
    body.push_str(&frame.y_axis());
    body.push_str(&frame.zero_x());
    body.push_str(&frame.x_axis("x"));
    let left = unit.left();
    let line = [REACH.low, REACH.high].map(|x| (x, left.slope * x - left.constant));
    let drawn =
        [frame.line("before", line), frame.line("after", shape::line(unit, REACH.low, REACH.high))];
    body.push_str(&frame.clipped(&drawn.concat()));
    let title = format!("{numbers}: {convex}, slope {} far left", number(left.slope, 1));
    Panel { width: WIDTH, height: TOP + HEIGHT + 22.0, title, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_shown() {
        let figure = samples("samples");
        let titles: Vec<&str> = figure.panels.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "a = 0.5, b = 0.5: convex, slope −0.5 far left",
                "a = −0.2, b = 0.0: convex, slope 0.2 far left",
                "a = 0.4, b = −1.0: convex, slope −0.4 far left",
                "a = −0.6, b = 1.0: not convex, slope 0.6 far left",
            ]
        );
    }
}
