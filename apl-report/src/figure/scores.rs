//! Scores at one sight: a line a row, a dot a seed, their mean and deviation.

use super::{ANY, Figure};
use crate::{
    format,
    row::Row,
    statistics::Statistics,
    svg::{Anchor, Frame, Panel, Range, segment, text},
};

const WIDTH: f64 = 460.0;
const LEFT: f64 = 12.0;
const LINE: f64 = 38.0;

/// The scores of rows that can be compared, each with its look; `None` where no run is done.
pub fn scores(name: &str, title: String, rows: &[(&Row, String)]) -> Option<Figure> {
    let measure = rows.iter().find_map(|(row, _)| row.measure())?;
    let split =
        rows.iter().find(|(row, _)| row.measure().is_some()).map_or("test", |r| r.0.score_split());
    let statistics: Vec<Option<Statistics>> =
        rows.iter().map(|(row, _)| Statistics::of(row.scores())).collect();
    let ends = statistics.iter().flatten().flat_map(|s| {
        let deviation = s.deviation.unwrap_or(0.0);
        [s.mean - deviation, s.mean + deviation]
    });
    let range = Range::of(rows.iter().flat_map(|(row, _)| row.scores()).chain(ends))?;
    let range = range.padded(0.05);
    let height = LINE * rows.len() as f64;
    let frame = Frame::new(LEFT, 4.0, WIDTH - 2.0 * LEFT, height, range, Range::new(0.0, 1.0));
    let unit = if measure.unit.is_empty() { String::new() } else { format!(", {}", measure.unit) };
    let mut body = frame.x_axis(&format!("{split} {}{unit}", measure.name));
    let mut words = Vec::new();
    for (i, ((row, look), statistics)) in rows.iter().zip(&statistics).enumerate() {
        let top = 4.0 + LINE * i as f64;
        let middle = top + 27.0;
        let activation = row.activation();
        // The name that a table gives says what the row is.
        let label = if row.part.is_some() || row.label == activation {
            row.label.clone()
        } else {
            format!("{} ({activation})", row.label)
        };
        body.push_str(&text(
            "sub",
            LEFT,
            top + 13.0,
            Anchor::Start,
            &format::cut(&label, if statistics.is_some() { 66 } else { 52 }),
        ));
        body.push_str(&segment("grid", (LEFT, middle), (WIDTH - LEFT, middle)));
        let Some(Statistics { n, mean, deviation }) = *statistics else {
            body.push_str(&text("name", WIDTH - LEFT, top + 13.0, Anchor::End, "no run done"));
            continue;
        };
        let x = frame.x.at(mean);
        if let Some(deviation) = deviation {
            let ends = [frame.x.at(mean - deviation), frame.x.at(mean + deviation)];
            body.push_str(&segment(&format!("{look} bar"), (ends[0], middle), (ends[1], middle)));
        }
        for score in row.scores().filter(|score| score.is_finite()) {
            let x = frame.x.at(score);
            body.push_str(&segment(&format!("{look} dot"), (x, middle), (x, middle)));
        }
        body.push_str(&segment(&format!("{look} tall"), (x, middle - 8.0), (x, middle + 8.0)));
        let digits = format::decimals(&measure.unit, mean);
        words.push(format!("{} {} (n = {n})", row.label, format::number(mean, digits)));
    }
    let title_of_panel = format!("{split} {}: {}", measure.name, words.join("; "));
    let better = match measure.better {
        apl_train::run::Better::Lower => "Left is better.",
        apl_train::run::Better::Higher => "Right is better.",
    };
    Some(Figure {
        name: name.into(),
        title,
        caption: format!(
            "{better} Dots: seeds; upright bar: their mean; line: one sample standard deviation to either side."
        ),
        panels: vec![Panel { width: WIDTH, height: height + 26.0, title: title_of_panel, body }],
        columns: ANY,
        legend: Vec::new(),
    })
}
