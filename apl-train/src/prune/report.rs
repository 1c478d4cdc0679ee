//! What came of pruning a network, for a reader and for a program.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::{
    inspect::thousands,
    rescore::Rescore,
    run::{Predictions, largest},
};

/// A network and what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pruning {
    /// The network as training left it.
    #[serde(flatten)]
    pub whole: Rescore,
    /// The smaller one, on the same examples.
    pub pruned: Smaller,
}

/// A network with fewer hinges.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Smaller {
    /// No unit was changed by as much, between its smallest and its largest observed input.
    pub tolerance: f64,
    /// How many training examples units were observed on: all of them.
    pub observed: usize,
    /// The mean loss.
    pub loss: f64,
    /// The score, where these examples have one.
    pub score: Option<f64>,
    /// How far its outputs are from the whole network's.
    pub changed: Change,
    /// The layers with hinges, in order.
    pub layers: Vec<LayerLine>,
    /// Numbers of both networks.
    pub parameters: Parameters,
}

/// Outputs of one network beside those of another on the same examples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// Examples for which another output is the largest or, where there is one output, its sign is another.
    pub predictions: usize,
    /// The largest difference of an output.
    pub output: f64,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LayerLine {
    /// Its name.
    pub name: String,
    /// `apl`, or `relu` where no hinge is left.
    pub kind: String,
    /// How far parameters are shared.
    pub sharing: String,
    /// Units with parameters of their own.
    pub units: usize,
    /// S of the whole network.
    pub hinges: usize,
    /// S': as many hinges as the unit with most has left.
    pub left: usize,
    /// Hinges that are left in all units together.
    pub total: usize,
    /// Their mean over units.
    pub mean: f64,
}

/// How many numbers the networks have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Parameters {
    /// Weights and biases, of either.
    pub weights: usize,
    /// Slopes and offsets before.
    pub before: usize,
    /// Slopes and offsets after: `2 S'` for every unit of a layer.
    pub after: usize,
    /// Slopes and offsets were every unit to keep only those it needs.
    pub ragged: usize,
}

impl Change {
    /// How far `after` is from `before`.
    pub fn between(before: &Predictions, after: &Predictions) -> Self {
        let said = |scores: &[f32]| match scores {
            [score] => usize::from(*score > 0.0),
            _ => largest(scores),
        };
        let examples = |predictions: &Predictions| predictions.outputs.max(1);
        let before_each = before.scores.chunks_exact(examples(before));
        let each = before_each.zip(after.scores.chunks_exact(examples(after)));
        let pairs = before.scores.iter().zip(&after.scores);
        let differences = pairs.map(|(one, other)| (f64::from(*one) - f64::from(*other)).abs());
        Self {
            predictions: each.filter(|(one, other)| said(one) != said(other)).count(),
            output: differences.fold(0.0, f64::max),
        }
    }
}

impl fmt::Display for Pruning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, pruned) = (&self.whole, &self.pruned);
        write!(f, "{whole}")?;
        let Change { predictions, output } = pruned.changed;
        let share = 100.0 * predictions as f64 / whole.examples.max(1) as f64;
        let score = whole.measure.found(pruned.score);
        writeln!(
            f,
            "pruned with tolerance {}: {score}, loss {:.6}",
            pruned.tolerance, pruned.loss
        )?;
        let predictions = thousands(predictions);
        writeln!(
            f,
            "predictions that changed: {predictions} ({share:.2} %); outputs changed by at most {output:.2e}\n"
        )?;
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["layer", "units", "S", "S left", "hinges left", "a unit"]);
        for line in &pruned.layers {
            let left = if line.left == 0 { "ReLU".into() } else { line.left.to_string() };
            table.add_row([
                line.name.clone(),
                thousands(line.units),
                line.hinges.to_string(),
                left,
                thousands(line.total),
                format!("{:.2}", line.mean),
            ]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for line in table.to_string().lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        let Parameters { weights, before, after, ragged } = pruned.parameters;
        let [weights, before, after, ragged] = [weights, before, after, ragged].map(thousands);
        writeln!(
            f,
            "\nslopes and offsets: {before} before, {after} now, {ragged} were every unit to keep only its own; weights and biases: {weights}"
        )?;
        let observed = thousands(pruned.observed);
        writeln!(f, "what units see was observed on all {observed} training examples")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(outputs: usize, before: &[f32], after: &[f32]) -> Change {
        let of = |scores: &[f32]| Predictions {
            outputs,
            scores: scores.to_vec(),
            ..Predictions::default()
        };
        Change::between(&of(before), &of(after))
    }

    #[test]
    fn predictions_are_the_largest_output_or_the_sign_of_the_only_one() {
        let classes = change(2, &[1.0, 2.0, 0.0, -1.0], &[1.0, 0.5, 0.0, -1.0]);
        assert_eq!(classes, Change { predictions: 1, output: 1.5 });
        let signs = change(1, &[1.0, 2.0, 0.25], &[1.0, 1.5, -0.25]);
        assert_eq!(signs, Change { predictions: 1, output: 0.5 });
        assert_eq!(change(0, &[], &[]), Change { predictions: 0, output: 0.0 });
    }
}
