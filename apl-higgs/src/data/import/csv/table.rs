//! The lines of a table: its header, and its rows.

use std::{io::BufRead, path::Path};

use super::super::{
    ImportOptions,
    cell::{Cell, quoted},
    columns::Plan,
    rows::{Bad, Rows},
};
use crate::{Error, Result, data::layout::UCI};

/// How many rows are looked at to find out which column is the label.
const LOOKED_AT: usize = 1000;
/// How a text may begin that says it is UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Rows out of a block.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) rows: Rows,
    /// How many line ends the block has, up to the row with which reading ended.
    pub(super) lines: u64,
}

/// The plan for a table, from its first lines, and where its rows begin.
///
/// # Errors
/// No lines; columns that cannot be told apart or are not named.
pub(super) fn begin(path: &Path, text: &[u8], options: &ImportOptions) -> Result<(Plan, usize)> {
    let mark = if text.starts_with(MARK) { MARK.len() } else { 0 };
    let wrong = |found: String, expected: &str, hint: &str| Error::File {
        path: path.into(),
        found,
        expected: expected.into(),
        hint: hint.into(),
    };
    let mut place = mark;
    for line in text[mark..].split_inclusive(|&byte| byte == b'\n') {
        let row = line.trim_ascii();
        if row.is_empty() {
            place += line.len();
            continue;
        }
        let row = std::str::from_utf8(row).map_err(|_| {
            wrong("bytes that are no text".into(), "a table of text", "is this the right file?")
        })?;
        let fields = fields(row);
        if counts(&fields) {
            // A header all the same, as pandas gives one to a table without names.
            place += line.len();
            continue;
        }
        if fields.iter().any(|field| number(field).is_some()) {
            let (columns, numbered) = names(path, fields.len(), &text[place..], options)?;
            return Ok((Plan::choose(path, columns, numbered, options)?, place));
        }
        let columns = fields.iter().map(|field| field.trim().to_string()).collect();
        return Ok((Plan::choose(path, columns, false, options)?, place + line.len()));
    }
    Err(wrong("no rows".into(), "at least one", "download the file again"))
}

/// Whether fields are the numbers of their columns, from 0 or 1.
fn counts(fields: &[String]) -> bool {
    let counts = |first: usize| {
        let number = |(i, field): (usize, &String)| field.trim() == (first + i).to_string();
        fields.len() > 2 && fields.iter().enumerate().all(number)
    };
    counts(0) || counts(1)
}

/// Names for the columns of a table without a header, and whether numbers are meant to name them.
fn names(
    path: &Path,
    count: usize,
    text: &[u8],
    options: &ImportOptions,
) -> Result<(Vec<String>, bool)> {
    let numbers = || (1..=count).map(|number| number.to_string()).collect();
    let uci = count == UCI.features.len() + 1;
    let last = match options.label.as_deref() {
        None if uci => label_is_last(text, count),
        None => {
            return Err(Error::File {
                path: path.into(),
                found: format!("{count} columns without a header"),
                expected: format!(
                    "a header, or the {} columns of {}",
                    UCI.features.len() + 1,
                    UCI.name
                ),
                hint: "`apl data import --label` is the number of the label's column where there is no header".into(),
            });
        }
        Some("1") if uci => false,
        Some(number) if uci && number == count.to_string() => true,
        Some(_) => return Ok((numbers(), true)),
    };
    let mut names: Vec<String> = UCI.features.iter().map(|name| name.to_string()).collect();
    names.insert(if last { names.len() } else { 0 }, UCI.label[0].into());
    Ok((names, true))
}

/// Whether it is rather the last column than the first that holds labels, in the first rows.
fn label_is_last(text: &[u8], count: usize) -> bool {
    let mut labels = [0; 2];
    for line in text.split(|&byte| byte == b'\n').take(LOOKED_AT) {
        let fields = std::str::from_utf8(line).map(fields).unwrap_or_default();
        if fields.len() == count {
            for (labels, field) in labels.iter_mut().zip([&fields[0], &fields[count - 1]]) {
                *labels += usize::from(Cell::Text(field).label().is_ok());
            }
        }
    }
    labels[1] > labels[0]
}

/// The rows of a block.
pub(super) fn parse(text: &[u8], plan: &Plan) -> Parsed {
    // About so many as there would be with ten characters a field: more room is made where it is needed.
    let mut rows = Rows::with_room(text.len() / (10 * plan.roles.len()) + 1, plan);
    let any_quotes = text.contains(&b'"');
    let mut lines = 0;
    let mut rest = text;
    loop {
        let start = rest;
        // In a slice of bytes this is a search that cannot fail.
        let Ok(length @ 1..) = rest.skip_until(b'\n') else { break };
        let (line, row) = (&start[..length], lines);
        lines += u64::from(line.ends_with(b"\n"));
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let go_on = match std::str::from_utf8(line) {
            Ok(line) if any_quotes && line.contains('"') => {
                rows.push(plan, row, fields(line).iter().map(|field| Cell::Text(field)))
            }
            Ok(line) => rows.push(plan, row, line.split(',').map(Cell::Text)),
            Err(_) => {
                let shown = quoted(&String::from_utf8_lossy(line));
                rows.leave_out(plan, row, Bad::row(shown, "text in UTF-8"))
            }
        };
        if !go_on {
            break;
        }
    }
    Parsed { rows, lines }
}

/// How many line ends there are.
pub(super) fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// The fields of a line, without the quotes they may stand in.
fn fields(line: &str) -> Vec<String> {
    if !line.contains('"') {
        return line.split(',').map(String::from).collect();
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    // A line of text without line ends is one record, whatever its quotes.
    match reader.read_record(&mut record) {
        Ok(_) => record.iter().map(String::from).collect(),
        Err(_) => Vec::new(),
    }
}

/// A finite number, if a field is one.
fn number(field: &str) -> Option<f64> {
    field.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
