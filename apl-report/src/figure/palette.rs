//! Colours and line styles: one style sheet, with CSS variables on the page and with plain light colours in files.
//!
//! The series' colours are those of Okabe and Ito, which people with any colour vision can tell apart, made darker on white and lighter on black where
//! their contrast is too low.

/// Name, in light, in dark.
const COLOURS: [(&str, &str, &str); 24] = [
    ("paper", "#ffffff", "#14181d"),
    ("ink", "#1c2127", "#e6e9ed"),
    ("soft", "#566069", "#a3adb8"),
    ("rule", "#dfe3e8", "#2b323a"),
    ("zero", "#aab3bd", "#535e69"),
    ("axis", "#7b8691", "#7b8691"),
    ("after", "#0067a5", "#5ab4f0"),
    ("before", "#6b747d", "#a3adb8"),
    ("after-fill", "#86b7dc", "#2f6f9f"),
    ("before-fill", "#d3d8de", "#4a535d"),
    ("c0", "#3d454e", "#c6cdd5"),
    ("c1", "#0067a5", "#5ab4f0"),
    ("c2", "#c24e00", "#ff8f4d"),
    ("c3", "#00795a", "#2fc79c"),
    ("c4", "#a8467f", "#e79ac6"),
    ("c5", "#a87900", "#f0c04a"),
    ("c6", "#4a56b8", "#9aa6ff"),
    ("t0", "#b9c0c7", "#4a535d"),
    ("t1", "#9ab4cd", "#47677f"),
    ("t2", "#6fa3cf", "#45809f"),
    ("t3", "#3f8cc7", "#4798c4"),
    ("t4", "#1a73b0", "#58b4e4"),
    ("t5", "#004c80", "#a6dcff"),
    ("link", "#0059a8", "#6cbcf5"),
];

const FIGURE: &str = include_str!("../templates/figure.css");

/// The style of files: [`FIGURE`] in light colours, written out, since many programs that read SVG know no CSS variables.
pub fn plain() -> String {
    let mut style = FIGURE.to_string();
    for (name, light, _) in COLOURS {
        style = style.replace(&format!("var(--{name})"), light);
    }
    style
}

/// The style of figures on a page, with the colours of light and dark.
pub fn css() -> String {
    let list = |pick: fn(&(&str, &str, &str)) -> String| -> String {
        COLOURS.iter().map(|c| format!("--{}:{};", c.0, pick(c))).collect()
    };
    let (light, dark) = (list(|c| c.1.into()), list(|c| c.2.into()));
    format!(
        ":root{{color-scheme:light dark;{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{FIGURE}"
    )
}

/// Classes that tell a row from others: ReLU grey, the others by colour, then by dashes.
pub fn look(relu: bool, number: usize) -> String {
    const SERIES: usize = 6;
    let dash = match number / if relu { 1 } else { SERIES } % 3 {
        0 => "",
        1 => " d1",
        _ => " d2",
    };
    let colour = if relu { 0 } else { number % SERIES + 1 };
    format!("c{colour}{dash}")
}

/// The class of the area that belongs to a line of this look.
pub fn band(look: &str) -> String {
    look.split(' ').next().unwrap_or_default().replacen('c', "b", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_no_variables_left() {
        assert!(!plain().contains("var("));
    }

    #[test]
    fn a_band_has_the_colour_of_its_line() {
        assert_eq!([band(&look(false, 2)), band(&look(true, 1))], ["b3", "b0"]);
    }

    #[test]
    fn eighteen_rows_look_different() {
        let looks: std::collections::BTreeSet<String> = (0..18).map(|i| look(false, i)).collect();
        assert_eq!(looks.len(), 18);
        assert_eq!((look(true, 0), look(true, 1)), ("c0".into(), "c0 d1".into()));
    }
}
