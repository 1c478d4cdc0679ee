//! The page: everything in one HTML file.

mod browser;
mod hinges;
mod needed;
mod observed;
mod row;
mod run;

use minijinja::{
    Environment,
    value::{Serde, Value},
};
use serde::Serialize;

use self::observed::{Observed, Room};
use crate::{
    Result,
    figure::{self, Figure},
    format,
    load::{Damaged, Table as RunTable},
    results::Claims,
    row::{Comparison, Part, Row},
    table::{self, Table},
};

/// A page and the figures on it as files: names without suffix, and documents.
#[derive(Debug, Clone)]
pub struct Page {
    /// The page.
    pub html: String,
    /// The figures.
    pub figures: Vec<(String, String)>,
}

/// A figure as the template shows it.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    title: String,
    /// Of the heading.
    level: u8,
    caption: String,
    /// Panels, in HTML.
    panels: String,
    /// The legend, in HTML.
    legend: String,
    /// The least width of a column, in pixels.
    width: u32,
    /// The most columns.
    columns: usize,
    /// The most, beyond which text would look large.
    widest: u32,
}

/// Figures so far, and what the page shows of them.
#[derive(Debug, Default)]
struct Gallery {
    files: Vec<(String, String)>,
}

impl Gallery {
    /// Shows a figure under a heading of this level.
    fn show(&mut self, level: u8, figure: Figure) -> Shown {
        self.files.push((figure.name.clone(), figure.document()));
        let width = figure.panel_width();
        Shown {
            panels: figure.inline(),
            legend: figure.legend(),
            width: (width * 0.86) as u32,
            widest: (width * 1.3) as u32,
            columns: figure.columns.min(figure.panels.len()),
            level,
            name: figure.name,
            title: figure.title,
            caption: figure.caption,
        }
    }
}

/// Rows that can be compared.
#[derive(Debug, Serialize)]
struct Group {
    title: String,
    headlines: Vec<String>,
    scores: Option<Shown>,
    glance: Option<Shown>,
    learning: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Line {
    anchor: String,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    text: String,
    numeric: bool,
}

/// A run that is not done, or a directory that is no run.
#[derive(Debug, Serialize)]
struct Problem {
    what: String,
    why: String,
}

/// What a table claims, in sentences.
#[derive(Debug, Serialize)]
struct Claim {
    anchor: String,
    title: String,
    scale: String,
    lines: Vec<String>,
}

fn claim(table: &RunTable) -> Claim {
    let RunTable { name, results, .. } = table;
    Claim {
        anchor: format!("table-{name}"),
        title: results.title().into(),
        scale: results.scale().into(),
        lines: results.headlines(),
    }
}

/// What the template of the page is given.
#[derive(Debug, Serialize)]
struct Context {
    style: String,
    version: &'static str,
    runs: String,
    rows: String,
    heads: Vec<Cell>,
    lines: Vec<Line>,
    groups: Vec<Group>,
    /// What tables claim.
    claims: Vec<Claim>,
    /// In HTML.
    tables: Vec<String>,
    hinges: Option<hinges::Section>,
    /// What units can be, and what they cost, where there are any.
    units: Vec<Shown>,
    problems: Vec<Problem>,
    /// The units as JSON, and the script that shows them; where there are any.
    browser: Option<String>,
    script: &'static str,
    sections: Vec<row::Section>,
}

/// Renders rows, tables and what could not be read.
///
/// # Errors
/// A template that cannot be rendered.
pub fn render(rows: &[Row], tables: &[RunTable], damaged: &[Damaged]) -> Result<Page> {
    let mut gallery = Gallery::default();
    let looks = looks(rows);
    let room = Room::on(rows);
    let mut observed: Vec<Observed> =
        (0..rows.len()).map(|i| Observed::of(&rows[i], room, stands_for_group(rows, i))).collect();
    let groups = groups(rows, &looks, &mut observed, &mut gallery);
    let left = observed.iter_mut().filter_map(|row| row.left.take()).collect();
    let hinges = hinges::section(rows, left, &mut gallery);
    let browser = observed.iter_mut().filter_map(|row| row.units.take()).collect();
    let units = if rows.iter().any(Row::has_units) {
        let costs = rows.iter().zip(&mut observed);
        let costs =
            costs.filter_map(|(row, observed)| Some((row.label.as_str(), observed.cost.take()?)));
        let cost = figure::cost("cost-of-the-activation", costs.collect());
        let figures = [Some(figure::samples("one-hinge")), cost];
        figures.into_iter().flatten().map(|figure| gallery.show(3, figure)).collect()
    } else {
        Vec::new()
    };
    let sections: Vec<row::Section> = rows
        .iter()
        .zip(observed)
        .map(|(row, observed)| row::section(row, observed, &mut gallery))
        .collect();
    let mut environment = Environment::new();
    environment.add_template("page.html", include_str!("../templates/page.html"))?;
    environment.add_template("figure.html", include_str!("../templates/figure.html"))?;
    environment.add_template("browser.html", include_str!("../templates/browser.html"))?;
    environment.add_template("row.html", include_str!("../templates/row.html"))?;
    environment.add_template("run.html", include_str!("../templates/run.html"))?;
    let Table { columns, rows: cells } = table::summary(rows);
    let lines: Vec<Line> = rows
        .iter()
        .zip(cells)
        .map(|(row, cells)| {
            let cells = cells.into_iter().zip(&columns);
            let cells = cells.map(|(text, column)| Cell { text, numeric: column.numeric });
            Line { anchor: row.slug.clone(), cells: cells.collect() }
        })
        .collect();
    let heads: Vec<Cell> =
        columns.iter().map(|c| Cell { text: c.title.into(), numeric: c.numeric }).collect();
    let runs: usize = rows.iter().map(|row| row.runs().len()).sum();
    let context = Value::from(Serde(Context {
        style: format!("{}\n{}", figure::css(), include_str!("../templates/page.css")),
        version: env!("CARGO_PKG_VERSION"),
        runs: plural(runs, "run"),
        rows: plural(rows.len(), "row"),
        heads,
        lines,
        groups,
        claims: tables.iter().map(claim).collect(),
        tables: tables
            .iter()
            .map(|table| {
                let document = table.results.document(Claims::Columns);
                document.html(&format!("table-{}", table.name), 3)
            })
            .collect::<Result<_>>()?,
        hinges,
        units,
        problems: problems(rows, damaged),
        browser: browser::Browser::json(browser),
        script: include_str!("../templates/browser.js"),
        sections,
    }));
    let html = environment.get_template("page.html")?.render(context)?;
    Ok(Page { html, figures: gallery.files })
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("{count} {what}") } else { format!("{count} {what}s") }
}

/// How each row looks wherever it stands beside others.
fn looks(rows: &[Row]) -> Vec<String> {
    let look = |i: usize| {
        let beside = |&other: &usize| rows[other].comparison() == rows[i].comparison();
        look_among(rows, &(0..i).filter(beside).collect::<Vec<_>>(), i)
    };
    (0..rows.len()).map(look).collect()
}

/// Whether a row is the first with units that is done among those it can be compared with.
fn stands_for_group(rows: &[Row], i: usize) -> bool {
    let shows = |row: &Row| row.has_units() && row.done().next().is_some();
    let before = |row: &Row| shows(row) && row.comparison() == rows[i].comparison();
    shows(&rows[i]) && !rows[..i].iter().any(before)
}

fn groups(
    rows: &[Row],
    looks: &[String],
    observed: &mut [Observed],
    gallery: &mut Gallery,
) -> Vec<Group> {
    let mut comparisons: Vec<Comparison> = Vec::new();
    for row in rows {
        if !comparisons.contains(&row.comparison()) {
            comparisons.push(row.comparison());
        }
    }
    let mut groups = Vec::with_capacity(comparisons.len());
    for (i, comparison) in comparisons.iter().enumerate() {
        let members: Vec<usize> =
            (0..rows.len()).filter(|&row| rows[row].comparison() == *comparison).collect();
        let looked: Vec<(&Row, String)> =
            members.iter().map(|&row| (&rows[row], looks[row].clone())).collect();
        let suffix = if comparisons.len() > 1 { format!("-{}", i + 1) } else { String::new() };
        let name = |what: &str| format!("{what}{suffix}");
        let scores = figure::scores(&name("scores"), "Scores of the seeds".into(), &looked);
        let glance = members.iter().find_map(|&row| observed[row].glance.take());
        let glance = glance.map(|figure| Figure { name: name("glance"), ..figure });
        let learning =
            parts(rows, &members).into_iter().enumerate().map(|(i, (title, rows_of))| {
                let name = if i > 0 {
                    format!("{}-{}", name("learning"), i + 1)
                } else {
                    name("learning")
                };
                let looked: Vec<(&Row, String)> = rows_of
                    .iter()
                    .enumerate()
                    .map(|(place, &row)| (&rows[row], look_among(rows, &rows_of[..place], row)))
                    .collect();
                figure::learning(&name, title, &looked)
            });
        let learning: Vec<Figure> = learning.flatten().collect();
        groups.push(Group {
            title: comparison.title(),
            headlines: members.iter().filter_map(|&row| headline(rows, row)).collect(),
            scores: scores.map(|figure| gallery.show(4, figure)),
            glance: glance.map(|figure| gallery.show(4, figure)),
            learning: learning.into_iter().map(|figure| gallery.show(4, figure)).collect(),
        });
    }
    groups
}

/// Rows that one figure can show so that they are told apart.
const TOGETHER: usize = 12;

/// Rows in figures of learning curves, with titles: all in one, or by the parts of their tables, each with the table's ReLU.
fn parts(rows: &[Row], members: &[usize]) -> Vec<(String, Vec<usize>)> {
    let title = "Loss and score against epochs";
    if members.len() <= TOGETHER {
        return vec![(title.into(), members.to_vec())];
    }
    let mut parts: Vec<(Option<&Part>, Vec<usize>)> = Vec::new();
    for &row in members {
        let part = rows[row].part.as_ref();
        match parts.iter_mut().find(|(known, _)| *known == part) {
            Some((_, of_part)) => of_part.push(row),
            None => parts.push((part, vec![row])),
        }
    }
    let table = |row: usize| rows[row].part.as_ref().map(|part| part.table);
    let all_relu = |of_part: &[usize]| of_part.iter().all(|&row| rows[row].is_relu());
    let others = parts.iter().any(|(_, of_part)| !all_relu(of_part));
    let shown = parts.into_iter().filter(|(_, of_part)| !(others && all_relu(of_part)));
    shown
        .map(|(part, of_part)| {
            let has_relu = of_part.iter().any(|&row| rows[row].is_relu());
            let relu = members.iter().copied().filter(|&row| {
                !has_relu && rows[row].is_relu() && table(row) == part.map(|part| part.table)
            });
            let rows = relu.chain(of_part.iter().copied()).collect();
            let names = part.map(|part| {
                let section = part.section.as_ref().map(|section| format!(": {section}"));
                format!("{}{}", part.title, section.unwrap_or_default())
            });
            (format!("{title}, {}", names.unwrap_or_else(|| "other rows".into())), rows)
        })
        .collect()
}

/// How a row looks behind others of one figure.
fn look_among(rows: &[Row], before: &[usize], row: usize) -> String {
    let same = before.iter().filter(|&&other| rows[other].is_relu() == rows[row].is_relu());
    figure::look(rows[row].is_relu(), same.count())
}

/// A row's result in a sentence; `None` where no run is done.
fn headline(rows: &[Row], i: usize) -> Option<String> {
    let row = rows.get(i)?;
    let measure = row.measure()?;
    let own =
        format!("{}: {} {} {}", row.label, row.score_split(), measure.name, table::score(row));
    let Some(against) = table::against(rows, i) else { return Some(format!("{own}.")) };
    let relu = &against.relu.label;
    let size = against.size();
    let compared = match against.better {
        Some(better) => {
            let word = if better { "better" } else { "worse" };
            format!("{size} {word} than {relu}")
        }
        None => format!("the same as {relu}"),
    };
    let caveat = if against.same_otherwise { "" } else { " (other settings differ too)" };
    Some(format!("{own}, {compared}{caveat}."))
}

/// Runs that are not done, with why, and directories that are no runs.
fn problems(rows: &[Row], damaged: &[Damaged]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for row in rows {
        for mismatch in row.mismatches() {
            let why = format!("{mismatch}; their mean is over different things");
            problems.push(Problem { what: row.label.clone(), why });
        }
        for run in row.runs() {
            let what = format!("{}, seed {}", row.label, run.summary.seed);
            if let Some(why) = run::unfinished(run) {
                problems.push(Problem { what: what.clone(), why });
            }
            for why in &run.problems {
                problems.push(Problem { what: what.clone(), why: why.clone() });
            }
        }
    }
    let damaged = damaged.iter().map(|directory| Problem {
        what: directory.path.display().to_string(),
        why: directory.error.clone(),
    });
    problems.extend(damaged);
    problems
}

/// The name of a row's figure: two dashes, which no part has, keep the names of different rows apart.
fn figure_name(row: &Row, what: &str) -> String {
    format!("{}--{}", row.slug, format::plain(what))
}
