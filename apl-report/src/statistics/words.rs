//! Numbers and comparisons in words a reader can trust: whatever stands behind ± is named, and no digits are shown that the seeds do not bear.

use crate::{
    format::{self, number},
    statistics::{Statistics, Untested},
};

/// The most decimals anything is shown with.
const MOST: usize = 8;

/// Two rows beside each other: `11.4 against 12.6 (std 0.3 and 0.2, n = 5): lower by 1.2, p = 0.004`.
///
/// `p` is the adjusted value, or why there is none; that it is adjusted is said once, by [`Family::note`](super::Family::note). Whether
/// lower is better is the reader's to know; where the means are equal there is only the word `equal`. What is too small for the decimals shown is `less
/// than` one of the last.
///
/// The larger deviation decides on the decimals: it has two significant digits where it begins with 1 or 2, else one, which changes it by a sixth at
/// most; scores in % have at least one decimal. Without any deviation the decimals are the tables'.
///
/// ```
/// use apl_report::statistics::{Statistics, Untested, sentence};
/// let one = Statistics { n: 2, mean: 12.56, deviation: Some(0.26) };
/// let other = Statistics { n: 1, mean: 11.4, deviation: None };
/// assert_eq!(
///     sentence(&one, &other, "%", Err(Untested::Few)),
///     "12.56 against 11.40 (std 0.26 and none, n = 2 and 1): higher by 1.16, not tested (n below 3)"
/// );
/// ```
pub fn sentence(
    one: &Statistics,
    other: &Statistics,
    unit: &str,
    p: Result<f64, Untested>,
) -> String {
    let digits = decimals(unit, &[one, other]);
    let mean = |side: &Statistics| number(side.mean, digits);
    let deviation = |side: &Statistics| match side.deviation {
        Some(deviation) => visible(deviation, digits),
        None => "none".into(),
    };
    let std = match (one.deviation, other.deviation) {
        (None, None) => String::new(),
        _ => format!("std {} and {}, ", deviation(one), deviation(other)),
    };
    let n = if one.n == other.n { one.n.to_string() } else { format!("{} and {}", one.n, other.n) };
    let start = format!("{} against {} ({std}n = {n})", mean(one), mean(other));
    if one.mean == other.mean {
        return format!("{start}: equal");
    }
    let word = if one.mean < other.mean { "lower" } else { "higher" };
    let size = visible((one.mean - other.mean).abs(), digits);
    let test = match p {
        Ok(p) => p_value(p),
        Err(reason) => format!("not tested ({reason})"),
    };
    format!("{start}: {word} by {size}, {test}")
}

/// `p = 0.004`, and `p < 0.001` below that.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".into() } else { format!("p = {}", number(p, 3)) }
}

/// A size of 0 or more, `less than` the last decimal's unit where rounding would make it 0.
fn visible(size: f64, digits: usize) -> String {
    let least = 10f64.powi(-(digits as i32));
    if size > 0.0 && size < 0.5 * least {
        format!("less than {}", number(least, digits))
    } else {
        number(size, digits)
    }
}

/// Decimals that the larger deviation bears.
pub(crate) fn decimals(unit: &str, sides: &[&Statistics]) -> usize {
    let spread = sides.iter().filter_map(|side| side.deviation).fold(0.0, f64::max);
    if !(spread > 0.0 && spread.is_finite()) {
        let size = sides.iter().map(|side| side.mean.abs()).fold(0.0, f64::max);
        return format::decimals(unit, size);
    }
    // As it reads with two digits, so that 0.299… begins with 3.
    let text = format!("{spread:.1e}");
    let place: f64 = text.split_once('e').and_then(|(_, place)| place.parse().ok()).unwrap_or(0.0);
    let significant: f64 = if text.starts_with(['1', '2']) { 2.0 } else { 1.0 };
    let fewest = if unit == "%" { 1.0 } else { 0.0 };
    (significant - 1.0 - place).clamp(fewest, MOST as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(n: usize, mean: f64, deviation: f64) -> Statistics {
        Statistics { n, mean, deviation: Some(deviation) }
    }

    fn percent(one: Statistics, other: Statistics, p: Result<f64, Untested>) -> String {
        sentence(&one, &other, "%", p)
    }

    #[test]
    fn comparisons_read_well() {
        let (apl, relu) = (side(5, 11.4, 0.3), side(5, 12.6, 0.2));
        let expected = "11.4 against 12.6 (std 0.3 and 0.2, n = 5): lower by 1.2, p = 0.004";
        assert_eq!(percent(apl, relu, Ok(0.0041)), expected);
        assert_eq!(
            percent(relu, side(4, 11.4, 0.3), Ok(0.00099)),
            "12.6 against 11.4 (std 0.2 and 0.3, n = 5 and 4): higher by 1.2, p < 0.001"
        );
        assert_eq!(
            percent(side(2, 11.4, 0.3), side(2, 12.6, 0.2), Err(Untested::Few)),
            "11.4 against 12.6 (std 0.3 and 0.2, n = 2): lower by 1.2, not tested (n below 3)"
        );
        assert_eq!(
            percent(side(5, 11.4, 0.3), side(5, 11.4, 0.2), Ok(1.0)),
            "11.4 against 11.4 (std 0.3 and 0.2, n = 5): equal"
        );
    }

    #[test]
    fn sides_without_spread_are_said_to_be_so() {
        let one = Statistics { n: 1, mean: 11.4, deviation: None };
        let other = Statistics { n: 1, mean: 12.6, deviation: None };
        assert_eq!(
            percent(one, other, Err(Untested::Few)),
            "11.40 against 12.60 (n = 1): lower by 1.20, not tested (n below 3)"
        );
        assert_eq!(
            percent(side(3, 11.4, 0.0), side(3, 12.6, 0.0), Err(Untested::NoSpread)),
            "11.40 against 12.60 (std 0.00 and 0.00, n = 3): lower by 1.20, not tested (no spread)"
        );
        assert_eq!(
            percent(side(3, 11.4, 0.0), side(3, 11.4, 0.0), Err(Untested::Identical)),
            "11.40 against 11.40 (std 0.00 and 0.00, n = 3): equal"
        );
    }

    #[test]
    fn the_spread_decides_on_the_decimals() {
        let of = |unit, deviation| {
            let digits = decimals(unit, &[&side(5, 10.0, deviation)]);
            number(deviation, digits)
        };
        let cases = [0.09, 0.26, 0.296, 0.34, 0.97, 1.24, 3.4, 12.3, 0.0123, 0.0031];
        let percent = ["0.09", "0.26", "0.3", "0.3", "1.0", "1.2", "3.4", "12.3", "0.012", "0.003"];
        assert_eq!(cases.map(|deviation| of("%", deviation)), percent);
        assert_eq!([3.4, 12.3, 400.0, 0.00123].map(|d| of("", d)), ["3", "12", "400", "0.0012"]);
        assert_eq!((of("", 1e-300), of("", f64::NAN)), ("0.00000000".into(), "–".into()));
    }

    #[test]
    fn nothing_that_is_there_reads_as_zero() {
        assert_eq!(
            percent(side(5, 11.41, 0.3), side(5, 11.44, 0.01), Ok(0.7)),
            "11.4 against 11.4 (std 0.3 and less than 0.1, n = 5): lower by less than 0.1, p = 0.700"
        );
        let tiny = side(3, 0.5, 1e-12);
        assert_eq!(
            sentence(&tiny, &side(3, 0.25, 0.0), "", Ok(0.0)),
            "0.50000000 against 0.25000000 (std less than 0.00000001 and 0.00000000, n = 3): higher by 0.25000000, p < 0.001"
        );
        let nothing = side(3, f64::NAN, f64::NAN);
        assert_eq!(
            sentence(&nothing, &nothing, "", Err(Untested::Range)),
            "– against – (std – and –, n = 3): higher by –, not tested (numbers out of range)"
        );
    }
}
