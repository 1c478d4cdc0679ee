//! `claims.toml`: sentences of published texts, and where their numbers come from.
//!
//! ```toml
//! [[claim]]
//! file = "README.md"
//! says = "worse* than ReLU by 1.3 points (p = 0.03)"
//! numbers = ["cpu/table3 s1-frozen relu difference", "cpu/table3 s1-frozen relu p"]
//! ```
//!
//! The numbers of a sentence belong in order to those named: `TABLE ROW mean|std|n|low|high|validation|validation-std` of a row, `TABLE ROW ROW
//! difference|low|high|half|p|missed|examples` of a planned difference; `-` is no number of the runs. Signs are left out of account where a sentence puts
//! them in words.

use std::path::Path;

use apl_train::run::{Summary, metrics};
use serde::Deserialize;

use super::Checked;
use crate::{
    choice,
    load::Table,
    results::{Results, Verdict},
    statistics::{FEWEST, Statistics},
};

const FILE: &str = "claims.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(default)]
    claim: Vec<Claim>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    file: String,
    says: String,
    numbers: Vec<String>,
}

/// Checks every claim of a folder; without the file there is none.
pub(super) fn check(folder: &Path, tables: &[Table], checked: &mut Checked) {
    let path = folder.join(FILE);
    if !path.exists() {
        return;
    }
    let claims = fs_err::read_to_string(&path).map_err(|error| error.to_string());
    let claims = claims.and_then(|text| {
        toml::from_str::<Claims>(&text).map_err(|error| error.to_string().trim_end().to_string())
    });
    match claims {
        Err(error) => checked.problems.push(format!("{}: {error}", path.display())),
        Ok(Claims { claim }) => {
            for claim in &claim {
                if let Err(problem) = claim.check(folder, tables, checked) {
                    checked.problems.push(format!(
                        "{}: \"{}\": {problem}",
                        folder.join(&claim.file).display(),
                        claim.says
                    ));
                }
            }
        }
    }
}

impl Claim {
    fn check(&self, folder: &Path, tables: &[Table], checked: &mut Checked) -> Result<(), String> {
        let text = fs_err::read_to_string(folder.join(&self.file)).map_err(|e| e.to_string())?;
        // A line may be broken anywhere.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words(&text).contains(&words(&self.says)) {
            return Err("is not in the file".into());
        }
        let said = numbers(&self.says);
        if said.len() != self.numbers.len() {
            let (found, expected) = (said.len(), self.numbers.len());
            return Err(format!("has {found} numbers, of which {expected} have a source"));
        }
        for (said, source) in said.iter().zip(&self.numbers) {
            if source == "-" {
                continue;
            }
            let value = value(source, tables)?;
            checked.numbers += 1;
            let shown = format!("{:.*}", said.decimals, value.abs());
            let signed = !said.negative || value < 0.0;
            if shown != said.text || !signed {
                return Err(format!("says {}, {source} is {value}", said.text));
            }
        }
        Ok(())
    }
}

/// A number as it is written, without its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    text: String,
    decimals: usize,
    negative: bool,
}

/// The numbers of a sentence; what is part of a word is none.
fn numbers(text: &str) -> Vec<Said> {
    let letters: Vec<char> = text.chars().collect();
    let (mut found, mut i) = (Vec::new(), 0);
    while i < letters.len() {
        if !letters[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        let start = i;
        while i < letters.len()
            && (letters[i].is_ascii_digit()
                || letters[i] == '.' && letters.get(i + 1).is_some_and(char::is_ascii_digit))
        {
            i += 1;
        }
        let before = start.checked_sub(1).map(|place| letters[place]);
        let in_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '-');
        if !in_word {
            let text: String = letters[start..i].iter().collect();
            let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.len());
            found.push(Said { text, decimals, negative: before == Some('−') });
        }
    }
    found
}

/// The value of a source, `cpu/table3 s1-frozen relu p`.
fn value(source: &str, tables: &[Table]) -> Result<f64, String> {
    let parts: Vec<&str> = source.split_whitespace().collect();
    let unknown = || format!("no such number: {source}");
    let (&name, rest) = parts.split_first().ok_or_else(unknown)?;
    let table = tables
        .iter()
        .find(|table| format!("{}/{}", table.results.scale(), table.stem) == name)
        .ok_or_else(|| format!("no table {name}"))?;
    let found = match rest {
        [row, what] => of_row(&table.results, row, what),
        [one, other, what] => of_difference(&table.results, [one, other], what),
        _ => None,
    };
    found.ok_or_else(unknown)
}

fn of_row(results: &Results, row: &str, what: &str) -> Option<f64> {
    let measured = results.row(row)?;
    let statistics = measured.statistics()?;
    let validation = || {
        let scores = measured.runs.iter().map(|run| {
            let (metrics, summary) = (metrics::read(run).ok()?, Summary::read(run).ok()?);
            choice::validation(&metrics, &summary)
        });
        Statistics::of(scores.collect::<Option<Vec<f64>>>()?)
    };
    let half = || statistics.interval().filter(|_| statistics.n >= FEWEST);
    match what {
        "mean" => Some(statistics.mean),
        "std" => statistics.deviation,
        "n" => Some(statistics.n as f64),
        "low" => half().map(|half| statistics.mean - half),
        "high" => half().map(|half| statistics.mean + half),
        "validation" => Some(validation()?.mean),
        "validation-std" => validation()?.deviation,
        _ => None,
    }
}

fn of_difference(results: &Results, rows: [&str; 2], what: &str) -> Option<f64> {
    let claimed = results.difference(rows)?;
    let Verdict::Compared { difference, interval, p, .. } = claimed.verdict else { return None };
    match what {
        "difference" => Some(difference),
        "low" => interval.map(|half| difference - half),
        "high" => interval.map(|half| difference + half),
        "half" => interval,
        "p" => p,
        "missed" => claimed.missed,
        "examples" => claimed.examples.map(|examples| examples.half()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let said = |text: &str| -> Vec<(String, usize, bool)> {
            numbers(text).into_iter().map(|s| (s.text, s.decimals, s.negative)).collect()
        };
        let found = said("S = 5, −0.40 and 12 points (p = 0.003). CIFAR-10, act5, 1.");
        let expected = [
            ("5", 0, false),
            ("0.40", 2, true),
            ("12", 0, false),
            ("0.003", 3, false),
            ("1", 0, false),
        ];
        assert_eq!(
            found,
            expected.map(|(text, decimals, sign)| (text.to_string(), decimals, sign))
        );
    }
}
