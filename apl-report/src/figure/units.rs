//! Learned shapes over their initial selves, with the pre-activations they see beneath (the paper's figures 2 and 3).

use apl_core::activation::piecewise::Unit;
use apl_train::run::activations::{Histogram, LayerActivations};

use super::{ANY, Figure, Key, change::change};
use crate::{
    format, sample, shape,
    svg::{Anchor, Frame, Panel, Range, text},
};

/// The most units of a layer that are shown beside each other.
pub const SHOWN: usize = 8;

/// How large a unit is drawn, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    width: f64,
    curve: f64,
    bars: f64,
}

/// One of many.
const SMALL: Size = Size { width: 250.0, curve: 122.0, bars: 34.0 };
/// Alone.
pub(super) const LARGE: Size = Size { width: 440.0, curve: 220.0, bars: 60.0 };

const LEFT: f64 = 36.0;
const TOP: f64 = 24.0;
/// More of it where a line stands below the head.
const SUB: f64 = 15.0;
const BOTTOM: f64 = 22.0;

/// A unit before and after.
pub(super) struct Shown {
    name: String,
    before: Option<Unit>,
    after: Option<Unit>,
}

impl Shown {
    pub(super) fn of(layer: &LayerActivations, index: usize) -> Self {
        let about = &layer.about;
        let units = layer.before.units.as_ref();
        let shape = units.map_or(&[][..], |units| &units.shape);
        let position = units.map_or(index, |units| units.position(index));
        Self {
            name: sample::name_in(about, shape, position),
            before: shape::of(about, &layer.before, index),
            after: layer.after.as_ref().and_then(|after| shape::of(about, after, index)),
        }
    }

    fn shapes(&self) -> impl Iterator<Item = &Unit> {
        self.before.iter().chain(&self.after)
    }
}

/// How many shapes of a layer are at hand.
pub(super) fn count(layer: &LayerActivations) -> usize {
    layer.before.units.as_ref().map_or(1, |units| units.count())
}

/// How many shapes a layer has.
pub(super) fn total(layer: &LayerActivations) -> usize {
    layer.before.units.as_ref().map_or(1, |units| units.total())
}

/// Pre-activations left out at either end, where they thin out far from every hinge.
const TAIL: f64 = 0.025;

/// Where a layer's units are drawn: over the middle of its pre-activations before and after, with 0.
pub fn reach(layer: &LayerActivations) -> Range {
    let before = middle(&layer.before.inputs);
    let range = layer.after.as_ref().map_or(before, |after| middle(&after.inputs).union(before));
    // The kink at 0 belongs to every unit, unless it is so far away that the rest would shrink to a line.
    let with_zero = range.union(Range { low: range.low.min(0.0), high: range.high.max(0.0) });
    let range = if with_zero.width() < 3.0 * range.width() { with_zero } else { range };
    range.padded(0.05)
}

/// From one quantile to the other, to a bin.
fn middle(histogram: &Histogram) -> Range {
    let Histogram { low, high, below, above, counts, .. } = histogram;
    let tail = TAIL * (below + above + counts.iter().sum::<f64>());
    let step = (high - low) / counts.len().max(1) as f64;
    // Bins from one end whose values, with those beyond it, are fewer than the tail.
    let beyond = |outside: f64, counts: &mut dyn Iterator<Item = &f64>| {
        let sums = counts.scan(outside, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        sums.take_while(|sum| *sum < tail).count() as f64
    };
    let from = low + step * beyond(*below, &mut counts.iter());
    let to = high - step * beyond(*above, &mut counts.iter().rev());
    if from < to { Range::new(from, to) } else { Range::new(*low, *high) }
}

/// Heights of the given units within a reach; a single wild one is cut off rather than flattening the others.
pub(super) fn heights<'a>(units: impl Iterator<Item = &'a Unit>, x: Range) -> Range {
    let ranges = units
        .filter_map(|unit| Range::of(shape::line(unit, x.low, x.high).into_iter().map(|(_, y)| y)));
    let (mut lows, mut highs): (Vec<f64>, Vec<f64>) =
        ranges.map(|range| (range.low, range.high)).unzip();
    lows.sort_unstable_by(f64::total_cmp);
    highs.sort_unstable_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (lows.first(), highs.last()) else {
        return Range::new(0.0, 1.0);
    };
    let (middle_low, middle_high) = (lows[lows.len() / 2], highs[highs.len() / 2]);
    let most = 3.0 * (middle_high - middle_low);
    Range::new(low.max(middle_low - most), high.min(middle_high + most)).padded(0.06)
}

/// The units of a layer that the rule picks, up to `most`, in one figure on one scale.
pub fn units(name: &str, layer: &LayerActivations, most: usize) -> Figure {
    let about = &layer.about;
    let count = count(layer);
    let indices = sample::units(count, most);
    let shown: Vec<Shown> = indices.iter().map(|&index| Shown::of(layer, index)).collect();
    let x = reach(layer);
    let y = heights(shown.iter().flat_map(Shown::shapes), x);
    // All have one scene: the first draws it, the others point to it. It is an <svg>, since what is pointed to gets its style by what it holds alone.
    let scene = Scene::of(layer, 1, [x, y], SMALL);
    let panels = shown.iter().enumerate().map(|(i, unit)| {
        let drawn = match i {
            0 => format!("<svg id=\"scene-{name}\">{}</svg>", scene.drawn),
            _ => format!("<use href=\"#scene-{name}\"/>"),
        };
        scene.panel(layer, unit, [&unit.name, ""], &drawn)
    });
    let panels = panels.collect();
    let shape = layer.before.units.as_ref().map_or(&[][..], |units| &units.shape);
    let total = total(layer);
    let mut title = format!("{}: {} units", about.name, format::count(total));
    if shape.len() > 1 {
        title.push_str(&format!(" ({})", sample::size(shape)));
    }
    title.push_str(&format!(", S = {}", about.hinges));
    let shown = shown.len();
    let mut caption = match shown == total {
        true => format!("All {total} units."),
        false => format!("{shown} of {} units, {}.", format::count(total), sample::RULE),
    };
    if layer.after.is_none() {
        caption.push_str(" Not trained to the end: there is no learned shape yet.");
    }
    Figure { name: name.into(), title, caption, panels, columns: 4, legend: legend(layer) }
}

/// Layers of which each has one shape: ReLU, leaky ReLU, a shape shared by the layer.
pub fn fixed(name: &str, layers: &[&LayerActivations]) -> Figure {
    let panels = layers.iter().map(|layer| alone(layer, 0, SMALL)).collect();
    let learned = layers.iter().any(|layer| layer.about.hinges > 0);
    Figure {
        name: name.into(),
        title: if learned { "One shape a layer" } else { "Fixed shapes" }.into(),
        caption: String::new(),
        panels,
        columns: ANY,
        legend: layers.first().map(|layer| legend(layer)).unwrap_or_default(),
    }
}

/// One unit of every layer, by the same rule as everywhere; without a name.
pub fn glance(title: String, seed: u32, layers: &[LayerActivations]) -> Figure {
    let panels = layers.iter().map(glanced).collect();
    Figure {
        name: String::new(),
        title,
        caption: format!(
            "One unit of every layer, seed {seed}, picked by its position and not by its looks: solid as learned, dashed as it started, over the pre-activations its layer sees. In percent: how far training moved the layer's units, as the mean of |h − initial h| over units and pre-activations beside the mean of |h|. More units are under the row's own heading."
        ),
        panels,
        columns: ANY,
        legend: layers.first().map(legend).unwrap_or_default(),
    }
}

/// The unit that stands for a layer, under how far the layer moved.
fn glanced(layer: &LayerActivations) -> Panel {
    let unit = Shown::of(layer, sample::first(count(layer)));
    let x = reach(layer);
    let y = heights(unit.shapes(), x);
    let name = &layer.about.name;
    let head = match change(layer) {
        Some(share) => format!("{name}, moved by {} %", format::short(100.0 * share)),
        None => name.clone(),
    };
    panel(layer, &unit, [&head, &unit.name], [x, y], SMALL)
}

/// A unit on scales of its own, headed by its layer.
pub(super) fn alone(layer: &LayerActivations, index: usize, size: Size) -> Panel {
    let unit = Shown::of(layer, index);
    let x = reach(layer);
    let y = heights(unit.shapes(), x);
    let about = &layer.about;
    let what = if about.hinges == 0 { &about.kind } else { &unit.name };
    panel(layer, &unit, [&about.name, what], [x, y], size)
}

pub(super) fn legend(layer: &LayerActivations) -> Vec<Key> {
    let mut keys = Vec::new();
    let fixed = layer.about.hinges == 0;
    if layer.after.is_some() {
        keys.push(Key::line("after", if fixed { "h(x)" } else { "h(x), learned" }));
    }
    if !fixed || layer.after.is_none() {
        keys.push(Key::line("before", "h(x), initial"));
    }
    keys.push(Key::area("before-fill before-edge", "pre-activations before training"));
    if layer.after.is_some() {
        keys.push(Key::area("after-fill", "after"));
    }
    keys
}

/// Where a unit is drawn: its place in a panel, the axes, and what its layer sees beneath.
struct Scene {
    frame: Frame,
    /// The axes and the histograms, in SVG.
    drawn: String,
    height: f64,
}

impl Scene {
    /// For a layer, with room for some lines of head.
    fn of(layer: &LayerActivations, lines: usize, [x, y]: [Range; 2], size: Size) -> Self {
        let Size { width, curve, bars } = size;
        let width = width - LEFT - 8.0;
        let top = TOP + SUB * lines.saturating_sub(1) as f64;
        let frame = Frame::new(LEFT, top, width, curve, x, y);
        let mut drawn = frame.y_axis();
        drawn.push_str(&frame.zero_x());
        let height = top + curve + 5.0 + bars + BOTTOM;
        let beneath = Range { low: 0.0, high: 1.0 };
        let bars = Frame::new(LEFT, top + curve + 5.0, width, bars, x, beneath);
        let mut histograms = histogram(&bars, "before-fill", &layer.before.inputs);
        if let Some(after) = &layer.after {
            // The earlier outline stays visible on the later bars.
            histograms.push_str(&histogram(&bars, "after-fill", &after.inputs));
            histograms.push_str(&histogram(&bars, "before-edge", &layer.before.inputs));
        }
        drawn.push_str(&bars.clipped(&histograms));
        drawn.push_str(&bars.x_axis("x"));
        Self { frame, drawn, height }
    }

    /// A unit on the scene, which is drawn or, where another panel has drawn it, pointed to.
    fn panel(
        &self,
        layer: &LayerActivations,
        unit: &Shown,
        heads: [&str; 2],
        drawn: &str,
    ) -> Panel {
        let [head, sub] = heads;
        let frame = &self.frame;
        let (left, right) = (frame.x.from, frame.x.to);
        let mut body = text("head", left, 14.0, Anchor::Start, &format::cut(head, 34));
        if !sub.is_empty() {
            body.push_str(&text("sub", left, 14.0 + SUB, Anchor::Start, &format::cut(sub, 40)));
        }
        body.push_str(drawn);
        let x = frame.x.range;
        let line = |class: &str, shape: &Option<Unit>| {
            let points = shape.as_ref().map(|unit| shape::line(unit, x.low, x.high));
            points.map_or_else(String::new, |points| frame.line(class, points))
        };
        // A fixed shape is the same before and after.
        let before = if layer.about.hinges > 0 || unit.after.is_none() {
            line("before", &unit.before)
        } else {
            String::new()
        };
        let curves = format!("{before}{}", line("after", &unit.after));
        if curves.is_empty() {
            let middle = ((left + right) / 2.0, (frame.y.from + frame.y.to) / 2.0);
            body.push_str(&text("sub", middle.0, middle.1, Anchor::Middle, "not finite"));
        }
        body.push_str(&frame.clipped(&curves));
        Panel { width: right + 8.0, height: self.height, title: describe(layer, unit), body }
    }
}

/// A unit with a scene of its own.
fn panel(
    layer: &LayerActivations,
    unit: &Shown,
    heads: [&str; 2],
    scales: [Range; 2],
    size: Size,
) -> Panel {
    let lines = if heads[1].is_empty() { 1 } else { 2 };
    let scene = Scene::of(layer, lines, scales, size);
    scene.panel(layer, unit, heads, &scene.drawn)
}

/// Scaled to its peak; nothing where it is empty.
fn histogram(frame: &Frame, class: &str, histogram: &Histogram) -> String {
    let finite = histogram.counts.iter().copied().filter(|count| count.is_finite());
    let peak = finite.fold(0.0, f64::max);
    let whole = histogram.low.is_finite() && histogram.high.is_finite();
    if peak <= 0.0 || !whole || histogram.high <= histogram.low {
        return String::new();
    }
    let heights: Vec<f64> = histogram.counts.iter().map(|count| count / peak).collect();
    let draw = if class.ends_with("edge") { Frame::steps } else { Frame::bars };
    draw(frame, class, histogram.low, histogram.high, &heights)
}

/// In words, for people who do not see the picture.
fn describe(layer: &LayerActivations, unit: &Shown) -> String {
    let about = &layer.about;
    let left = |unit: &Unit| format::number(unit.left().slope, 2);
    if about.hinges == 0 {
        let slope = format::short(about.negative_slope.unwrap_or(0.0));
        return format!("{}: {}, slope {slope} below 0 and 1 above", about.name, about.kind);
    }
    let mut words = format!("{}, {}", about.name, unit.name);
    match (&unit.before, &unit.after) {
        (Some(before), Some(after)) => words.push_str(&format!(
            ": slope {} far left, {} at the start; {}",
            left(after),
            left(before),
            if after.is_convex() { "convex" } else { "not convex" },
        )),
        (Some(before), None) => words.push_str(&format!(": slope {} far left", left(before))),
        _ => words.push_str(": parameters that are not finite"),
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(low: f64, high: f64, counts: Vec<f64>) -> Histogram {
        let (below, above, mean, deviation) = (1.0, 1.0, 0.0, 1.0);
        Histogram { low, high, below, above, mean, deviation, counts }
    }

    #[test]
    fn the_middle_leaves_out_thin_tails() {
        let mut counts = vec![0.0; 10];
        counts[4] = 50.0;
        counts[5] = 50.0;
        counts[0] = 1.0;
        assert_eq!(middle(&histogram(-10.0, 10.0, counts)), Range { low: -2.0, high: 2.0 });
        let empty = histogram(-10.0, 10.0, vec![0.0; 10]);
        assert_eq!(middle(&empty), Range { low: -10.0, high: 10.0 });
        assert_eq!(middle(&histogram(-1.0, 1.0, Vec::new())), Range { low: -1.0, high: 1.0 });
        let nothing = middle(&histogram(f64::NAN, 1.0, vec![f64::NAN; 3]));
        assert!(nothing.width() > 0.0);
    }

    #[test]
    fn a_wild_unit_is_cut_off() {
        let unit = |slope: f64| Unit::new(&[slope], &[0.0]).unwrap();
        let units = [unit(0.1), unit(-0.1), unit(0.0), unit(1e6)];
        let y = heights(units.iter(), Range { low: -1.0, high: 1.0 });
        assert!(y.high < 10.0 && y.low > -10.0, "{y:?}");
    }
}
