//! A text with tables before it has a format: built once, then written as Markdown, for a terminal, as HTML or as LaTeX.
//!
//! ```
//! use apl_report::document::{Block, Document, Grid, Line, Section, Text};
//! let mut grid = Grid::new("Errors", ["paper", "measured"]);
//! grid.sections.push(Section {
//!     title: None,
//!     lines: vec![Line::new("ReLU", ["12.56 (0.26)", "12.60 (0.16)"])],
//! });
//! let document = Document {
//!     title: "Effect of S".into(),
//!     blocks: vec![Block::Paragraph(Text::plain("Errors in %.")), Block::Grid(grid)],
//! };
//! assert!(document.markdown().contains("| ReLU | 12.56 (0.26) | 12.60 (0.16) |"));
//! assert!(document.latex("table3").contains("ReLU & 12.56 (0.26) & 12.60 (0.16) \\\\"));
//! ```

mod html;
mod latex;
mod markdown;
mod terminal;

/// A text with tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is about.
    pub title: String,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The title of what follows.
    Heading(String),
    /// Sentences.
    Paragraph(Text),
    /// A table.
    Grid(Grid),
    /// Items of one kind.
    List(Vec<Text>),
}

/// Words, some of which stand out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The words in order.
    pub spans: Vec<Span>,
}

/// Words that look alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// As usual.
    Plain(String),
    /// Stressed.
    Emphasis(String),
    /// Standing out.
    Strong(String),
    /// As a computer reads it.
    Code(String),
}

/// A table: lines of cells, in sections one below the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// What it shows, where a format has a place for that.
    pub caption: String,
    /// The columns behind that of the lines' names.
    pub columns: Vec<Column>,
    /// The lines.
    pub sections: Vec<Section>,
}

/// A column of numbers, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What neighbours have in common with it.
    pub group: Option<String>,
    /// Its own heading.
    pub title: String,
}

/// Lines below a common title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The title.
    pub title: Option<String>,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A name and a cell for each column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What the numbers belong to.
    pub name: String,
    /// One for each column.
    pub cells: Vec<String>,
}

impl Text {
    /// Words that do not stand out.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { spans: vec![Span::Plain(text.into())] }
    }

    /// What an author wrote, with `code` between backticks and *emphasis* between asterisks.
    pub fn written(text: &str) -> Self {
        let mut spans = Vec::new();
        for (i, part) in text.split('`').enumerate() {
            if i % 2 == 1 {
                spans.push(Span::Code(part.into()));
                continue;
            }
            spans.extend(part.split('*').enumerate().map(|(i, part)| match i % 2 {
                0 => Span::Plain(part.into()),
                _ => Span::Emphasis(part.into()),
            }));
        }
        spans.retain(|span| !span.words().is_empty());
        Self { spans }
    }

    /// With more words behind.
    #[must_use]
    pub fn then(mut self, span: Span) -> Self {
        self.spans.push(span);
        self
    }
}

impl Span {
    /// The words.
    pub fn words(&self) -> &str {
        match self {
            Span::Plain(words)
            | Span::Emphasis(words)
            | Span::Strong(words)
            | Span::Code(words) => words,
        }
    }
}

impl Grid {
    /// Without lines.
    pub fn new(
        caption: impl Into<String>,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let column = |title: String| Column { group: None, title };
        let columns = columns.into_iter().map(Into::into).map(column).collect();
        Self { caption: caption.into(), columns, sections: Vec::new() }
    }

    /// Neighbouring columns of one group: the group and how many they are.
    fn groups(&self) -> Vec<(&str, usize)> {
        let mut groups: Vec<(&str, usize)> = Vec::new();
        for column in &self.columns {
            let name = column.group.as_deref().unwrap_or("");
            match groups.last_mut() {
                Some((last, count)) if *last == name => *count += 1,
                _ => groups.push((name, 1)),
            }
        }
        groups
    }

    /// Whether any column belongs to a group.
    fn grouped(&self) -> bool {
        self.columns.iter().any(|column| column.group.is_some())
    }
}

impl Column {
    /// Its heading in one line: `CIFAR-10: paper`.
    fn heading(&self) -> String {
        match &self.group {
            Some(group) => format!("{group}: {}", self.title),
            None => self.title.clone(),
        }
    }
}

impl Line {
    /// A line.
    pub fn new(
        name: impl Into<String>,
        cells: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { name: name.into(), cells: cells.into_iter().map(Into::into).collect() }
    }
}

#[cfg(test)]
mod testing {
    //! A document with everything that a format could trip over.

    use super::*;

    pub fn everything() -> Document {
        let column =
            |group: &str, title: &str| Column { group: Some(group.into()), title: title.into() };
        let grid = Grid {
            caption: "Error & spread in %".into(),
            columns: vec![
                column("CIFAR-10", "paper"),
                column("CIFAR-10", "measured"),
                column("<i>C_100</i>", "measured"),
            ],
            sections: vec![
                Section {
                    title: Some("Without augmentation".into()),
                    lines: vec![
                        Line::new("S = 1 | *frozen*", ["12.56 (0.26)†", "−1.2 ± 0.3", "–"]),
                        Line::new("<script>alert(1)</script>", ["", "50 000 × 3‡", "p < 0.001"]),
                    ],
                },
                Section { title: None, lines: vec![Line::new("~a^b\\c{d}", ["1", "2", "3"])] },
            ],
        };
        Document {
            title: "Table #1: 100 % of $x_1".into(),
            blocks: vec![
                Block::Paragraph(
                    Text::plain("Scale ")
                        .then(Span::Code("a_b".into()))
                        .then(Span::Plain(": lower is better, p < 0.05 & σ ≥ 1 … “so”.".into())),
                ),
                Block::Grid(grid),
                Block::Heading("Differences".into()),
                Block::List(vec![
                    Text::default()
                        .then(Span::Strong("APL_1".into()))
                        .then(Span::Plain(" against *ReLU*: <b>lower</b> by 1.2.".into())),
                    Text::plain("Nothing."),
                ]),
            ],
        }
    }

    #[test]
    fn authors_mark_code() {
        let text = Text::written("`seed*` and *half* of `lr`");
        let expected = Text::default()
            .then(Span::Code("seed*".into()))
            .then(Span::Plain(" and ".into()))
            .then(Span::Emphasis("half".into()))
            .then(Span::Plain(" of ".into()))
            .then(Span::Code("lr".into()));
        assert_eq!(text, expected);
    }
}
