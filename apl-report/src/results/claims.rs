//! The differences that a table claims, in sentences or in columns.

use apl_train::table::{Evidence, RecordRow};

use crate::{
    document::{Block, Grid, Line, Section, Span, Text},
    format::{number, signed},
    results::{Difference, Examples, Measured, Results, Verdict, cells::digits},
    statistics::{self, LEVEL, decimals},
};

impl Results {
    /// A sentence a difference.
    pub(super) fn claims_in_sentences(&self) -> Block {
        let item = |difference: &Difference| {
            let [one, other] = self.sides(difference);
            Text::default()
                .then(Span::Strong(one))
                .then(Span::Plain(" against ".into()))
                .then(Span::Strong(other))
                .then(Span::Plain(format!(": {}", self.claim(difference))))
        };
        Block::List(self.differences.iter().map(item).collect())
    }

    /// What the planned differences came to, in a few sentences: those that are significant, or that none is.
    pub fn headlines(&self) -> Vec<String> {
        let planned = self.record.contrasts.len();
        let significant = |difference: &&Difference| matches!(difference.verdict, Verdict::Compared { p: Some(p), .. } if p < LEVEL);
        let clear: Vec<&Difference> = self.differences.iter().filter(significant).collect();
        let tested = self.differences.iter().filter(|difference| {
            matches!(difference.verdict, Verdict::Compared { p: Some(_), .. })
        });
        let mut lines = Vec::new();
        if planned > 0 {
            let (found, tested) = (clear.len(), tested.count());
            let word = if planned == 1 { "difference" } else { "differences" };
            let untested = match planned - tested {
                0 => String::new(),
                left => format!(" ({left} not tested)"),
            };
            lines.push(match found {
                0 => format!("None of {planned} planned {word} is significant{untested}."),
                _ => format!("{found} of {planned} planned {word} significant{untested}:"),
            });
        }
        lines.extend(clear.into_iter().map(|difference| {
            let [one, other] = self.sides(difference);
            let Verdict::Compared { sentence, .. } = &difference.verdict else {
                return String::new();
            };
            format!("{one} against {other}: {sentence}.")
        }));
        lines
    }

    /// A line a difference.
    pub(super) fn claims_in_columns(&self) -> Block {
        let columns = [
            "difference",
            "over seeds",
            "over examples",
            "limited by",
            "p",
            "r",
            "missed half the time",
            "paper's",
        ];
        let mut grid = Grid::new(format!("{}: differences", self.record.title), columns);
        let lines = self.differences.iter().map(|difference| {
            let [one, other] = self.sides(difference);
            Line::new(format!("{one} against {other}"), self.claim_cells(difference))
        });
        grid.sections.push(Section { title: None, lines: lines.collect() });
        Block::Grid(grid)
    }

    /// The rows, the second without what it shares with the first.
    fn sides(&self, difference: &Difference) -> [String; 2] {
        let [one, other] = difference.rows.map(|row| &self.record.rows[row]);
        [one.name(), name_beside(other, one)]
    }

    fn claim_cells(&self, difference: &Difference) -> [String; 8] {
        let none = || String::from("–");
        let paper = self.papers_size(difference).map_or_else(none, |(_, _, text)| text);
        let Verdict::Compared { difference: size, interval, p, .. } = difference.verdict else {
            return std::array::from_fn(|i| if i == 7 { paper.clone() } else { none() });
        };
        let digits = self.digits(difference);
        let between =
            |low: f64, high: f64| format!("{} to {}", signed(low, digits), signed(high, digits));
        let seeds = interval.map_or_else(none, |half| between(size - half, size + half));
        let examples = match difference.examples {
            None => none(),
            Some(Examples::Paired(spread)) => between(spread.low, spread.high),
            Some(Examples::AtMost(half)) => format!("{}§", between(size - half, size + half)),
        };
        let limit = interval.zip(difference.examples).map_or_else(none, |(seeds, examples)| {
            if seeds > examples.half() { "seeds" } else { "examples" }.into()
        });
        let p = p.map_or_else(none, |p| {
            let text = statistics::p_value(p);
            text.strip_prefix("p = ").or(text.strip_prefix("p ")).unwrap_or(&text).to_string()
        });
        let r = difference.pairing.map_or_else(none, |pairing| number(pairing.correlation, 2));
        let missed = difference.missed.map_or_else(none, |missed| number(missed, digits));
        [signed(size, digits), seeds, examples, limit, p, r, missed, paper]
    }

    /// The first difference that is claimed of a row from another.
    pub(super) fn first_claim(&self, row: usize) -> Option<&Difference> {
        self.differences.iter().find(|difference| difference.rows[0] == row)
    }

    /// The rows that first claims are against, by their labels, each once.
    pub(super) fn compared_with(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        let claims = (0..self.record.rows.len()).filter_map(|row| self.first_claim(row));
        for claim in claims {
            let label = self.record.rows[claim.rows[1]].label.as_str();
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        labels
    }

    /// `−1.20, p < 0.001`; without p where there was no test.
    pub(super) fn difference_cell(&self, difference: &Difference) -> String {
        let Verdict::Compared { difference: size, p, .. } = difference.verdict else {
            return "–".into();
        };
        let p = p.map_or_else(String::new, |p| format!(", {}", statistics::p_value(p)));
        format!("{}{p}", signed(size, self.digits(difference)))
    }

    /// Decimals that the two sides bear.
    fn digits(&self, difference: &Difference) -> usize {
        let sides = difference.rows.map(|row| self.measured[row].as_ref()?.statistics());
        let unit = self.measured[difference.rows[0]].as_ref().map_or("", Measured::unit);
        match &sides {
            [Some(one), Some(other)] => decimals(unit, &[one, other]),
            _ => 2,
        }
    }

    fn claim(&self, difference: &Difference) -> String {
        let sentence = match &difference.verdict {
            Verdict::Missing => "not run".to_string(),
            Verdict::OtherData => "not compared, the test examples differ".to_string(),
            Verdict::Compared { sentence, .. } => sentence.clone(),
        };
        let mut parts = vec![sentence];
        parts.extend(difference.pairing.map(|pairing| pairing.to_string()));
        if let Some(examples) = difference.examples {
            let bound = if matches!(examples, Examples::AtMost(_)) { "at most " } else { "" };
            let half = number(examples.half(), self.digits(difference));
            parts.push(format!("over test examples {bound}± {half}"));
        }
        if let Some(missed) = difference.missed {
            let missed = number(missed, self.digits(difference));
            parts.push(format!("{missed} would be missed half the time"));
        }
        let text = parts.join("; ");
        match self.papers(difference) {
            Some(paper) => format!("{text}. {paper}."),
            None => format!("{text}."),
        }
    }

    /// The paper's difference: its size, the decimals it was written with, and both with the mark of what was remembered.
    fn papers_size(&self, difference: &Difference) -> Option<(f64, usize, String)> {
        let [one, other] = difference.rows.map(|row| self.record.rows[row].paper);
        let (one, other) = one.zip(other)?;
        let size = one.mean - other.mean;
        let remembered = [one, other].iter().any(|p| p.evidence == Evidence::Remembered);
        let mark = if remembered { "†" } else { "" };
        let digits = digits(one.mean).max(digits(other.mean));
        Some((size, digits, format!("{}{mark}", signed(size, digits))))
    }

    /// The paper's difference beside ours.
    fn papers(&self, difference: &Difference) -> Option<String> {
        let (size, digits, text) = self.papers_size(difference)?;
        let text = format!("Paper: {text}");
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
}

/// The name of a row named after another: what both share is not said twice.
fn name_beside(row: &RecordRow, before: &RecordRow) -> String {
    if row.column == before.column && row.section == before.section {
        row.label.clone()
    } else {
        row.name()
    }
}
