//! Figures as PNG, drawn with fonts of this crate: the same bytes on every machine, with or without fonts of its own.

use std::sync::{Arc, OnceLock};

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

use crate::{Error, Result};

const FONTS: [&[u8]; 3] = [
    include_bytes!("../fonts/Roboto-Regular.ttf"),
    include_bytes!("../fonts/Roboto-Bold.ttf"),
    include_bytes!("../fonts/Roboto-Italic.ttf"),
];

/// Pixels a pixel of the SVG: figures stay sharp in print and on dense screens.
const DENSITY: f32 = 2.0;

/// Draws an SVG document.
///
/// # Errors
/// A document that is no SVG, or too large to be drawn.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let drawn = |problem: String| Error::Picture { problem };
    let options = Options { fontdb: fonts(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| drawn(error.to_string()))?;
    let size = tree.size();
    let pixels = |length: f32| (length * DENSITY).ceil() as u32;
    let (width, height) = (pixels(size.width()), pixels(size.height()));
    let mut picture = Pixmap::new(width, height)
        .ok_or_else(|| drawn(format!("{width} by {height} pixels are too many")))?;
    resvg::render(&tree, Transform::from_scale(DENSITY, DENSITY), &mut picture.as_mut());
    picture.encode_png().map_err(|error| drawn(error.to_string()))
}

fn fonts() -> Arc<Database> {
    static KNOWN: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::new();
        for font in FONTS {
            fonts.load_font_data(font.to_vec());
        }
        fonts.set_sans_serif_family("Roboto");
        Arc::new(fonts)
    };
    KNOWN.get_or_init(load).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_drawn_without_fonts_of_the_system() {
        let svg = |words: &str, style: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"30\"><style>text{{font-family:system-ui,Arial,sans-serif;{style}}}</style><rect width=\"90\" height=\"30\" fill=\"#ffffff\"/><text x=\"5\" y=\"20\">{words}</text></svg>"
            )
        };
        let picture = |words, style| png(&svg(words, style)).unwrap();
        let empty = picture("", "");
        assert!(empty.starts_with(b"\x89PNG"));
        let mut seen = vec![empty];
        for style in ["", "font-weight:600", "font-style:italic"] {
            let drawn = picture("−1.5 ± σ †", style);
            assert!(!seen.contains(&drawn), "{style}");
            assert_eq!(drawn, picture("−1.5 ± σ †", style));
            seen.push(drawn);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        for svg in
            ["", "<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1e9\" height=\"1e9\"/>"]
        {
            assert!(png(svg).is_err(), "{svg}");
        }
    }
}
