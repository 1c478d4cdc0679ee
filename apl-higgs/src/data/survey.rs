//! A look at an event file: its features in numbers.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::{
    Result,
    data::{EventFile, Progress},
};

/// Rows that are read at a time.
const PIECE: usize = 8192;

/// What an event file holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Survey {
    /// The file's name.
    pub file: String,
    /// What it was made from: the source's name and kind.
    pub source: String,
    /// Events.
    pub events: usize,
    /// How many of them are signal.
    pub signal: usize,
    /// The sums of the weights of background and signal, where there are any.
    pub weights: Option<[f64; 2]>,
    /// Rows of the source that were left out.
    pub skipped: u64,
    /// The digest of the content, which was checked.
    pub digest: String,
    /// Feature by feature.
    pub features: Vec<Feature>,
}

/// A feature in numbers, over the events that have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// The mean over background and over signal.
    pub means: [f64; 2],
    /// The standard deviation over all.
    pub deviation: f64,
    /// The smallest value.
    pub least: f32,
    /// The largest value.
    pub most: f32,
    /// The share of events without it.
    pub missing: f64,
}

/// Sums over a feature's values, less the first of them.
#[derive(Clone, Copy)]
struct Sums {
    first: f64,
    counts: [f64; 2],
    sums: [f64; 2],
    squares: f64,
    least: f32,
    most: f32,
}

impl Survey {
    /// Reads a file whole, and checks its contents against its digest.
    ///
    /// `progress` hears how far it has come; an error that it returns ends the work and is passed on.
    ///
    /// # Errors
    /// A damaged file.
    pub fn of(
        events: &EventFile,
        progress: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Self> {
        events.verify()?;
        let width = events.features().len();
        let none = Sums {
            first: f64::NAN,
            counts: [0.0; 2],
            sums: [0.0; 2],
            squares: 0.0,
            least: f32::INFINITY,
            most: f32::NEG_INFINITY,
        };
        let mut sums = vec![none; width];
        let (mut signal, mut totals) = (0, [0.0; 2]);
        for first in (0..events.rows()).step_by(PIECE) {
            let share = first as f64 / events.rows() as f64;
            progress(Progress { rows: first as u64, share })?;
            let rows = first..events.rows().min(first + PIECE);
            let mut features = vec![0.0; rows.len() * width];
            let (mut labels, mut weights) = (vec![0; rows.len()], vec![0.0; rows.len()]);
            let to = events.has_weights().then_some(&mut weights[..]);
            events.read_rows(rows, &mut features, &mut labels, to)?;
            for ((row, &label), &weight) in features.chunks_exact(width).zip(&labels).zip(&weights)
            {
                signal += usize::from(label);
                totals[usize::from(label)] += f64::from(weight);
                sums.iter_mut().zip(row).for_each(|(sums, &x)| sums.add(x, label));
            }
        }
        let about = events.about();
        let features = about.features.iter().zip(&sums);
        Ok(Self {
            file: events.path().display().to_string(),
            source: format!("{}, {}", about.source.file, about.source.kind),
            events: events.rows(),
            signal,
            weights: events.has_weights().then_some(totals),
            skipped: about.skipped,
            digest: about.digest.clone(),
            features: features.map(|(name, sums)| sums.feature(name, events.rows())).collect(),
        })
    }

    /// The survey without its features.
    pub fn heading(&self) -> String {
        let Self { file, source, events, signal, digest, .. } = self;
        let background = events - signal;
        let mut lines = vec![
            format!("{file} (from {source})"),
            format!("{events} events, {signal} signal and {background} background"),
        ];
        if let Some([background, signal]) = self.weights {
            lines.push(format!("weights: signal {signal:.6}, background {background:.6}"));
        }
        if self.skipped > 0 {
            lines.push(format!("{} rows of the source left out", self.skipped));
        }
        lines.push(format!(
            "{} features; digest {digest}, as the contents have it",
            self.features.len()
        ));
        lines.join("\n")
    }
}

impl Sums {
    fn add(&mut self, x: f32, label: u8) {
        if x.is_nan() {
            return;
        }
        if self.first.is_nan() {
            self.first = f64::from(x);
        }
        let (away, class) = (f64::from(x) - self.first, usize::from(label));
        self.counts[class] += 1.0;
        self.sums[class] += away;
        self.squares += away * away;
        (self.least, self.most) = (self.least.min(x), self.most.max(x));
    }

    fn feature(&self, name: &str, events: usize) -> Feature {
        let [count, sum] = [self.counts, self.sums].map(|both| both[0] + both[1]);
        let variance = self.squares / count - (sum / count) * (sum / count);
        Feature {
            name: name.into(),
            means: [0, 1].map(|class| self.first + self.sums[class] / self.counts[class]),
            deviation: variance.max(0.0).sqrt(),
            least: self.least,
            most: self.most,
            missing: 1.0 - count / events.max(1) as f64,
        }
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.heading())?;
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "feature",
            "background mean",
            "signal mean",
            "deviation",
            "least",
            "most",
            "missing",
        ]);
        for feature in &self.features {
            let missing = match feature.missing {
                0.0 => String::new(),
                share => format!("{:.1} %", 100.0 * share),
            };
            let number = |value: f64| if value.is_finite() { short(value) } else { "–".into() };
            table.add_row([
                feature.name.clone(),
                number(feature.means[0]),
                number(feature.means[1]),
                number(feature.deviation),
                number(f64::from(feature.least)),
                number(f64::from(feature.most)),
                missing,
            ]);
        }
        for column in 1..7 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.to_string().lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number to about four digits.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 || (size > 0.0 && size < 1e-3) => format!("{value:.3e}"),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::testing;

    #[test]
    fn features_come_in_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.safetensors");
        let mut writer = testing::writer(&path, 2, true);
        let nan = f32::NAN;
        writer
            .append(&[1.0, nan, 3.0, 5.0, 8.0, 7.0, 4.0, nan], &[0, 0, 1, 1], &[0.5, 0.5, 2.0, 3.0])
            .unwrap();
        let survey = Survey::of(&writer.finish("", 2).unwrap(), &mut |_| Ok(())).unwrap();
        assert_eq!((survey.events, survey.signal, survey.weights), (4, 2, Some([1.0, 5.0])));
        let [one, other] = &survey.features[..] else { panic!() };
        assert_eq!((one.means, one.least, one.most, one.missing), ([2.0, 6.0], 1.0, 8.0, 0.0));
        assert!((one.deviation - 6.5f64.sqrt()).abs() < 1e-12);
        assert_eq!((other.means, other.deviation, other.missing), ([5.0, 7.0], 1.0, 0.5));
        let text = survey.to_string();
        for part in [
            "4 events, 2 signal and 2 background\nweights: signal 5.000000, background 1.000000\n2 rows of the source left out",
            "feature  background mean  signal mean",
            "x1                 5.000        7.000      1.000  5.000  7.000   50.0 %",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
