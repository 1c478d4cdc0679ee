//! What a layer puts out on test data, before and after training.

use apl_train::run::activations::{Histogram, LayerActivations};

use super::{ANY, Figure, Key};
use crate::{
    format,
    svg::{Anchor, Frame, Panel, Range, text},
};

const WIDTH: f64 = 250.0;
const LEFT: f64 = 12.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 110.0;

/// One panel a layer; `None` where no layer has any outputs.
pub fn outputs(name: &str, layers: &[&LayerActivations]) -> Option<Figure> {
    let panels: Vec<Panel> = layers.iter().filter_map(|layer| panel(layer)).collect();
    if panels.is_empty() {
        return None;
    }
    let mut legend = vec![Key::area("before-fill", "initial")];
    if layers.iter().any(|layer| layer.after.is_some()) {
        legend.push(Key::area("after-fill", "learned"));
    }
    Some(Figure {
        name: name.into(),
        title: "Outputs of each layer on test data".into(),
        caption: "Histograms of the outputs of all units on a sample of test examples, between their 0.1 % and 99.9 % quantiles, each by its density; a peak higher than twice the rest is cut off at the frame.".into(),
        panels,
        columns: ANY,
        legend,
    })
}

/// Densities over equal bins.
struct Density<'a> {
    of: &'a Histogram,
    heights: Vec<f64>,
}

impl<'a> Density<'a> {
    fn of(of: &'a Histogram) -> Option<Self> {
        let Histogram { low, high, below, above, counts, .. } = of;
        let total = below + above + counts.iter().sum::<f64>();
        let step = (high - low) / counts.len().max(1) as f64;
        let whole = total > 0.0 && total.is_finite() && step > 0.0 && step.is_finite();
        whole.then(|| Self { of, heights: counts.iter().map(|n| n / total / step).collect() })
    }

    /// The highest bin, unless it towers above all others, as the zeros of a ReLU do.
    fn top(&self) -> f64 {
        let mut sorted = self.heights.clone();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        match sorted[..] {
            [] => 0.0,
            [only] => only,
            [first, second, ..] if second > 0.0 => first.min(2.0 * second),
            [first, ..] => first,
        }
    }
}

fn panel(layer: &LayerActivations) -> Option<Panel> {
    let before = Density::of(&layer.before.outputs);
    let after = layer.after.as_ref().and_then(|after| Density::of(&after.outputs));
    let all = || before.iter().chain(&after);
    let x = Range::of(all().flat_map(|d| [d.of.low, d.of.high]))?;
    let top = all().map(Density::top).fold(0.0, f64::max);
    let y = Range::new(0.0, 1.04 * top);
    let frame = Frame::new(LEFT, TOP, WIDTH - 2.0 * LEFT, HEIGHT, x, y);
    let name = &layer.about.name;
    let mut body = text("head", LEFT, 14.0, Anchor::Start, &format::cut(name, 38));
    let moments = |density: &Density<'_>| {
        let Histogram { mean, deviation, .. } = density.of;
        format!("{} ± {}", format::short(*mean), format::short(*deviation))
    };
    let said = match (&before, &after) {
        (Some(before), Some(after)) => format!("{} → {}", moments(before), moments(after)),
        (Some(one), None) | (None, Some(one)) => moments(one),
        (None, None) => return None,
    };
    body.push_str(&text("sub", LEFT, 29.0, Anchor::Start, &said));
    let mut drawn = String::new();
    for (density, class) in [(&before, "before-fill"), (&after, "after-fill")] {
        let Some(Density { of, heights }) = density else { continue };
        drawn.push_str(&frame.bars(class, of.low, of.high, heights));
    }
    if let (Some(Density { of, heights }), Some(_)) = (&before, &after) {
        // The earlier outline stays visible on the later bars.
        drawn.push_str(&frame.steps("before-edge", of.low, of.high, heights));
    }
    body.push_str(&frame.clipped(&drawn));
    body.push_str(&frame.zero_x());
    body.push_str(&frame.x_axis("h(x)"));
    let title = format!("{name}: outputs, mean ± deviation {said}");
    Some(Panel { width: WIDTH, height: TOP + HEIGHT + 22.0, title, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_has_the_area_of_what_is_in_its_bins() {
        let histogram = Histogram {
            low: -1.0,
            high: 1.0,
            below: 5.0,
            above: 5.0,
            mean: 0.0,
            deviation: 1.0,
            counts: vec![10.0, 60.0, 10.0, 10.0],
        };
        let density = Density::of(&histogram).unwrap();
        assert!((density.heights.iter().sum::<f64>() * 0.5 - 0.9).abs() < 1e-12);
        assert!((density.top() - 2.0 * 10.0 / 100.0 / 0.5).abs() < 1e-12);
        assert!(Density::of(&Histogram::of(&[])).is_none());
    }
}
