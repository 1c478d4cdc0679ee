//! Numbers of a table as its cells show them.

use apl_train::{
    run::Interval,
    table::{Evidence, Paper},
};

use crate::{
    format::number,
    results::Measured,
    statistics::{FEWEST, Statistics, decimals},
};

/// `12.60 against 12.56 (0.26†): higher by 0.04, the paper's mean inside our 95 % interval`.
pub(super) fn beside(paper: Paper, measured: &Measured) -> Option<String> {
    let statistics = measured.statistics()?;
    let difference = statistics.mean - paper.mean;
    let word = if difference < 0.0 { "lower" } else { "higher" };
    let interval = statistics.interval().filter(|_| statistics.n >= FEWEST);
    let inside = interval.map(|half| difference.abs() <= half);
    let inside = match inside {
        Some(true) => ", the paper's mean inside our 95 % interval",
        Some(false) => ", the paper's mean outside our 95 % interval",
        None => "",
    };
    let digits = digits(paper.mean);
    let (mean, size) = (number(statistics.mean, digits), number(difference.abs(), digits));
    Some(format!("{mean} against {}: {word} by {size}{inside}", paper_cell(paper)))
}

/// `12.56 (0.26†)`, `11.86 (0.04)†`, `12.61†`: what is marked was remembered.
pub(super) fn paper_cell(paper: Paper) -> String {
    let written = |value| number(value, digits(value));
    let mean = written(paper.mean);
    match (paper.std.map(written), paper.evidence) {
        (Some(std), Evidence::Confirmed) => format!("{mean} ({std}†)"),
        (Some(std), Evidence::Remembered) => format!("{mean} ({std})†"),
        (None, Evidence::Confirmed) => mean,
        (None, Evidence::Remembered) => format!("{mean}†"),
    }
}

/// Digits behind the point with which a number of the paper was written: two or more.
pub(super) fn digits(written: f64) -> usize {
    let text = written.to_string();
    text.split_once('.').map_or(0, |(_, digits)| digits.len()).max(2)
}

/// `22.64 (0.31), n = 5`; `0.8034, ensemble of 5`.
pub(super) fn measured_cell(measured: &Measured) -> String {
    let Some(statistics) = measured.statistics() else { return "–".into() };
    if let Some(members) = measured.ensemble {
        let mean = number(statistics.mean, ensemble_digits(measured, statistics.mean));
        return format!("{mean}, ensemble of {members}");
    }
    let digits = decimals(measured.unit(), &[&statistics]);
    let Statistics { n, mean, deviation } = statistics;
    let spread = deviation.map_or_else(String::new, |d| format!(" ({})", number(d, digits)));
    format!("{}{spread}, n = {n}", number(mean, digits))
}

/// Digits that an ensemble's interval bears.
fn ensemble_digits(measured: &Measured, mean: f64) -> usize {
    let deviation = measured.interval.map(|interval| interval.deviation);
    decimals(measured.unit(), &[&Statistics { n: 1, mean, deviation }])
}

/// `22.3 to 23.0`; none where so few seeds say nothing of their spread.
pub(super) fn interval_cell(measured: &Measured) -> String {
    if let (Some(Interval { low, high, .. }), Some(_)) = (measured.interval, measured.ensemble) {
        let digits = ensemble_digits(measured, low);
        return format!("{} to {}‡", number(low, digits), number(high, digits));
    }
    let Some(statistics) = measured.statistics().filter(|s| s.n >= FEWEST) else {
        return "–".into();
    };
    let digits = decimals(measured.unit(), &[&statistics]);
    statistics.interval().map_or_else(
        || "–".into(),
        |half| {
            let (low, high) = (statistics.mean - half, statistics.mean + half);
            format!("{} to {}", number(low, digits), number(high, digits))
        },
    )
}
