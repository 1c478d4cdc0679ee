//! Whether what was published is what the runs say: every number is computed again from the runs that stand beside it.

mod claims;

use std::{fmt, path::Path};

use apl_train::run::Outcomes;

use crate::{Result, Sources, load};

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Runs that could be read.
    pub runs: usize,
    /// Tables that could be read.
    pub tables: usize,
    /// Numbers in sentences.
    pub numbers: usize,
    /// A line for everything that is wrong.
    pub problems: Vec<String>,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, tables, numbers, problems } = self;
        for problem in problems {
            writeln!(f, "{problem}")?;
        }
        write!(f, "{runs} runs, {tables} tables, {numbers} numbers in sentences: ")?;
        match problems.len() {
            0 => writeln!(f, "as the runs say"),
            1 => writeln!(f, "1 problem"),
            several => writeln!(f, "{several} problems"),
        }
    }
}

/// Checks a folder of published results, `docs/results`:
///
/// - every run can be read, and a score that counts wrong examples is that of the examples the run keeps;
/// - every table `<scale>/<table>.toml` has all its seeds, and `<table>-<scale>.md` is what the runs give, byte for byte;
/// - every sentence of `claims.toml` stands in its file, and its numbers are the runs'.
///
/// # Errors
/// A folder that cannot be read, or without any run.
pub fn check(folder: &Path) -> Result<Checked> {
    let sources = Sources::find(&[folder.to_path_buf()])?;
    let loaded = load::all(&sources);
    let mut checked =
        Checked { runs: loaded.runs.len(), tables: loaded.tables.len(), ..Checked::default() };
    for damaged in &loaded.damaged {
        checked.problems.push(format!("{}: {}", damaged.path.display(), damaged.error));
    }
    for run in &loaded.runs {
        let name = run.path.display();
        checked.problems.extend(run.problems.iter().map(|problem| format!("{name}: {problem}")));
        checked.problems.extend(score(run).map(|problem| format!("{name}: {problem}")));
    }
    for table in &loaded.tables {
        let path = folder.join(format!("{}-{}.md", table.stem, table.results.scale()));
        if !table.results.complete() {
            checked.problems.push(format!("{}: some seeds are missing", path.display()));
        }
        let found = fs_err::read_to_string(&path);
        let problem = match found {
            Ok(text) => difference(&text, &table.results.to_string()),
            Err(error) => Some(error.to_string()),
        };
        checked.problems.extend(problem.map(|problem| format!("{}: {problem}", path.display())));
    }
    claims::check(folder, &loaded.tables, &mut checked);
    Ok(checked)
}

/// What is wrong with a score that counts wrong examples.
fn score(run: &load::Run) -> Option<String> {
    let score = run.summary.score.as_ref().filter(|score| score.measure.unit == "%")?;
    let outcomes = match Outcomes::read(&run.path) {
        Ok(outcomes) => outcomes?,
        Err(error) => return Some(error.to_string()),
    };
    let wrong = outcomes.error_percent()?;
    let apart = (wrong - score.value).abs() > 1e-9;
    apart.then(|| format!("the score is {}, of its examples {wrong} % are wrong", score.value))
}

/// The first line in which a published text differs from what it should be.
fn difference(found: &str, expected: &str) -> Option<String> {
    if found == expected {
        return None;
    }
    let (mut left, mut right) = (found.lines(), expected.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (one, other) = (left.next(), right.next());
        if one != other || one.is_none() {
            let shown = |line: Option<&str>| {
                line.map_or_else(
                    || "the end".into(),
                    |line| format!("`{}`", crate::format::cut(line, 160)),
                )
            };
            return Some(format!(
                "line {number}: found {}, the runs give {}",
                shown(one),
                shown(other)
            ));
        }
    }
}
