//! Results as a document: what the table shows, what it claims, how it stands beside the paper, what is missing.

use std::fmt;

use apl_train::table::RecordRow;

use crate::{
    document::{Block, Column, Document, Grid, Line, Section, Text},
    format::list,
    results::{
        Measured, Results,
        cells::{beside, interval_cell, measured_cell, paper_cell},
    },
};

/// The scale at which the authors' recipes are run.
const PAPER: &str = "paper";

/// How differences are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claims {
    /// In words, to be read.
    Sentences,
    /// In a table, to be compared.
    Columns,
}

/// What is shown of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The paper's number.
    Paper,
    /// Our mean, with its spread and n.
    Measured,
    /// The interval of our mean.
    Interval,
    /// The difference from the row that it is claimed against first, with its significance.
    Difference,
}

impl Shown {
    fn title(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Measured => "measured",
            Self::Interval => "95 % interval",
            Self::Difference => "difference",
        }
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document(Claims::Sentences).markdown())
    }
}

impl Results {
    /// The results as a document that every format can be made of.
    pub fn document(&self, claims: Claims) -> Document {
        let scale = format!("Scale `{}`.{}", self.record.scale, self.scale_note());
        let mut blocks = vec![Block::Paragraph(Text::written(&scale))];
        let about = self.record.about.iter().map(|about| Text::written(about.trim()));
        blocks.extend(about.map(Block::Paragraph));
        blocks.push(Block::Grid(self.grid()));
        blocks.push(Block::Paragraph(Text::plain(self.legend())));
        blocks.extend(self.examples().map(Text::plain).map(Block::Paragraph));
        if !self.record.contrasts.is_empty() {
            blocks.push(Block::Heading("Differences".into()));
            blocks.push(Block::Paragraph(Text::plain(self.claims_legend(claims))));
            blocks.push(match claims {
                Claims::Sentences => self.claims_in_sentences(),
                Claims::Columns => self.claims_in_columns(),
            });
        }
        self.add_list(&mut blocks, "Against the paper", self.against_the_paper());
        self.add_list(&mut blocks, "Incomplete", self.incomplete());
        if self.record.partial {
            let text = "Some rows of the table were left out.";
            blocks.push(Block::Paragraph(Text::plain(text)));
        }
        Document { title: self.record.title.clone(), blocks }
    }

    fn add_list(&self, blocks: &mut Vec<Block>, title: &str, items: Vec<String>) {
        if !items.is_empty() {
            blocks.push(Block::Heading(title.into()));
            blocks.push(Block::List(items.into_iter().map(Text::plain).collect()));
        }
    }

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

    /// A line for each label of a section, with the paper's number and ours in every column.
    fn grid(&self) -> Grid {
        let columns = self.columns();
        let shown = self.shown();
        let heads = columns.iter().flat_map(|group| {
            let group = group.map(String::from);
            shown.iter().map(move |n| Column { group: group.clone(), title: n.title().into() })
        });
        let sections = self.sections().into_iter().map(|section| Section {
            title: section.map(String::from),
            lines: self.lines(section, &columns),
        });
        Grid {
            caption: self.record.title.clone(),
            columns: heads.collect(),
            sections: sections.collect(),
        }
    }

    fn lines(&self, section: Option<&str>, columns: &[Option<&str>]) -> Vec<Line> {
        let rows: Vec<(usize, &RecordRow)> = self
            .record
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.section.as_deref() == section)
            .collect();
        let shown = self.shown();
        let mut labels: Vec<&str> = Vec::new();
        for (_, row) in &rows {
            if !labels.contains(&row.label.as_str()) {
                labels.push(&row.label);
            }
        }
        let line = |label: &str| {
            let cells = columns.iter().flat_map(|column| {
                let row =
                    rows.iter().find(|(_, r)| r.label == label && r.column.as_deref() == *column);
                let cell = |number| row.map_or_else(String::new, |&(i, _)| self.cell(number, i));
                shown.iter().map(cell).collect::<Vec<_>>()
            });
            Line::new(label, cells)
        };
        labels.into_iter().map(line).collect()
    }

    /// What is shown of rows: nothing that none of them has.
    fn shown(&self) -> Vec<Shown> {
        let paper = self.record.rows.iter().any(|row| row.paper.is_some());
        let all = [
            paper.then_some(Shown::Paper),
            Some(Shown::Measured),
            Some(Shown::Interval),
            (!self.differences.is_empty()).then_some(Shown::Difference),
        ];
        all.into_iter().flatten().collect()
    }

    fn cell(&self, shown: &Shown, row: usize) -> String {
        let measured = self.measured[row].as_ref();
        match shown {
            Shown::Paper => self.record.rows[row].paper.map_or_else(String::new, paper_cell),
            Shown::Measured => measured.map_or_else(String::new, measured_cell),
            Shown::Interval => measured.map_or_else(String::new, interval_cell),
            Shown::Difference => {
                self.first_claim(row).map_or_else(String::new, |claim| self.difference_cell(claim))
            }
        }
    }

    /// Every row beside the paper's, where the recipe is the paper's.
    fn against_the_paper(&self) -> Vec<String> {
        if !self.at_paper_scale() {
            return Vec::new();
        }
        let rows = self.record.rows.iter().zip(&self.measured);
        let line = |(row, measured): (&RecordRow, &Option<Measured>)| {
            let text = beside(row.paper?, measured.as_ref()?)?;
            Some(format!("{}: {text}.", row.name()))
        };
        rows.filter_map(line).collect()
    }

    /// Rows that lack seeds, and why.
    fn incomplete(&self) -> Vec<String> {
        let rows = self.record.rows.iter().zip(&self.measured);
        let line = |(row, measured): (&RecordRow, &Option<Measured>)| {
            let measured = measured.as_ref().filter(|measured| !measured.problems.is_empty())?;
            let (done, planned) = (measured.scores.len(), measured.planned);
            Some(format!("{}: {done} of {planned} seeds; {}", row.name(), problems(measured)))
        };
        rows.filter_map(line).collect()
    }
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
