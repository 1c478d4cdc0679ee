//! Parameters spent on the activation, beside the weights and beside what maxout and network in network would spend to the same effect.

use apl_train::run::activations::{Activations, LayerActivations};

use super::{ANY, Figure};
use crate::{
    format::{self, count},
    row::Row,
    svg::{Anchor, Frame, Panel, Range, segment, text},
};

const WIDTH: f64 = 460.0;
const LEFT: f64 = 112.0;
const TOP: f64 = 28.0;
const LINE: f64 = 24.0;

/// The parameters of a network with an activation of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    weights: usize,
    /// `2 S M`, or as many of them as there are.
    activation: usize,
    /// What maxout would add.
    maxout: usize,
    /// What network in network would add.
    nin: usize,
}

/// A panel for each of the networks, by the names of rows; those of one cost once. `None` where there is none.
pub fn cost(name: &str, networks: Vec<(&str, Cost)>) -> Option<Figure> {
    let mut seen: Vec<Cost> = Vec::new();
    let mut panels = Vec::new();
    for (label, cost) in networks {
        if !seen.contains(&cost) {
            panels.push(panel(label, &cost));
            seen.push(cost);
        }
    }
    (!panels.is_empty()).then(|| Figure {
        name: name.into(),
        title: "What the activation costs".into(),
        caption: "Parameters, on a logarithmic scale. A maxout unit of S + 3 linear pieces, those of a convex and of a concave part, can be any unit of S hinges: it takes S + 2 times the weights more, counted here over all layers. Network in network can have one such shape a channel by two layers of 1 × 1 filters, C to (S + 1) C to C; it cannot have one at every position. Both counts are our reading of section 2.1 of the paper.".into(),
        panels,
        columns: ANY,
        legend: Vec::new(),
    })
}

impl Cost {
    /// Of a row's network; `None` where its activation has no parameters.
    pub fn of(row: &Row, activations: &Activations) -> Option<Self> {
        let parameters = &row.shown().summary.parameters;
        let hinges = row.shown().summary.activation.hinges;
        let channels = |layer: &LayerActivations| layer.about.unit.first().copied().unwrap_or(1);
        let nin = activations.layers.iter().filter(|layer| layer.about.hinges > 0).map(|layer| {
            let (c, s) = (channels(layer), layer.about.hinges);
            2 * (s + 1) * c * c + (s + 2) * c
        });
        let cost = Self {
            weights: parameters.weights,
            activation: parameters.activation,
            maxout: (hinges + 2) * parameters.weights,
            nin: nin.sum(),
        };
        (hinges > 0 && cost.activation > 0 && cost.weights > 0).then_some(cost)
    }
}

fn panel(label: &str, cost: &Cost) -> Panel {
    let bars = [
        ("weights", cost.weights, "c0"),
        ("APL", cost.activation, "c1"),
        ("maxout", cost.maxout, "c2"),
        ("NIN, a channel", cost.nin, "c3"),
    ];
    let logarithm = |value: usize| (value.max(1) as f64).log10();
    let ends = bars.map(|(_, value, _)| logarithm(value));
    let low = ends.iter().copied().fold(f64::INFINITY, f64::min).floor() - 1.0;
    let high = ends.iter().copied().fold(0.0, f64::max).ceil();
    let height = LINE * bars.len() as f64;
    let x = Range::new(low.max(0.0), high.max(low + 1.0));
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 90.0, height, x, Range::new(0.0, 1.0));
    let mut body = text("head", 4.0, 15.0, Anchor::Start, &format::cut(label, 66));
    body.push_str(&frame.decades());
    for (i, (name, value, look)) in bars.into_iter().enumerate() {
        let y = TOP + LINE * (i as f64 + 0.5);
        body.push_str(&text("sub", LEFT - 8.0, y + 4.0, Anchor::End, name));
        let end = frame.x.at(logarithm(value));
        body.push_str(&segment(&format!("{look} beam"), (frame.x.from, y), (end, y)));
        body.push_str(&text("sub", end + 8.0, y + 4.0, Anchor::Start, &count(value)));
    }
    let words = bars.map(|(name, value, _)| format!("{name} {value}"));
    let title = format!("{label}, parameters: {}", words.join(", "));
    Panel { width: WIDTH, height: TOP + height + 24.0, title, body }
}
