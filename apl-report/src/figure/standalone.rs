//! A figure as a file: heading, panels in columns and legend on a light ground.

use super::{Figure, Key, palette};
use crate::svg::{Anchor, Panel, px, text};

const MARGIN: f64 = 14.0;
const GAP: f64 = 14.0;
/// The width that panels are set in, if one of them is not wider.
const WIDTH: f64 = 1060.0;

impl Figure {
    /// The whole figure as an SVG document.
    pub fn document(&self) -> String {
        document(&self.whole(), 1.0)
    }

    /// The whole figure as one panel.
    pub(super) fn whole(&self) -> Panel {
        let widest = self.panel_width();
        let columns = ((WIDTH + GAP) / (widest + GAP)).floor().max(1.0) as usize;
        let columns = columns.min(self.columns).min(self.panels.len()).max(1);
        let inner = (columns as f64 * (widest + GAP) - GAP).max(self.least_width());
        let mut top = MARGIN;
        let mut body = String::new();
        if !self.title.is_empty() {
            body.push_str(&text("head", MARGIN, top + 12.0, Anchor::Start, &self.title));
            top += 26.0;
        }
        let legend = self.legend_lines(inner, &mut top);
        body.push_str(&legend);
        for line in self.panels.chunks(columns) {
            let height = line.iter().fold(0.0, |height: f64, panel| height.max(panel.height));
            for (i, panel) in line.iter().enumerate() {
                let left = MARGIN + i as f64 * (widest + GAP);
                body.push_str(&placed(panel, left, top));
            }
            top += height + GAP;
        }
        let (width, height) = (inner + 2.0 * MARGIN, top - GAP + MARGIN);
        Panel { width, height, title: self.described(), body }
    }

    /// Room for the heading and for every entry of the legend, up to the usual width.
    fn least_width(&self) -> f64 {
        let legend = self.legend.iter().map(entry_width).fold(0.0, f64::max);
        let heading = self.title.chars().count() as f64 * 7.2;
        legend.max(heading).min(WIDTH)
    }

    fn described(&self) -> String {
        let parts: Vec<&str> = [self.title.as_str(), self.caption.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(". ")
    }

    /// Entries side by side as far as they fit, by an estimate of the width of their text.
    fn legend_lines(&self, inner: f64, top: &mut f64) -> String {
        let (mut out, mut left) = (String::new(), 0.0);
        for key in &self.legend {
            let width = entry_width(key);
            if left > 0.0 && left + width > inner {
                *top += 18.0;
                left = 0.0;
            }
            let (x, y) = (MARGIN + left, *top);
            out.push_str(&format!(
                "<g transform=\"translate({} {})\">{}</g>",
                px(x),
                px(y),
                key.swatch()
            ));
            out.push_str(&text("sub", x + 32.0, y + 9.5, Anchor::Start, &key.label));
            left += width;
        }
        *top += if self.legend.is_empty() { 0.0 } else { 26.0 };
        out
    }
}

fn entry_width(key: &Key) -> f64 {
    32.0 + key.label.chars().count() as f64 * 6.1 + 14.0
}

fn placed(panel: &Panel, left: f64, top: f64) -> String {
    format!("<g transform=\"translate({} {})\">{}</g>", px(left), px(top), panel.body)
}

/// A panel as an SVG document, enlarged.
pub(super) fn document(panel: &Panel, scale: f64) -> String {
    let Panel { width, height, title, body } = panel;
    let (w, h) = (px(*width), px(*height));
    let (outer_width, outer_height) = (px(width * scale), px(height * scale));
    let (style, title) = (palette::plain(), crate::svg::escape(title));
    let ground = format!("<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{outer_width}\" height=\"{outer_height}\" viewBox=\"0 0 {w} {h}\" role=\"img\"><title>{title}</title><style>{style}</style>{ground}{body}</svg>\n"
    )
}
