//! What the numbers of a table are, said once below it.

use apl_train::{run::Measure, table::RecordRow};

use crate::{
    format::{count, list},
    results::{Claims, Examples, Measured, Results},
    statistics::SAMPLES,
};

impl Results {
    /// What is measured, what its mean and interval are, and what marks mean.
    pub(super) fn legend(&self) -> String {
        let mut text = String::new();
        let measures = self.measures();
        if !measures.is_empty() {
            text.push_str(&format!("{}. ", capital(&measures.join("; "))));
        }
        text.push_str(
            "Measured: mean (standard deviation over seeds, n - 1), n the number of seeds; the interval is Student's for the mean.",
        );
        match self.compared_with()[..] {
            [] => {}
            [label] => text.push_str(&format!(" Difference: from {label}, p as below.")),
            _ => text.push_str(
                " Difference: from the row that a row is claimed against first below, p as there.",
            ),
        }
        if self.measured.iter().flatten().any(|row| row.ensemble.is_some()) {
            text.push_str(&format!(
                " An ensemble is one result; its interval (‡) is over test examples, from {} samples of them, and says nothing of other seeds.",
                self.replicates()
            ));
        }
        if self.record.rows.iter().any(|row| row.paper.is_some()) {
            text.push_str(
                " Paper: mean (standard deviation of its seeds); † remembered from the paper, not read again.",
            );
        }
        text
    }

    /// What a difference is told with.
    pub(super) fn claims_legend(&self, claims: Claims) -> String {
        let mut text = format!(
            "{}. r: correlation over seeds, shown and not tested. Rows of three seeds and more also tell how large a difference five seeds a row would miss half the time, in a single test at p = 0.05.",
            self.family.note()
        );
        if claims == Claims::Columns {
            text.push_str(" Over seeds: Welch's 95 % interval of this difference alone, the test examples being the same.");
        }
        let spreads = || self.differences.iter().filter_map(|difference| difference.examples);
        if spreads().next().is_some() {
            text.push_str(&format!(
                " Over test examples: 95 % of {SAMPLES} samples of them, the networks being the same; the wider of the two limits what can be claimed."
            ));
        }
        if spreads().any(|spread| matches!(spread, Examples::AtMost(_))) {
            let mark = if claims == Claims::Columns { "§" } else { "At most" };
            text.push_str(&format!(
                " {mark}: as if the rows saw different examples, since their runs do not keep what each example came to."
            ));
        }
        text
    }

    /// The examples of every split; `None` where no run is done.
    pub(super) fn examples(&self) -> Option<String> {
        let data = self.data();
        (!data.is_empty()).then(|| format!("Data: {}.", data.join("; ")))
    }

    /// The examples; behind the names of columns where these have different ones.
    fn data(&self) -> Vec<String> {
        let mut found: Vec<(Vec<&str>, String)> = Vec::new();
        for (row, measured) in self.record.rows.iter().zip(&self.measured) {
            let Some(measured) = measured.as_ref().filter(|m| !m.data.is_empty()) else { continue };
            add(&mut found, row, data_line(measured));
        }
        named(found, "")
    }

    /// What is measured: `test error in %`; behind the names of columns where they show different things.
    fn measures(&self) -> Vec<String> {
        let mut found: Vec<(Vec<&str>, String)> = Vec::new();
        for (row, measured) in self.record.rows.iter().zip(&self.measured) {
            let Some(measure) = measured.as_ref().and_then(|m| m.measure.as_ref()) else {
                continue;
            };
            let Measure { name, unit, .. } = measure;
            let unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
            let text = format!("test {name}{unit}");
            add(&mut found, row, text);
        }
        named(found, "column ")
    }

    /// How many samples the intervals of ensembles are from.
    fn replicates(&self) -> usize {
        let intervals = self.measured.iter().flatten().filter_map(|row| row.interval);
        intervals.map(|interval| interval.replicates).max().unwrap_or(0)
    }
}

/// Adds a text that belongs to a row's column to those found so far.
fn add<'a>(found: &mut Vec<(Vec<&'a str>, String)>, row: &'a RecordRow, text: String) {
    let column = row.column.as_deref();
    match found.iter_mut().find(|(_, known)| *known == text) {
        Some((columns, _)) => columns.extend(column.filter(|name| !columns.contains(name))),
        None => found.push((column.into_iter().collect(), text)),
    }
}

/// The texts, behind the names of their columns where there are several.
fn named(found: Vec<(Vec<&str>, String)>, word: &str) -> Vec<String> {
    let several = found.len() > 1;
    let line = |(columns, text): (Vec<&str>, String)| match several && !columns.is_empty() {
        true => format!("{word}{}: {text}", columns.join(", ")),
        false => text,
    };
    found.into_iter().map(line).collect()
}

/// With a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `50 000 training and 10 000 test (4b1c0a2f) examples`.
fn data_line(measured: &Measured) -> String {
    let splits: Vec<String> = measured
        .data
        .iter()
        .map(|split| {
            let digest = split.digest.get(..8).unwrap_or(&split.digest);
            format!("{} {} ({digest})", count(split.examples), split.split)
        })
        .collect();
    format!("{} examples", list(&splits))
}
