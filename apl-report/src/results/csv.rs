//! Results as comma-separated values, for programs: numbers in full, a line a row and a line a difference.

use apl_train::table::{Evidence, Paper};

use crate::{
    Result,
    results::{Examples, Results, Verdict},
    statistics::FEWEST,
};

const ROWS: [&str; 19] = [
    "scale",
    "section",
    "column",
    "id",
    "row",
    "kind",
    "score",
    "unit",
    "paper",
    "paper_std",
    "paper_evidence",
    "planned",
    "n",
    "mean",
    "std",
    "low",
    "high",
    "seeds",
    "values",
];
const DIFFERENCES: [&str; 13] = [
    "scale",
    "row",
    "against",
    "difference",
    "low",
    "high",
    "examples_low",
    "examples_high",
    "p_adjusted",
    "r",
    "r_seeds",
    "missed_half_the_time",
    "paper",
];

impl Results {
    /// A line a row: the paper's number, and the mean of ours with its sample standard deviation and its 95 % interval: over seeds, and of an ensemble
    /// over test examples. `seeds` and `values` are lists of one length with `;` between. What is not known is empty.
    ///
    /// # Errors
    /// None that a reader could cause.
    pub fn csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(ROWS)?;
        for (row, measured) in self.record.rows.iter().zip(&self.measured) {
            let measured = measured.as_ref();
            let statistics = measured.and_then(|measured| measured.statistics());
            let measure = measured.and_then(|measured| measured.measure.as_ref());
            let members = measured.and_then(|measured| measured.ensemble);
            let interval = match (members, measured.and_then(|measured| measured.interval)) {
                (Some(_), Some(interval)) => Some((interval.low, interval.high)),
                (Some(_), None) => None,
                (None, _) => statistics
                    .filter(|s| s.n >= FEWEST)
                    .and_then(|s| s.interval().map(|half| (s.mean - half, s.mean + half))),
            };
            let scores = measured.map(|m| m.scores.as_slice()).unwrap_or_default();
            let joined =
                |of: fn(&(u64, f64)) -> String| scores.iter().map(of).collect::<Vec<_>>().join(";");
            let kind = match (measured.is_some(), members) {
                (false, _) => "constant".into(),
                (true, None) => "seeds".into(),
                (true, Some(members)) => format!("ensemble of {members}"),
            };
            writer.write_record([
                self.record.scale.clone(),
                row.section.clone().unwrap_or_default(),
                row.column.clone().unwrap_or_default(),
                row.id.clone(),
                row.label.clone(),
                kind,
                measure.map(|measure| measure.name.clone()).unwrap_or_default(),
                measure.map(|measure| measure.unit.clone()).unwrap_or_default(),
                known(row.paper.map(|paper| paper.mean)),
                known(row.paper.and_then(|paper| paper.std)),
                row.paper.map(evidence).unwrap_or_default().into(),
                known(measured.map(|measured| measured.planned)),
                known(statistics.map(|s| s.n)),
                known(statistics.map(|s| s.mean)),
                known(statistics.and_then(|s| s.deviation)),
                known(interval.map(|(low, _)| low)),
                known(interval.map(|(_, high)| high)),
                joined(|(seed, _)| seed.to_string()),
                joined(|(_, score)| score.to_string()),
            ])?;
        }
        text(writer)
    }

    /// A line a difference that the table claims: the first row's mean minus the second's, its 95 % interval over seeds, the one over test
    /// examples (at most so wide where the runs do not keep what each came to), and Holm's p-value over the table. What is
    /// not known is empty.
    ///
    /// # Errors
    /// None that a reader could cause.
    pub fn differences_csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(DIFFERENCES)?;
        for claimed in &self.differences {
            let [one, other] = claimed.rows.map(|row| &self.record.rows[row]);
            let (size, half, p) = match claimed.verdict {
                Verdict::Compared { difference, interval, p, .. } => {
                    (Some(difference), interval, p)
                }
                _ => (None, None, None),
            };
            let end = |sign: f64| size.zip(half).map(|(size, half)| size + sign * half);
            let examples = match claimed.examples {
                Some(Examples::Paired(spread)) => Some((spread.low, spread.high)),
                Some(Examples::AtMost(half)) => size.map(|size| (size - half, size + half)),
                None => None,
            };
            let paper = one.paper.zip(other.paper).map(|(one, other)| one.mean - other.mean);
            writer.write_record([
                self.record.scale.clone(),
                one.id.clone(),
                other.id.clone(),
                known(size),
                known(end(-1.0)),
                known(end(1.0)),
                known(examples.map(|(low, _)| low)),
                known(examples.map(|(_, high)| high)),
                known(p),
                known(claimed.pairing.map(|pairing| pairing.correlation)),
                known(claimed.pairing.map(|pairing| pairing.seeds)),
                known(claimed.missed),
                known(paper),
            ])?;
        }
        text(writer)
    }
}

fn known(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn evidence(paper: Paper) -> &'static str {
    match paper.evidence {
        Evidence::Confirmed => "confirmed",
        Evidence::Remembered => "remembered",
    }
}

fn text(writer: csv::Writer<Vec<u8>>) -> Result<String> {
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
