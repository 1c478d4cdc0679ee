//! Tables as LaTeX are read by LaTeX.
//!
//! ```sh
//! cargo test --release --workspace --test latex -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{path::Path, process::Command};

use apl_report::{
    Format, Sources,
    document::{Block, Document, Grid, Line, Section, Text},
};

/// Compiles a document that includes some files; the log where it fails.
fn compile(folder: &Path, files: &[&str]) -> Result<(), String> {
    let inputs: String = files.iter().map(|file| format!("\\input{{{file}}}\n")).collect();
    let text = format!(
        "\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{inputs}\\end{{document}}\n"
    );
    std::fs::write(folder.join("paper.tex"), text).unwrap();
    let ended = Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "paper.tex"])
        .current_dir(folder)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&ended.stdout).into_owned();
    let whole = ended.status.success() && folder.join("paper.pdf").is_file();
    if whole { Ok(()) } else { Err(log) }
}

#[test]
#[ignore = "long: needs pdflatex with booktabs"]
fn tables_compile() {
    if Command::new("pdflatex").arg("--version").output().is_err() {
        println!("skipped: no pdflatex on the path");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    support::study(&runs);
    let sources = Sources::find(&[runs]).unwrap();
    apl_report::write(&sources, folder.path(), &[Format::Tex]).unwrap();
    // Every sign that a name could hold.
    let letters: String =
        (' '..='\u{ff}').chain("−±×≤≥στδ→†‡–…“”‘’\u{202f}Ж漢😀".chars()).collect();
    let line = |name: &str| Line::new(name, [letters.as_str(), "[1]", "*"]);
    let mut grid = Grid::new(letters.as_str(), ["$a_b$", "100 %", "#"]);
    let lines = vec![line("[x]"), line("*"), line(&letters)];
    grid.sections.push(Section { title: Some(letters.clone()), lines });
    let text = Text::plain(letters.as_str());
    let blocks = vec![
        Block::Heading(letters.clone()),
        Block::Paragraph(text.clone()),
        Block::Grid(grid),
        Block::List(vec![text]),
    ];
    let document = Document { title: letters.clone(), blocks };
    std::fs::write(folder.path().join("letters.tex"), document.latex("letters")).unwrap();
    if let Err(log) = compile(folder.path(), &["tables/quick-study.tex", "letters.tex"]) {
        panic!("{log}");
    }
    // A table that LaTeX cannot read fails this very way.
    std::fs::write(folder.path().join("broken.tex"), "\\begin{tabular}{l} & & \\end").unwrap();
    assert!(compile(folder.path(), &["broken.tex"]).is_err());
}
