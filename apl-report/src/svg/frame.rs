//! The part of a panel in which numbers are drawn.

use super::{Anchor, Range, Scale, path_data, px, segment, text, ticks};

/// A rectangle with a horizontal and a vertical scale. What is drawn in it is cut at its edges.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Horizontal.
    pub x: Scale,
    /// Vertical.
    pub y: Scale,
}

impl Frame {
    /// A frame at a place of a panel, in pixels from its top left corner.
    pub fn new(left: f64, top: f64, width: f64, height: f64, x: Range, y: Range) -> Self {
        Self {
            x: Scale { range: x, from: left, to: left + width },
            y: Scale { range: y, from: top + height, to: top },
        }
    }

    fn width(&self) -> f64 {
        self.x.to - self.x.from
    }

    fn height(&self) -> f64 {
        self.y.from - self.y.to
    }

    /// Horizontal grid lines with labels left of them, and a stronger line at 0.
    pub fn y_axis(&self) -> String {
        let most = (self.height() / 27.0).clamp(2.0, 6.0) as usize;
        let mut out = String::new();
        for (place, label) in ticks(self.y.range, most) {
            let y = self.y.at(place);
            let class = if place == 0.0 { "zero" } else { "grid" };
            out.push_str(&segment(class, (self.x.from, y), (self.x.to, y)));
            out.push_str(&text("tick", self.x.from - 5.0, y + 3.5, Anchor::End, &label));
        }
        out
    }

    /// A line along the bottom with ticks and labels beneath it, and what the axis shows at its right end.
    pub fn x_axis(&self, name: &str) -> String {
        let most = (self.width() / 38.0).clamp(2.0, 10.0) as usize;
        let bottom = self.y.from;
        let mut out = segment("axis", (self.x.from, bottom), (self.x.to, bottom));
        // The name takes the place of labels that it would touch.
        let reserved = if name.is_empty() { 0.0 } else { name.chars().count() as f64 * 6.0 + 12.0 };
        for (place, label) in ticks(self.x.range, most) {
            let x = self.x.at(place);
            out.push_str(&segment("axis", (x, bottom), (x, bottom + 4.0)));
            let half = label.chars().count() as f64 * 3.2;
            if x + half <= self.x.to + 6.0 - reserved {
                out.push_str(&text("tick", x, bottom + 15.0, Anchor::Middle, &label));
            }
        }
        if !name.is_empty() {
            out.push_str(&text("name", self.x.to, bottom + 15.0, Anchor::End, name));
        }
        out
    }

    /// A line along the bottom with powers of ten, and grid lines above it; `x` counts decades.
    pub fn decades(&self) -> String {
        let (bottom, top) = (self.y.from, self.y.to);
        let mut out = segment("axis", (self.x.from, bottom), (self.x.to, bottom));
        let Range { low, high } = self.x.range;
        for decade in low.ceil() as i32..=high.floor() as i32 {
            let x = self.x.at(f64::from(decade));
            out.push_str(&segment("grid", (x, bottom), (x, top)));
            let label = match decade {
                0 => "1".into(),
                1 => "10".into(),
                2 => "100".into(),
                3 => "1\u{202f}000".into(),
                decade => format!("1e{decade}"),
            };
            out.push_str(&text("tick", x, bottom + 15.0, Anchor::Middle, &label));
        }
        out
    }

    /// A line along the bottom with names at 0, 1, 2 and so on, and what they are at its right end.
    pub fn categories(&self, name: &str, names: &[String]) -> String {
        let bottom = self.y.from;
        let mut out = segment("axis", (self.x.from, bottom), (self.x.to, bottom));
        for (place, label) in names.iter().enumerate() {
            let x = self.x.at(place as f64);
            out.push_str(&segment("axis", (x, bottom), (x, bottom + 4.0)));
            out.push_str(&text("tick", x, bottom + 15.0, Anchor::Middle, label));
        }
        out.push_str(&text("name", self.x.to, bottom + 15.0, Anchor::End, name));
        out
    }

    /// The vertical line at 0, if 0 is in the frame.
    pub fn zero_x(&self) -> String {
        let Range { low, high } = self.x.range;
        if !(low < 0.0 && 0.0 < high) {
            return String::new();
        }
        let x = self.x.at(0.0);
        segment("zero", (x, self.y.from), (x, self.y.to))
    }

    /// Elements that end at the frame's edges.
    pub fn clipped(&self, body: &str) -> String {
        if body.is_empty() {
            return String::new();
        }
        // An inner <svg> cuts off what is outside it and, unlike a clip path, needs no name that is unique on the page.
        let (x, y, w, h) = (px(self.x.from), px(self.y.to), px(self.width()), px(self.height()));
        format!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\">{body}</svg>"
        )
    }

    /// A line through points.
    pub fn line(&self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let data = path_data(points.into_iter().map(|(x, y)| (self.x.at(x), self.y.at(y))));
        if data.is_empty() { data } else { element(class, &data) }
    }

    /// The area between two lines over common places.
    pub fn band(&self, class: &str, x: &[f64], low: &[f64], high: &[f64]) -> String {
        let upper = x.iter().zip(high).map(|(&x, &y)| (x, y));
        let lower = x.iter().zip(low).map(|(&x, &y)| (x, y)).rev();
        let points: Vec<(f64, f64)> = upper.chain(lower).collect();
        let data = path_data(points.into_iter().map(|(x, y)| (self.x.at(x), self.y.at(y))));
        if data.is_empty() { data } else { element(class, &format!("{data}z")) }
    }

    /// Steps along the tops of bars.
    pub fn steps(&self, class: &str, low: f64, high: f64, heights: &[f64]) -> String {
        let data = path_data(self.outline(low, high, heights));
        if data.is_empty() { data } else { element(class, &data) }
    }

    /// Bars from the bottom between equal steps of x.
    pub fn bars(&self, class: &str, low: f64, high: f64, heights: &[f64]) -> String {
        let data = path_data(self.outline(low, high, heights));
        if data.is_empty() { data } else { element(class, &format!("{data}z")) }
    }

    /// From the bottom, over the bars, to the bottom, in pixels.
    fn outline(&self, low: f64, high: f64, heights: &[f64]) -> Vec<(f64, f64)> {
        let step = (high - low) / heights.len().max(1) as f64;
        let edge = |i: usize| self.x.at(low + step * i as f64);
        let bottom = self.y.from;
        let tops = heights.iter().enumerate().flat_map(|(i, &height)| {
            let y = self.y.at(height);
            [(edge(i), y), (edge(i + 1), y)]
        });
        let first = [(edge(0), bottom)].into_iter();
        first.chain(tops).chain([(edge(heights.len()), bottom)]).collect()
    }
}

fn element(class: &str, data: &str) -> String {
    if class.is_empty() {
        format!("<path d=\"{data}\"/>")
    } else {
        format!("<path class=\"{class}\" d=\"{data}\"/>")
    }
}
