//! Mean and deviation over a layer's units along x, before and after.

use apl_train::run::activations::{LayerActivations, Spread};

use super::{ANY, Figure, Key, units::reach};
use crate::{
    format,
    svg::{Anchor, Frame, Panel, Range, text},
};

const WIDTH: f64 = 250.0;
const LEFT: f64 = 36.0;
const TOP: f64 = 26.0;
const HEIGHT: f64 = 150.0;

/// One panel a layer that records its spread; `None` where none does.
pub fn spread(name: &str, layers: &[&LayerActivations]) -> Option<Figure> {
    let panels: Vec<Panel> = layers.iter().filter_map(|layer| panel(layer)).collect();
    if panels.is_empty() {
        return None;
    }
    let mut legend = vec![
        Key::line("before", "mean, initial"),
        Key::area("before-band", "± deviation, initial"),
    ];
    if layers.iter().any(|layer| layer.after.is_some()) {
        legend.push(Key::line("after", "mean, learned"));
        legend.push(Key::area("after-band", "± deviation, learned"));
    }
    Some(Figure {
        name: name.into(),
        title: "How units of a layer differ".into(),
        caption: "Mean of h(x) over all units of the layer, and one standard deviation to either side. The paper speaks of variance without a formula; this is the reading used here.".into(),
        panels,
        columns: ANY,
        legend,
    })
}

/// Three lines over places, all of one length.
struct Lines {
    x: Vec<f64>,
    low: Vec<f64>,
    mean: Vec<f64>,
    high: Vec<f64>,
}

impl Lines {
    /// `None` where the record is empty or of unequal lengths.
    fn of(spread: &Spread) -> Option<Self> {
        let Spread { x, mean, deviation } = spread;
        if x.is_empty() || x.len() != mean.len() || x.len() != deviation.len() {
            return None;
        }
        let edge = |sign: f64| mean.iter().zip(deviation).map(|(m, d)| m + sign * d).collect();
        Some(Self { x: x.clone(), low: edge(-1.0), mean: mean.clone(), high: edge(1.0) })
    }

    /// The edges of the band at places in a range.
    fn heights(&self, range: Range) -> impl Iterator<Item = f64> + '_ {
        let edges = self.x.iter().zip(self.low.iter().zip(&self.high));
        edges
            .filter(move |(x, _)| range.low <= **x && **x <= range.high)
            .flat_map(|(_, (low, high))| [*low, *high])
    }
}

fn panel(layer: &LayerActivations) -> Option<Panel> {
    let of = |spread: &Option<Spread>| spread.as_ref().and_then(Lines::of);
    let before = of(&layer.before.spread);
    let after = layer.after.as_ref().and_then(|after| of(&after.spread));
    let all = || before.iter().chain(&after);
    let x = reach(layer);
    let y = Range::of(all().flat_map(|lines| lines.heights(x)))?;
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 8.0, HEIGHT, x, y.padded(0.04));
    let name = &layer.about.name;
    let mut body = text("head", LEFT, 14.0, Anchor::Start, &format::cut(name, 36));
    body.push_str(&frame.y_axis());
    body.push_str(&frame.zero_x());
    body.push_str(&frame.x_axis("x"));
    let mut drawn = String::new();
    for (lines, when) in [(&before, "before"), (&after, "after")] {
        let Some(Lines { x, low, mean, high }) = lines else { continue };
        drawn.push_str(&frame.band(&format!("{when}-band"), x, low, high));
        drawn.push_str(&frame.line(when, x.iter().copied().zip(mean.iter().copied())));
    }
    body.push_str(&frame.clipped(&drawn));
    let widest = |lines: &Option<Lines>| {
        lines.as_ref().map(|lines| {
            let widths = lines.high.iter().zip(&lines.mean).map(|(high, mean)| high - mean);
            format::short(widths.filter(|width| width.is_finite()).fold(0.0, f64::max))
        })
    };
    let words = [(widest(&before), "initially"), (widest(&after), "as learned")];
    let words: Vec<String> = words
        .into_iter()
        .filter_map(|(widest, when)| Some(format!("at most {} {when}", widest?)))
        .collect();
    let title = format!("{name}: deviation of h(x) over units {}", words.join(", "));
    Some(Panel { width: WIDTH, height: TOP + HEIGHT + 22.0, title, body })
}
