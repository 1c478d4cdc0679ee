//! A small SVG writer: panels with axes, lines by their points, bars and bands; colours only by class.

mod axis;
mod frame;
mod path;

pub use axis::{Range, Scale, ticks};
pub use frame::Frame;
pub use path::path_data;

/// Text made safe for SVG and HTML.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML has no place for control characters, not even escaped.
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// A coordinate in pixels to a tenth, as short as can be.
pub fn px(value: f64) -> String {
    let tenths = (value * 10.0).round().clamp(-1e6, 1e6) as i64;
    match (tenths / 10, (tenths % 10).abs()) {
        (whole, 0) => whole.to_string(),
        (0, tenth) if tenths < 0 => format!("-.{tenth}"),
        (0, tenth) => format!(".{tenth}"),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// A line of text that starts, centres or ends at a place.
pub fn text(class: &str, x: f64, y: f64, anchor: Anchor, content: &str) -> String {
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let (x, y, content) = (px(x), px(y), escape(content));
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{content}</text>")
}

/// Which part of a text is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A straight line.
pub fn segment(class: &str, from: (f64, f64), to: (f64, f64)) -> String {
    let (a, b, c, d) = (px(from.0), px(from.1), px(to.0), px(to.1));
    format!("<path class=\"{class}\" d=\"M{a} {b}L{c} {d}\"/>")
}

/// A picture of its own on the page, and a part of a figure's file.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// What it shows, for people who do not see it.
    pub title: String,
    /// Its elements.
    pub body: String,
}

impl Panel {
    /// The panel as an element of an HTML page.
    pub fn inline(&self) -> String {
        let Self { width, height, title, body } = self;
        let (width, height, title) = (px(*width), px(*height), escape(title));
        format!(
            "<svg class=\"panel\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>{body}</svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([0.04, -0.31, 0.5, 12.0, -3.25].map(px), ["0", "-.3", ".5", "12", "-3.3"]);
        assert_eq!(px(f64::NAN), "0");
    }

    #[test]
    fn text_is_text() {
        assert_eq!(escape("<script>&\"'\u{1}"), "&lt;script&gt;&amp;&quot;&#39;\u{fffd}");
    }
}
