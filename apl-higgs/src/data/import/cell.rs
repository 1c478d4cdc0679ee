//! One value of a source, and what it means as a feature, a label or a weight.

/// A value as a source has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    /// A field of text.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// No value.
    Empty,
    /// Bytes that are no text.
    Garbage,
}

/// What stands there and what should.
pub(super) type Wrong = (String, String);

/// The most characters of a text that a message shows.
const SHOWN: usize = 40;

/// What a label may be, in words.
const LABELS: &str = "0 or 1, s or b, signal or background";

impl Cell<'_> {
    /// The value as a feature: finite, or NaN where it is missing. `missing` is the number that stands for that, if there is one.
    pub(super) fn feature(self, missing: Option<f32>) -> Result<f32, Wrong> {
        match self.number() {
            Some(value) => {
                let value = value as f32;
                if missing == Some(value) {
                    Ok(f32::NAN)
                } else if value.is_finite() {
                    Ok(value)
                } else if value.is_nan() && missing.is_some_and(f32::is_nan) {
                    Ok(f32::NAN)
                } else {
                    Err(self.wrong("a number"))
                }
            }
            None if self.is_empty() && missing.is_some() => Ok(f32::NAN),
            None => Err(self.wrong("a number")),
        }
    }

    /// The value as a weight: finite.
    pub(super) fn weight(self) -> Result<f32, Wrong> {
        match self.number().map(|value| value as f32) {
            Some(value) if value.is_finite() => Ok(value),
            _ => Err(self.wrong("a number")),
        }
    }

    /// The value as a label: 1 for signal, 0 for background.
    pub(super) fn label(self) -> Result<u8, Wrong> {
        if let Some(value) = self.number() {
            if value == 0.0 {
                return Ok(0);
            }
            if value == 1.0 {
                return Ok(1);
            }
        } else if let Cell::Text(text) = self {
            let text = text.trim_ascii();
            for (label, names) in [["b", "background"], ["s", "signal"]].iter().enumerate() {
                if names.iter().any(|name| name.eq_ignore_ascii_case(text)) {
                    return Ok(label as u8);
                }
            }
        }
        Err(self.wrong(LABELS))
    }

    /// The value as a number: what `f64` can read of a text.
    fn number(self) -> Option<f64> {
        match self {
            Cell::Number(value) => Some(value),
            Cell::Text(text) => text.trim_ascii().parse().ok(),
            Cell::Empty | Cell::Garbage => None,
        }
    }

    fn is_empty(self) -> bool {
        match self {
            Cell::Text(text) => text.trim_ascii().is_empty(),
            cell => cell == Cell::Empty,
        }
    }

    fn wrong(self, expected: &str) -> Wrong {
        let found = match self {
            Cell::Text(text) => quoted(text),
            Cell::Number(value) => value.to_string(),
            Cell::Empty => "no value".into(),
            Cell::Garbage => "bytes that are no text".into(),
        };
        (found, expected.into())
    }
}

/// A text for a message, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
