//! The score against S: learned against frozen, unit against channel, beside ReLU.

use std::collections::BTreeMap;

use super::{Figure, Key, look};
use crate::{
    baseline, format,
    row::{self, Row},
    statistics::{FEWEST, Statistics},
    svg::{Anchor, Frame, Panel, Range, segment, text},
    title::titles,
};

const WIDTH: f64 = 420.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 42.0;
const HEIGHT: f64 = 230.0;

/// Rows that differ in their activation alone.
struct Group<'a> {
    title: String,
    /// ReLU's scores, where there is such a row.
    relu: Option<Statistics>,
    /// By what is shared and learned, in words.
    series: BTreeMap<String, Vec<Point>>,
    unit: &'a str,
    measure: &'a str,
    split: &'a str,
}

/// The scores of a number of hinges.
struct Point {
    hinges: usize,
    scores: Vec<f64>,
    statistics: Statistics,
}

/// One panel for each network, data and training of which at least two S were trained; `None` where there is none.
pub fn effect(name: &str, rows: &[Row]) -> Option<Figure> {
    let groups = groups(rows);
    let names: Vec<&String> = {
        let mut names: Vec<&String> = groups.iter().flat_map(|g| g.series.keys()).collect();
        names.sort();
        names.dedup();
        names
    };
    if groups.is_empty() {
        return None;
    }
    let looks: BTreeMap<&str, String> =
        names.iter().enumerate().map(|(i, name)| (name.as_str(), look(false, i))).collect();
    let panels = groups.iter().filter_map(|group| panel(group, &looks)).collect::<Vec<_>>();
    if panels.is_empty() {
        return None;
    }
    let mut legend: Vec<Key> =
        looks.iter().map(|(name, look)| Key::line(format!("{look} bold"), *name)).collect();
    if groups.iter().any(|group| group.relu.is_some()) {
        legend.push(Key::line("c0 bar", "ReLU: mean"));
        legend.push(Key::area("before-band", "ReLU: 95 % interval"));
    }
    Some(Figure {
        name: name.into(),
        title: "The effect of S, of learning and of sharing".into(),
        caption: format!(
            "Small dots: seeds; line: their means; upright bars: 95 % intervals of the means, where there are {FEWEST} seeds or more. Only rows that are the same but for their activation stand in one panel."
        ),
        panels,
        columns: super::ANY,
        legend,
    })
}

fn groups(rows: &[Row]) -> Vec<Group<'_>> {
    let key = |row: &Row| {
        let whole = row.measure().is_some() && !row.config().is_empty();
        let mut settings = baseline::settings(row.config());
        settings.retain(|key, _| !key.starts_with("activation."));
        whole.then(|| (row.comparison(), settings))
    };
    let found = row::alike(rows, key).into_iter();
    let found: Vec<_> = found.filter_map(|(key, rows)| Some((key, group(&rows)?))).collect();
    let titles = titles(found.iter().map(|((comparison, settings), _)| (comparison, settings)));
    titles.into_iter().zip(found).map(|(title, (_, group))| Group { title, ..group }).collect()
}

/// Without a title; `None` where there are not two S.
fn group<'a>(rows: &[&'a Row]) -> Option<Group<'a>> {
    let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in rows {
        let hinges = row.runs()[0].summary.activation.hinges;
        let scores: Vec<f64> = row.scores().filter(|score| score.is_finite()).collect();
        let Some(statistics) = Statistics::of(scores.iter().copied()).filter(|_| hinges > 0) else {
            continue;
        };
        series.entry(kind(row)).or_default().push(Point { hinges, scores, statistics });
    }
    series.values_mut().for_each(|points| points.sort_by_key(|point| point.hinges));
    let mut counts: Vec<usize> = series.values().flatten().map(|point| point.hinges).collect();
    counts.sort_unstable();
    counts.dedup();
    if counts.len() < 2 {
        return None;
    }
    let relu = rows.iter().find(|row| row.is_relu());
    let first = rows.first()?;
    let measure = rows.iter().find_map(|row| row.measure())?;
    Some(Group {
        title: String::new(),
        relu: relu.and_then(|row| Statistics::of(row.scores())),
        series,
        unit: &measure.unit,
        measure: &measure.name,
        split: first.score_split(),
    })
}

/// `unit, learned`; `channel, frozen`; `unit, slopes learned`.
fn kind(row: &Row) -> String {
    let activation = &row.runs()[0].summary.activation;
    let learned = |state: &Option<String>| state.as_deref() == Some("learned");
    let what = match (learned(&activation.slopes), learned(&activation.offsets)) {
        (true, true) => "learned",
        (true, false) => "slopes learned",
        (false, true) => "offsets learned",
        (false, false) => "frozen",
    };
    format!("{}, {what}", activation.sharing.as_deref().unwrap_or("unit"))
}

fn panel(group: &Group<'_>, looks: &BTreeMap<&str, String>) -> Option<Panel> {
    let points = || group.series.values().flatten();
    let mut counts: Vec<usize> = points().map(|point| point.hinges).collect();
    counts.sort_unstable();
    counts.dedup();
    let half = |s: &Statistics| s.interval().filter(|_| s.n >= FEWEST);
    let ends = |s: &Statistics| {
        let half = half(s).unwrap_or(0.0);
        [s.mean - half, s.mean + half]
    };
    let heights = points()
        .flat_map(|point| point.scores.iter().copied().chain(ends(&point.statistics)))
        .chain(group.relu.iter().flat_map(ends));
    let y = Range::of(heights)?.padded(0.05);
    let x = Range::new(-0.5, counts.len() as f64 - 0.5);
    let frame = Frame::new(LEFT, TOP, WIDTH - LEFT - 8.0, HEIGHT, x, y);
    let unit = if group.unit.is_empty() { String::new() } else { format!(", {}", group.unit) };
    let measure = format!("{} {}{unit}", group.split, group.measure);
    let mut body = text("head", LEFT, 15.0, Anchor::Start, &measure);
    body.push_str(&text("sub", LEFT, 30.0, Anchor::Start, &format::cut(&group.title, 64)));
    body.push_str(&frame.y_axis());
    let names: Vec<String> = counts.iter().map(usize::to_string).collect();
    body.push_str(&frame.categories("S", &names));
    let mut words = Vec::new();
    if let Some(relu) = group.relu {
        let across = [x.low, x.high];
        if half(&relu).is_some() {
            let [low, high] = ends(&relu);
            body.push_str(&frame.band("before-band", &across, &[low; 2], &[high; 2]));
        }
        body.push_str(&frame.line("c0 bar", across.map(|x| (x, relu.mean))));
        words.push(format!("ReLU {}", shown(group.unit, &relu)));
    }
    let several = group.series.len() as f64;
    for (i, (name, points)) in group.series.iter().enumerate() {
        let look = looks.get(name.as_str()).map_or("c1", String::as_str);
        // Beside each other, so that no interval hides another.
        let aside = (i as f64 - (several - 1.0) / 2.0) * (0.5 / several).min(0.12);
        let place = |hinges: usize| {
            counts.iter().position(|count| *count == hinges).unwrap_or(0) as f64 + aside
        };
        let means = points.iter().map(|point| (place(point.hinges), point.statistics.mean));
        body.push_str(&frame.line(&format!("{look} bold"), means));
        for Point { hinges, scores, statistics } in points {
            let x = frame.x.at(place(*hinges));
            if half(statistics).is_some() {
                let [low, high] = ends(statistics).map(|y| frame.y.at(y));
                body.push_str(&segment(&format!("{look} bar"), (x, low), (x, high)));
            }
            for score in scores {
                let y = frame.y.at(*score);
                body.push_str(&segment(&format!("{look} speck"), (x, y), (x, y)));
            }
            words.push(format!("{name}, S = {hinges}: {}", shown(group.unit, statistics)));
        }
    }
    let title = format!("{measure}: {}: {}", group.title, words.join("; "));
    Some(Panel { width: WIDTH, height: TOP + HEIGHT + 24.0, title, body })
}

fn shown(unit: &str, statistics: &Statistics) -> String {
    let digits = format::decimals(unit, statistics.mean);
    format!("{} (n = {})", format::number(statistics.mean, digits), statistics.n)
}
