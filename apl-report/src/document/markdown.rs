//! Markdown, as GitHub reads it.

use std::fmt::{self, Write};

use super::{Block, Document, Grid, Line, Span, Text};

impl Document {
    /// The document as Markdown: a table for each section, since Markdown's have no sections.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "# {}", escape(&self.title))?;
        for block in &self.blocks {
            writeln!(out)?;
            match block {
                Block::Heading(title) => writeln!(out, "## {}", escape(title))?,
                Block::Paragraph(text) => writeln!(out, "{}", inline(text))?,
                Block::Grid(table) => grid(out, table)?,
                Block::List(items) => {
                    for item in items {
                        writeln!(out, "- {}", inline(item))?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn grid(out: &mut String, grid: &Grid) -> fmt::Result {
    let heads: Vec<String> = grid.columns.iter().map(|column| cell(&column.heading())).collect();
    for (i, section) in grid.sections.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        if let Some(title) = &section.title {
            writeln!(out, "## {}\n", escape(title))?;
        }
        writeln!(out, "|  | {} |", heads.join(" | "))?;
        writeln!(out, "|---|{}", "---:|".repeat(heads.len()))?;
        for Line { name, cells } in &section.lines {
            let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
            writeln!(out, "| {} | {} |", cell(name), cells.join(" | "))?;
        }
    }
    Ok(())
}

fn inline(text: &Text) -> String {
    let span = |span: &Span| match span {
        Span::Plain(words) => escape(words),
        Span::Emphasis(words) => format!("*{}*", escape(words)),
        Span::Strong(words) => format!("**{}**", escape(words)),
        Span::Code(words) => format!("`{}`", words.replace('`', "'")),
    };
    text.spans.iter().map(span).collect()
}

fn cell(text: &str) -> String {
    escape(text).replace('|', "\\|").replace('\n', " ")
}

/// Words that stay words: no emphasis, no HTML.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let tag = letter == '<'
            && letters.peek().is_some_and(|next| next.is_alphabetic() || "/!?".contains(*next));
        if tag || matches!(letter, '*' | '`' | '\\') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_is_text() {
        insta::assert_snapshot!(super::super::testing::everything().markdown());
    }
}
