//! How units change while they learn.

use apl_core::activation::piecewise::Unit;
use apl_train::run::{LayerSnapshots, Snapshots, activations::LayerActivations};

use super::{
    ANY, Figure, Key,
    units::{heights, reach},
};
use crate::{
    format, sample, shape,
    svg::{Anchor, Frame, Panel, Range, text},
};

const WIDTH: f64 = 250.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 140.0;

/// Units of a layer that are drawn.
const SHOWN: usize = 2;
/// Moments that are drawn, from the first to the last.
const MOMENTS: usize = 6;

/// A few units of every layer at steps that grow by powers of two; `None` where nothing was taken.
pub fn course(name: &str, layers: &[&LayerActivations], snapshots: &Snapshots) -> Option<Figure> {
    let moments = moments(snapshots.steps.len());
    let mut panels = Vec::new();
    for layer in layers {
        let known = snapshots.layers.iter().find(|known| known.layer == layer.about.name);
        let Some(known) = known.filter(|known| !known.units.is_empty()) else { continue };
        for at in sample::units(known.units.len(), SHOWN) {
            panels.extend(panel(layer, known, at, &moments));
        }
    }
    if panels.is_empty() {
        return None;
    }
    let legend = moments.iter().enumerate().map(|(i, &moment)| {
        let step = usize::try_from(snapshots.steps[moment]).unwrap_or(usize::MAX);
        Key::line(look(i, moments.len()), format!("after {} steps", format::count(step)))
    });
    Some(Figure {
        name: name.into(),
        title: "How units change while they learn".into(),
        caption: format!("{SHOWN} of the units that are followed in each layer, {}.", sample::RULE),
        panels,
        columns: ANY,
        legend: legend.collect(),
    })
}

/// Which moments are drawn: the first, the last and even steps between.
fn moments(count: usize) -> Vec<usize> {
    let drawn = count.min(MOMENTS);
    let place = |i: usize| i * (count - 1) / (drawn - 1).max(1);
    (0..drawn).map(place).collect()
}

/// From light to dark: moment `i` of `count`, the last as strong as can be.
fn look(i: usize, count: usize) -> String {
    format!("t{}", (MOMENTS - count) + i)
}

fn panel(
    layer: &LayerActivations,
    known: &LayerSnapshots,
    at: usize,
    moments: &[usize],
) -> Option<Panel> {
    let units: Vec<Option<Unit>> = moments.iter().map(|&moment| unit(known, moment, at)).collect();
    let x = reach(layer);
    let y = heights(units.iter().flatten(), x);
    let position = *known.units.get(at)? as usize;
    let shape = layer.before.units.as_ref().map_or(&[][..], |units| &units.shape);
    let layer_name = &layer.about.name;
    let unit_name = sample::name_in(&layer.about, shape, position);
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 8.0, HEIGHT, x, y);
    let mut body = text("head", LEFT, 14.0, Anchor::Start, &format::cut(layer_name, 34));
    body.push_str(&text("sub", LEFT, 29.0, Anchor::Start, &format::cut(&unit_name, 40)));
    body.push_str(&frame.y_axis());
    body.push_str(&frame.zero_x());
    body.push_str(&frame.x_axis("x"));
    let lines = units.iter().enumerate().filter_map(|(i, unit)| {
        let unit = unit.as_ref()?;
        Some(frame.line(&look(i, moments.len()), shape::line(unit, x.low, x.high)))
    });
    body.push_str(&frame.clipped(&lines.collect::<String>()));
    Some(Panel {
        width: WIDTH,
        height: TOP + HEIGHT + 22.0,
        title: describe(&format!("{layer_name}, {unit_name}"), &units, x),
        body,
    })
}

/// How far the unit moved, in words.
fn describe(name: &str, units: &[Option<Unit>], x: Range) -> String {
    let [Some(first), .., Some(last)] = units else { return name.into() };
    let places = (0..=20).map(|i| x.low + x.width() * f64::from(i) / 20.0);
    let moved = places.map(|x| (last.value(x) - first.value(x)).abs()).fold(0.0, f64::max);
    format!("{name}: moved by at most {}", format::short(moved))
}

/// A unit at a moment; `None` where a parameter is missing or not finite.
fn unit(known: &LayerSnapshots, moment: usize, at: usize) -> Option<Unit> {
    let (hinges, units) = (known.hinges, known.units.len());
    let pick = |values: &[f32]| -> Option<Vec<f64>> {
        let place = |s: usize| (moment * hinges + s) * units + at;
        (0..hinges).map(|s| values.get(place(s)).map(|&v| f64::from(v))).collect()
    };
    Unit::new(&pick(&known.slopes)?, &pick(&known.offsets)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_moment_are_drawn() {
        assert_eq!(moments(1), [0]);
        assert_eq!(moments(2), [0, 1]);
        assert_eq!(moments(13), [0, 2, 4, 7, 9, 12]);
        assert_eq!([look(0, 1), look(0, 6), look(5, 6)], ["t5", "t0", "t5"]);
    }

    #[test]
    fn parameters_are_hinge_major_within_a_moment() {
        let known = LayerSnapshots {
            layer: "act1".into(),
            hinges: 2,
            units: vec![3, 9],
            slopes: (0..8).map(|v| v as f32).collect(),
            offsets: vec![0.5; 8],
        };
        assert_eq!(unit(&known, 1, 0).unwrap().slopes(), [4.0, 6.0]);
        assert_eq!(unit(&known, 0, 1).unwrap().slopes(), [1.0, 3.0]);
        assert!(unit(&known, 2, 0).is_none());
    }
}
