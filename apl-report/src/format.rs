//! Numbers and times as text.

/// A number with so many decimals and a real minus sign; a dash where it is not finite.
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let text = format!("{value:.decimals$}");
    let zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if zero { text.replace('-', "") } else { text.replace('-', "−") }
}

/// The same with its sign, whatever it is.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    if value > 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        format!("+{text}")
    } else {
        text
    }
}

/// A number to about three significant digits.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e6).contains(&size) && size.is_finite() {
        return format!("{value:.2e}").replace('-', "−");
    }
    number(
        value,
        if size >= 100.0 {
            0
        } else if size >= 10.0 {
            1
        } else {
            2
        },
    )
}

/// Decimals that show differences of scores of this size: two for percentages, four digits in all below 1.
pub fn decimals(unit: &str, value: f64) -> usize {
    match value.abs() {
        _ if unit == "%" => 2,
        size if size >= 10.0 => 2,
        size if size >= 1.0 => 3,
        _ => 4,
    }
}

/// A count with thin spaces between thousands.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `42 s`, `12 min`, `3.4 h`, `2.1 d`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s < 0.0 => "–".into(),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6000.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// `1`, `1 and 2`, `1, 2 and 3`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A text as a part of a file's name and of an anchor: lower-case letters and digits with dashes between; never empty, never long.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            plain.push(c.to_ascii_lowercase());
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    plain.truncate(80);
    let plain = plain.trim_end_matches('-');
    if plain.is_empty() { "x".into() } else { plain.into() }
}

/// The beginning of a text that is too long, with an ellipsis.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.into();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(-1.5, 1), "−1.5");
        assert_eq!(number(f64::NAN, 2), "–");
        assert_eq!((signed(0.25, 2), signed(0.001, 2)), ("+0.25".into(), "0.00".into()));
        assert_eq!(
            (short(1234.0), short(0.5), short(-1e-9)),
            ("1234".into(), "0.50".into(), "−1.00e−9".into())
        );
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(7), "7");
    }

    #[test]
    fn times_and_texts_read_well() {
        let times = [3.21, 75.0, 600.0, 7200.0, 400_000.0, f64::NAN].map(duration);
        assert_eq!(times, ["3.2 s", "75 s", "10 min", "2.0 h", "4.6 d", "–"]);
        assert_eq!(list(&["1".into(), "2".into(), "3".into()]), "1, 2 and 3");
        assert_eq!(cut("straße", 4), "str…");
        assert_eq!(plain("quick-CNN,activation.hinges=5"), "quick-cnn-activation-hinges-5");
        assert_eq!((plain("<é>"), plain("")), ("x".into(), "x".into()));
    }
}
