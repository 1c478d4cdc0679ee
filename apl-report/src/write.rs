//! Everything a report consists of, written into a folder.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    Error, Result, Sources, figure, load, page, picture,
    results::{Claims, Results},
    row,
};

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The page, `index.html`.
    Html,
    /// The tables as Markdown.
    Md,
    /// The tables as LaTeX to be included.
    Tex,
    /// The tables as comma-separated values.
    Csv,
    /// The figures as SVG.
    Svg,
    /// The figures as PNG.
    Png,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Html, Self::Md, Self::Tex, Self::Csv, Self::Svg, Self::Png];
    /// What is written unless something else is asked for: all but PNG, which takes longest and shows the same as SVG.
    pub const USUAL: [Self; 5] = [Self::Html, Self::Md, Self::Tex, Self::Csv, Self::Svg];

    /// The end of a file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Md => "md",
            Self::Tex => "tex",
            Self::Csv => "csv",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("found `{name}`, expected one of {names}")
        })
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The page, where it was asked for.
    pub page: Option<PathBuf>,
    /// The figures, in the order of the page.
    pub figures: Vec<PathBuf>,
    /// The tables, in the order of the page.
    pub tables: Vec<PathBuf>,
    /// How many runs there are.
    pub runs: usize,
    /// How many rows they make.
    pub rows: usize,
    /// What could not be read, and why; the page names it too.
    pub damaged: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, figures, tables, runs, rows, damaged } = self;
        if let Some(page) = page {
            writeln!(f, "{}", page.display())?;
        }
        write!(f, "{runs} runs in {rows} rows")?;
        for (count, what) in [(tables.len(), "files of tables"), (figures.len(), "figures")] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if !damaged.is_empty() {
            write!(f, "; {} damaged", damaged.len())?;
        }
        writeln!(f)
    }
}

/// Reads run directories and records of tables and writes `index.html`, `tables/` and `figures/` into a folder, which is made if need be.
///
/// A directory that cannot be read is named on the page with its error; the same directory given twice counts once. Earlier files of the same names
/// are replaced, others are left alone. The same runs give the same bytes.
///
/// # Errors
/// No directories; a folder that cannot be written.
pub fn write(sources: &Sources, out: &Path, formats: &[Format]) -> Result<Report> {
    if sources.runs.is_empty() {
        return Err(Error::NoRuns);
    }
    let wanted = |format| formats.contains(&format);
    let loaded = load::all(sources);
    let rows = row::group(loaded.runs, &loaded.tables);
    fs_err::create_dir_all(out)?;
    let mut report = Report {
        page: None,
        figures: Vec::new(),
        tables: Vec::new(),
        runs: rows.iter().map(|row| row.runs().len()).sum(),
        rows: rows.len(),
        damaged: loaded
            .damaged
            .iter()
            .map(|damaged| format!("{}: {}", damaged.path.display(), damaged.error))
            .collect(),
    };
    // Tables alone need no figure drawn.
    if [Format::Html, Format::Svg, Format::Png].into_iter().any(wanted) {
        let page::Page { html, figures } = page::render(&rows, &loaded.tables, &loaded.damaged)?;
        if wanted(Format::Html) {
            let page = out.join("index.html");
            fs_err::write(&page, html)?;
            report.page = Some(page);
        }
        report.figures = draw(&figures, &out.join("figures"), formats)?;
    }
    for table in &loaded.tables {
        report.tables.extend(tables(&table.name, &table.results, &out.join("tables"), formats)?);
    }
    Ok(report)
}

/// Writes figures, given by their names and SVG documents, in every format that is asked for.
fn draw(figures: &[(String, String)], folder: &Path, formats: &[Format]) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let wanted = |format| formats.contains(&format);
    if wanted(Format::Svg) || wanted(Format::Png) {
        fs_err::create_dir_all(folder)?;
    }
    for (name, svg) in figures {
        if wanted(Format::Svg) {
            written.push(file(folder, name, "svg", svg.as_bytes())?);
        }
        if wanted(Format::Png) {
            written.push(file(folder, name, "png", &picture::png(svg)?)?);
        }
    }
    Ok(written)
}

/// Writes a table in every format that is asked for.
fn tables(
    name: &str,
    results: &Results,
    folder: &Path,
    formats: &[Format],
) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for format in formats {
        let parts = match format {
            Format::Md => vec![("", results.document(Claims::Sentences).markdown())],
            Format::Tex => vec![("", results.document(Claims::Columns).latex(name))],
            Format::Csv => vec![("", results.csv()?), ("-differences", results.differences_csv()?)],
            Format::Html | Format::Svg | Format::Png => continue,
        };
        fs_err::create_dir_all(folder)?;
        for (part, text) in parts {
            let name = format!("{name}{part}");
            written.push(file(folder, &name, format.name(), text.as_bytes())?);
        }
    }
    Ok(written)
}

fn file(folder: &Path, name: &str, end: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.{end}"));
    fs_err::write(&path, bytes)?;
    Ok(path)
}

/// Writes the picture of one unit, see [`figure::unit`], into a file.
///
/// # Errors
/// As [`figure::unit`]; a file that cannot be written.
pub fn write_unit(run: &Path, layer: &str, index: Option<usize>, file: &Path) -> Result<()> {
    Ok(fs_err::write(file, figure::unit(run, Some(layer), index)?)?)
}
