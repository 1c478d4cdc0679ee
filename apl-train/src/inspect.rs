//! What a configuration builds: layers, shapes and numbers, without data.

use std::{collections::BTreeMap, fmt};

use apl_core::nn::Parameter;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::{Result, Task, config::Document, launch, plan::Plan, run::ParameterCounts};

/// A network, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// The run's name.
    pub id: String,
    /// The task.
    pub task: String,
    /// The shape of one example.
    pub input: Vec<usize>,
    /// The layers in order.
    pub layers: Vec<LayerLine>,
    /// Numbers of the whole network.
    pub parameters: ParameterCounts,
    /// M: sets of slopes and offsets, over all layers.
    pub units: usize,
    /// S; 0 for fixed activations.
    pub hinges: usize,
    /// Examples a step.
    pub batch: usize,
    /// Steps of a run.
    pub steps: u64,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerLine {
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: String,
    /// The shape of one example's output.
    pub output: Vec<usize>,
    /// Weights and biases.
    pub weights: usize,
    /// Slopes and offsets.
    pub activation: usize,
    /// What it is computed with, where there is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
}

/// Builds the network of a configuration and looks at it.
///
/// # Errors
/// A configuration that cannot be used.
pub fn inspect<T: Task>(document: &Document) -> Result<Inspection> {
    let plan = Plan::<T>::from_document(document)?;
    let network = launch::build(&plan).map_err(|error| document.blame(error))?;
    let batch = plan.config.optimizer.batch;
    let algorithms: BTreeMap<&str, String> = network.algorithms(batch).collect();
    let layers = network.layers().zip(network.shapes()).map(|(layer, output)| {
        let [weights, activation] = Parameter::counts(layer.parameters());
        LayerLine {
            name: layer.name().into(),
            kind: layer.kind().into(),
            output: output.clone(),
            weights,
            activation,
            algorithm: algorithms.get(layer.name()).cloned(),
        }
    });
    let parameters = launch::count(&network, &plan.config.optimizer);
    let hinges = plan.config.activation.hinges.unwrap_or(0);
    Ok(Inspection {
        id: plan.identity.id.clone(),
        task: T::NAME.into(),
        input: network.input_shape().to_vec(),
        layers: layers.collect(),
        units: parameters.activation / (2 * hinges).max(1),
        parameters,
        hinges,
        batch: plan.config.optimizer.batch,
        steps: plan.steps(),
    })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "layer",
            "kind",
            "output",
            "weights + biases",
            "slopes + offsets",
            "computed",
        ]);
        table.add_row(["input", "", &shape(&self.input), "", "", ""]);
        for layer in &self.layers {
            let number = |n: usize| if n == 0 { String::new() } else { thousands(n) };
            table.add_row([
                layer.name.clone(),
                layer.kind.clone(),
                shape(&layer.output),
                number(layer.weights),
                number(layer.activation),
                layer.algorithm.clone().unwrap_or_default(),
            ]);
        }
        let ParameterCounts { weights, activation, learned } = self.parameters;
        table.add_row(["total", "", "", &thousands(weights), &thousands(activation), ""]);
        for column in [3, 4] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(f, "{}\n", self.id)?;
        for line in table.to_string().lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        if self.hinges > 0 {
            let share = 100.0 * activation as f64 / weights.max(1) as f64;
            let (s, m) = (self.hinges, thousands(self.units));
            writeln!(
                f,
                "\n2 S M = 2 x {s} x {m} = {}, {share:.1} % of the weights and biases",
                thousands(activation)
            )?;
        }
        writeln!(
            f,
            "\n{} numbers are learned in {} steps of {} examples",
            thousands(learned),
            thousands(self.steps as usize),
            self.batch
        )
    }
}

fn shape(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

/// `13,741,578`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 13_741_578].map(thousands), ["0", "999", "1,000", "13,741,578"]);
    }
}
