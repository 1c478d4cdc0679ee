//! LaTeX to be included in a paper.

use std::fmt::{self, Write};

use super::{Block, Document, Grid, Line, Span, Text};

impl Document {
    /// The document as LaTeX to `\input`: every table a `table` with the label `tab:<name>`, `tab:<name>-2` and so on. Needs the package `booktabs` and
    /// UTF-8, which is LaTeX's default.
    pub fn latex(&self, name: &str) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_latex(&mut out, name);
        out
    }

    fn write_latex(&self, out: &mut String, name: &str) -> fmt::Result {
        writeln!(out, "% {}", self.title.replace('\n', " "))?;
        writeln!(out, "% Needs \\usepackage{{booktabs}}.")?;
        let mut tables = 0;
        for block in &self.blocks {
            match block {
                Block::Heading(title) => writeln!(out, "\n\\paragraph{{{}}}", escape(title))?,
                Block::Paragraph(text) => writeln!(out, "\n{}", inline(text))?,
                Block::Grid(grid) => {
                    tables += 1;
                    let label = match tables {
                        1 => name.to_string(),
                        _ => format!("{name}-{tables}"),
                    };
                    table(out, grid, &label)?;
                }
                Block::List(items) => {
                    writeln!(out, "\n\\begin{{itemize}}")?;
                    for item in items {
                        writeln!(out, "  \\item {}", inline(item))?;
                    }
                    writeln!(out, "\\end{{itemize}}")?;
                }
            }
        }
        Ok(())
    }
}

fn table(out: &mut String, grid: &Grid, label: &str) -> fmt::Result {
    writeln!(out, "\n\\begin{{table}}\n  \\centering\n  \\small")?;
    writeln!(out, "  \\caption{{{}}}\n  \\label{{tab:{label}}}", escape(&grid.caption))?;
    writeln!(out, "  \\begin{{tabular}}{{l{}}}", "r".repeat(grid.columns.len()))?;
    writeln!(out, "    \\toprule")?;
    if grid.grouped() {
        let (mut heads, mut rules, mut column) = (Vec::new(), String::new(), 2);
        for (group, count) in grid.groups() {
            heads.push(format!("\\multicolumn{{{count}}}{{c}}{{{}}}", escape(group)));
            let _ = write!(rules, "\\cmidrule(lr){{{column}-{}}}", column + count - 1);
            column += count;
        }
        writeln!(out, "    & {} \\\\\n    {rules}", heads.join(" & "))?;
    }
    let heads: Vec<String> = grid.columns.iter().map(|column| escape(&column.title)).collect();
    writeln!(out, "    & {} \\\\", heads.join(" & "))?;
    for section in &grid.sections {
        writeln!(out, "    \\midrule")?;
        if let Some(title) = &section.title {
            let width = grid.columns.len() + 1;
            writeln!(out, "    \\multicolumn{{{width}}}{{l}}{{\\emph{{{}}}}} \\\\", escape(title))?;
        }
        for Line { name, cells } in &section.lines {
            let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
            writeln!(out, "    {} & {} \\\\", first(name), cells.join(" & "))?;
        }
    }
    writeln!(out, "    \\bottomrule\n  \\end{{tabular}}\n\\end{{table}}")
}

/// The first words of a line: a bracket or an asterisk there would belong to the `\\\\` before.
fn first(words: &str) -> String {
    let guard = if words.starts_with(['[', '*']) { "{}" } else { "" };
    format!("{guard}{}", escape(words))
}

fn inline(text: &Text) -> String {
    let span = |span: &Span| match span {
        Span::Plain(words) => escape(words),
        Span::Emphasis(words) => format!("\\emph{{{}}}", escape(words)),
        Span::Strong(words) => format!("\\textbf{{{}}}", escape(words)),
        Span::Code(words) => format!("\\texttt{{{}}}", escape(words)),
    };
    text.spans.iter().map(span).collect()
}

/// Words that stay words, and signs as every LaTeX engine has them.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', letter]),
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '|' => safe.push_str("\\textbar{}"),
            '−' => safe.push_str("$-$"),
            '±' => safe.push_str("$\\pm$"),
            '×' => safe.push_str("$\\times$"),
            '≤' => safe.push_str("$\\leq$"),
            '≥' => safe.push_str("$\\geq$"),
            'σ' => safe.push_str("$\\sigma$"),
            'τ' => safe.push_str("$\\tau$"),
            'δ' => safe.push_str("$\\delta$"),
            '→' => safe.push_str("$\\rightarrow$"),
            '†' => safe.push_str("\\textdagger{}"),
            '‡' => safe.push_str("\\textdaggerdbl{}"),
            '–' => safe.push_str("--"),
            '…' => safe.push_str("\\ldots{}"),
            '“' => safe.push_str("``"),
            '”' => safe.push_str("''"),
            '‘' => safe.push('`'),
            '’' => safe.push('\''),
            // Thin and no-break spaces.
            '\u{202f}' | '\u{2009}' => safe.push_str("\\,"),
            '\u{a0}' => safe.push('~'),
            letter if letter.is_control() => safe.push(' '),
            '§' => safe.push_str("\\S{}"),
            '·' => safe.push_str("$\\cdot$"),
            '÷' => safe.push_str("$\\div$"),
            'µ' => safe.push_str("$\\mu$"),
            '°' => safe.push_str("$^\\circ$"),
            '²' => safe.push_str("$^2$"),
            '³' => safe.push_str("$^3$"),
            letter if letter.is_ascii() => safe.push(letter),
            // Letters of Western languages are in every font of LaTeX, but for the Icelandic ones; other signs would stop it.
            'À'..='ÿ' if !"ÐÞðþ".contains(letter) => safe.push(letter),
            _ => safe.push('?'),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_is_text() {
        insta::assert_snapshot!(super::super::testing::everything().latex("everything"));
    }

    #[test]
    fn a_name_is_no_argument() {
        let names = ["[2em]", "*", "a[b]*"].map(super::first);
        assert_eq!(names, ["{}[2em]", "{}*", "a[b]*"]);
    }
}
