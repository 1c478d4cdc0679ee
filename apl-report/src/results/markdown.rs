//! Results as Markdown.

use std::fmt;

use apl_train::{
    run::{Interval, Measure},
    table::{Evidence, Paper, RecordRow},
};

use crate::{
    format::{count, list, number, signed},
    results::{Difference, Measured, Results, Verdict},
    statistics::{FEWEST, Statistics, decimals},
};

/// The scale at which the authors' recipes are run.
const PAPER: &str = "paper";

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}", self.record.title)?;
        writeln!(f)?;
        writeln!(f, "Scale `{}`.{}", self.record.scale, self.scale_note())?;
        if let Some(about) = &self.record.about {
            writeln!(f, "\n{}", about.trim())?;
        }
        for section in self.sections() {
            if let Some(title) = section {
                writeln!(f, "\n## {title}")?;
            }
            writeln!(f)?;
            self.section(f, section)?;
        }
        self.notes(f)?;
        self.claims(f)?;
        self.against_the_paper(f)?;
        self.incomplete(f)
    }
}

impl Results {
    fn at_paper_scale(&self) -> bool {
        self.record.scale == PAPER && !self.record.incomparable
    }

    fn scale_note(&self) -> &'static str {
        if self.record.scale == PAPER {
            ""
        } else {
            " Networks, data or training are smaller than the paper's: its numbers are no yardstick for these, only the sign and the size of its differences."
        }
    }

    /// The lines of a section, one a label, with the paper's number and ours in every column.
    fn section(&self, f: &mut fmt::Formatter<'_>, section: Option<&str>) -> fmt::Result {
        let columns = self.columns();
        let mut heads = vec![String::new()];
        for column in &columns {
            let of = column.map_or_else(String::new, |column| format!("{column}: "));
            heads.push(format!("{of}paper"));
            heads.push(format!("{of}measured"));
            heads.push(format!("{of}95 % interval"));
        }
        writeln!(f, "| {} |", heads.join(" | "))?;
        writeln!(f, "|---|{}", "---:|---:|---:|".repeat(columns.len()))?;
        let rows: Vec<(usize, &RecordRow)> = self
            .record
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.section.as_deref() == section)
            .collect();
        let mut labels: Vec<&str> = Vec::new();
        for (_, row) in &rows {
            if !labels.contains(&row.label.as_str()) {
                labels.push(&row.label);
            }
        }
        for label in labels {
            let mut cells = vec![label.to_string()];
            for column in &columns {
                let row =
                    rows.iter().find(|(_, r)| r.label == label && r.column.as_deref() == *column);
                let [paper, measured, interval] = row.map_or_else(Default::default, |(i, row)| {
                    let measured = self.measured[*i].as_ref();
                    [
                        row.paper.map_or_else(String::new, paper_cell),
                        measured.map_or_else(String::new, measured_cell),
                        measured.map_or_else(String::new, interval_cell),
                    ]
                });
                cells.extend([paper, measured, interval]);
            }
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        let measures = self.measures();
        if !measures.is_empty() {
            write!(f, "{}. ", capital(&measures.join("; ")))?;
        }
        write!(
            f,
            "Measured: mean (standard deviation over seeds, n - 1), n the number of seeds; the interval is Student's for the mean."
        )?;
        if self.measured.iter().flatten().any(|row| row.ensemble.is_some()) {
            write!(
                f,
                " An ensemble is one result; its interval (‡) is over test examples, from {} samples of them, and says nothing of other seeds.",
                self.replicates()
            )?;
        }
        if self.record.rows.iter().any(|row| row.paper.is_some()) {
            write!(
                f,
                " Paper: mean (standard deviation of its seeds); † remembered from the paper, not read again."
            )?;
        }
        writeln!(f)?;
        let data = self.data();
        if !data.is_empty() {
            writeln!(f, "\nData: {}.", data.join("; "))?;
        }
        Ok(())
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

    fn claims(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.record.contrasts.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n## Differences\n")?;
        writeln!(
            f,
            "{}. r: correlation over seeds, shown and not tested. Rows of three seeds and more also tell how large a difference five seeds a row would miss half the time, in a single test at p = 0.05.",
            self.family.note()
        )?;
        writeln!(f)?;
        for difference in &self.differences {
            let [one, other] = difference.rows.map(|row| &self.record.rows[row]);
            writeln!(
                f,
                "- **{}** against **{}**: {}",
                one.name(),
                name_beside(other, one),
                self.claim(difference)
            )?;
        }
        Ok(())
    }

    fn claim(&self, difference: &Difference) -> String {
        let sentence = match &difference.verdict {
            Verdict::Missing => "not run".to_string(),
            Verdict::OtherData => "not compared, the test examples differ".to_string(),
            Verdict::Compared { sentence, .. } => sentence.clone(),
        };
        let mut parts = vec![sentence];
        parts.extend(difference.pairing.map(|pairing| pairing.to_string()));
        let statistics = difference.rows.map(|row| self.measured[row].as_ref()?.statistics());
        let unit = self.measured[difference.rows[0]].as_ref().map_or("", Measured::unit);
        if let (Some(missed), [Some(one), Some(other)]) = (difference.missed, statistics) {
            let digits = decimals(unit, &[&one, &other]);
            parts.push(format!("{} would be missed half the time", number(missed, digits)));
        }
        let text = parts.join("; ");
        match self.papers(difference) {
            Some(paper) => format!("{text}. {paper}."),
            None => format!("{text}."),
        }
    }

    /// The paper's difference beside ours.
    fn papers(&self, difference: &Difference) -> Option<String> {
        let [one, other] = difference.rows.map(|row| self.record.rows[row].paper);
        let (one, other) = one.zip(other)?;
        let size = one.mean - other.mean;
        let remembered = [one, other].iter().any(|p| p.evidence == Evidence::Remembered);
        let mark = if remembered { "†" } else { "" };
        let digits = digits(one.mean).max(digits(other.mean));
        let text = format!("Paper: {}{mark}", signed(size, digits));
        let Verdict::Compared { difference: ours, .. } = difference.verdict else {
            return Some(text);
        };
        let shown = |value: f64| (10f64.powi(digits as i32) * value).round();
        let direction = if shown(size) == 0.0 || shown(ours) == 0.0 {
            "no direction to compare"
        } else if (size < 0.0) == (ours < 0.0) {
            "the same direction"
        } else {
            "the opposite direction"
        };
        Some(format!("{text}; here {}, {direction}", signed(ours, digits)))
    }

    /// Every row beside the paper's, where the recipe is the paper's.
    fn against_the_paper(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.record.rows.iter().zip(&self.measured);
        let lines: Vec<String> = rows
            .filter_map(|(row, measured)| {
                let (paper, measured) = (row.paper?, measured.as_ref()?);
                Some(format!("- {}: {}.", row.name(), beside(paper, measured)?))
            })
            .collect();
        if !self.at_paper_scale() || lines.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n## Against the paper\n\n{}", lines.join("\n"))
    }

    fn incomplete(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.record.rows.iter().zip(&self.measured);
        let lines: Vec<String> = rows
            .filter_map(|(row, measured)| Some((row, measured.as_ref()?)))
            .filter(|(_, measured)| !measured.problems.is_empty())
            .map(|(row, measured)| {
                let (done, planned) = (measured.scores.len(), measured.planned);
                let problems = problems(measured);
                format!("- {}: {done} of {planned} seeds; {problems}", row.name())
            })
            .collect();
        if !lines.is_empty() {
            writeln!(f, "\n## Incomplete\n\n{}", lines.join("\n"))?;
        }
        if self.record.partial {
            writeln!(f, "\nSome rows of the table were left out.")?;
        }
        Ok(())
    }
}

/// The name of a row named after another: what both share is not said twice.
fn name_beside(row: &RecordRow, before: &RecordRow) -> String {
    if row.column == before.column && row.section == before.section {
        row.label.clone()
    } else {
        row.name()
    }
}

/// `12.60 against 12.56 (0.26†): higher by 0.04, the paper's mean inside our 95 % interval`.
fn beside(paper: Paper, measured: &Measured) -> Option<String> {
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
fn paper_cell(paper: Paper) -> String {
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
fn digits(written: f64) -> usize {
    let text = written.to_string();
    text.split_once('.').map_or(0, |(_, digits)| digits.len()).max(2)
}

/// `seed 3 failed: …; seeds 4 and 5 not run`.
fn problems(measured: &Measured) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (seed, problem) in &measured.problems {
        match groups.iter_mut().find(|(known, _)| known == problem) {
            Some((_, seeds)) => seeds.push(seed.to_string()),
            None => groups.push((problem, vec![seed.to_string()])),
        }
    }
    let text = |(problem, seeds): &(&str, Vec<String>)| {
        let word = if seeds.len() == 1 { "seed" } else { "seeds" };
        format!("{word} {} {}", list(seeds), problem.lines().next().unwrap_or_default())
    };
    groups.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// `22.64 (0.31), n = 5`; `0.8034, ensemble of 5`.
fn measured_cell(measured: &Measured) -> String {
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
fn interval_cell(measured: &Measured) -> String {
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
