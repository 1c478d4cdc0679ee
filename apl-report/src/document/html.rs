//! A part of an HTML page.

use minijinja::{
    Environment,
    value::{Serde, Value},
};
use serde::Serialize;

use super::{Block, Document, Grid, Span, Text};
use crate::Result;

/// A block as the template shows it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shown<'a> {
    Heading { text: &'a str },
    Paragraph { spans: Vec<Word<'a>> },
    List { items: Vec<Vec<Word<'a>>> },
    Grid { grid: Table<'a> },
}

#[derive(Debug, Serialize)]
struct Word<'a> {
    tag: &'static str,
    words: &'a str,
}

#[derive(Debug, Serialize)]
struct Table<'a> {
    caption: &'a str,
    /// Empty where no column belongs to a group.
    groups: Vec<Group<'a>>,
    heads: Vec<&'a str>,
    /// Of all columns, names of lines included.
    width: usize,
    sections: Vec<Part<'a>>,
}

#[derive(Debug, Serialize)]
struct Group<'a> {
    name: &'a str,
    columns: usize,
}

#[derive(Debug, Serialize)]
struct Part<'a> {
    title: Option<&'a str>,
    lines: Vec<(&'a str, &'a [String])>,
}

#[derive(Debug, Serialize)]
struct Context<'a> {
    id: &'a str,
    level: u8,
    title: &'a str,
    blocks: Vec<Shown<'a>>,
}

impl Document {
    /// The document as a part of a page, its title a heading of this level with this anchor.
    ///
    /// # Errors
    /// A template that cannot be rendered.
    pub fn html(&self, id: &str, level: u8) -> Result<String> {
        let mut environment = Environment::new();
        environment.add_template("document.html", include_str!("../templates/document.html"))?;
        let blocks = self.blocks.iter().map(shown).collect();
        let context = Context { id, level, title: &self.title, blocks };
        Ok(environment.get_template("document.html")?.render(Value::from(Serde(context)))?)
    }
}

fn shown(block: &Block) -> Shown<'_> {
    match block {
        Block::Heading(text) => Shown::Heading { text },
        Block::Paragraph(text) => Shown::Paragraph { spans: words(text) },
        Block::List(items) => Shown::List { items: items.iter().map(words).collect() },
        Block::Grid(grid) => Shown::Grid { grid: table(grid) },
    }
}

fn words(text: &Text) -> Vec<Word<'_>> {
    let word = |span: &Span| match span {
        Span::Plain(_) => "",
        Span::Emphasis(_) => "em",
        Span::Strong(_) => "strong",
        Span::Code(_) => "code",
    };
    text.spans.iter().map(|span| Word { tag: word(span), words: span.words() }).collect()
}

fn table(grid: &Grid) -> Table<'_> {
    let groups = grid.groups().into_iter().map(|(name, columns)| Group { name, columns });
    Table {
        caption: &grid.caption,
        groups: if grid.grouped() { groups.collect() } else { Vec::new() },
        heads: grid.columns.iter().map(|column| column.title.as_str()).collect(),
        width: grid.columns.len() + 1,
        sections: grid
            .sections
            .iter()
            .map(|section| Part {
                title: section.title.as_deref(),
                lines: section
                    .lines
                    .iter()
                    .map(|line| (line.name.as_str(), line.cells.as_slice()))
                    .collect(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_is_text() {
        insta::assert_snapshot!(super::super::testing::everything().html("all", 3).unwrap());
    }
}
