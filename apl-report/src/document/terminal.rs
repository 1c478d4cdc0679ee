//! Text for a terminal.

use std::fmt::{self, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::{Block, Document, Grid, Line, Text};

impl Document {
    /// The document as text of at most this many columns, where its tables can be set so narrow.
    pub fn terminal(&self, width: u16) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_terminal(&mut out, width);
        out
    }

    fn write_terminal(&self, out: &mut String, width: u16) -> fmt::Result {
        heading(out, &self.title, '=')?;
        for block in &self.blocks {
            writeln!(out)?;
            match block {
                Block::Heading(title) => heading(out, title, '-')?,
                Block::Paragraph(text) => wrapped(out, &words(text), "", width)?,
                Block::Grid(table) => grid(out, table, width)?,
                Block::List(items) => {
                    for item in items {
                        wrapped(out, &words(item), "- ", width)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn heading(out: &mut String, title: &str, line: char) -> fmt::Result {
    let title = visible(title);
    writeln!(out, "{title}\n{}", line.to_string().repeat(title.chars().count()))
}

fn grid(out: &mut String, grid: &Grid, width: u16) -> fmt::Result {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    let right = |text: &str| Cell::new(visible(text)).set_alignment(CellAlignment::Right);
    let mut heads = vec![Cell::new("")];
    heads.extend(grid.columns.iter().map(|column| right(&column.heading())));
    table.set_header(heads);
    for section in &grid.sections {
        if let Some(title) = &section.title {
            table.add_row([Cell::new(visible(title).to_uppercase())]);
        }
        for Line { name, cells } in &section.lines {
            let mut line = vec![Cell::new(visible(name))];
            line.extend(cells.iter().map(|cell| right(cell)));
            table.add_row(line);
        }
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn words(text: &Text) -> String {
    text.spans.iter().map(|span| span.words()).collect()
}

/// No control character reaches the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Words in lines of a width, the first behind a mark, the others below its text.
fn wrapped(out: &mut String, text: &str, mark: &str, width: u16) -> fmt::Result {
    let text = visible(text);
    let (mut line, mut used) = (String::from(mark), mark.chars().count());
    let indent = " ".repeat(used);
    let mut first = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if !first && used + 1 + length > usize::from(width) {
            writeln!(out, "{line}")?;
            line.clone_from(&indent);
            (used, first) = (indent.len(), true);
        }
        if !first {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        (used, first) = (used + length, false);
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::everything;

    #[test]
    fn everything_is_text_within_its_width() {
        let text = everything().terminal(72);
        assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_narrow_terminal_and_control_characters_do_no_harm() {
        let mut document = everything();
        document.title = "\u{1b}[2J".into();
        for width in [0, 1, 7, 30] {
            assert!(!document.terminal(width).contains('\u{1b}'));
        }
    }
}
