//! The browser of units: what its script needs, as data on the page. With scripts off it is hidden, and the figures show what the rule picks.

use apl_train::run::activations::{Activations, Histogram, LayerActivations, Moment};
use serde::Serialize;

use crate::{figure, row::Row, sample};

/// Numbers on the page, over all rows: some two megabytes at most.
const NUMBERS: usize = 250_000;
/// The most units of a layer.
const UNITS: usize = 200;

/// The rows with units.
#[derive(Debug, Serialize)]
pub(super) struct Browser {
    rows: Vec<Learned>,
}

/// A row's units, of the run that the page shows.
#[derive(Debug, Serialize)]
pub(super) struct Learned {
    label: String,
    seed: u32,
    layers: Vec<Layer>,
}

/// Units of a layer.
#[derive(Debug, Serialize)]
struct Layer {
    name: String,
    /// How many the layer has.
    total: usize,
    /// Where they are drawn.
    x: [f64; 2],
    /// Pre-activations before and after.
    inputs: Vec<Bars>,
    units: Vec<Unit>,
}

/// A histogram scaled to its peak.
#[derive(Debug, Serialize)]
struct Bars {
    low: f64,
    high: f64,
    heights: Vec<f64>,
}

/// Slopes and offsets, before and after.
#[derive(Debug, Serialize)]
struct Unit {
    name: String,
    before: [Vec<f64>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<[Vec<f64>; 2]>,
}

impl Browser {
    /// What the browser shows of some rows, as JSON that can stand in a `script` element; `None` where no row has units.
    pub(super) fn json(rows: Vec<Learned>) -> Option<String> {
        if rows.is_empty() {
            return None;
        }
        // A text like `</script>` in a name must not end the element.
        let json = serde_json::to_string(&Self { rows }).ok()?;
        Some(json.replace('<', "\\u003c"))
    }
}

impl Learned {
    /// Of one of `rows` rows with units; `None` where it has none after all.
    pub(super) fn of(row: &Row, activations: &Activations, rows: usize) -> Option<Self> {
        let numbers = NUMBERS / rows.max(1);
        let layers: Vec<&LayerActivations> =
            activations.layers.iter().filter(|layer| layer.about.hinges > 0).collect();
        let hinges: usize = layers.iter().map(|layer| layer.about.hinges).sum();
        let most = (numbers / (4 * hinges.max(1))).clamp(1, UNITS);
        let layers: Vec<Layer> =
            layers.into_iter().filter_map(|layer| Layer::of(layer, most)).collect();
        let (label, seed) = (row.label.clone(), row.shown().summary.seed);
        (!layers.is_empty()).then_some(Self { label, seed, layers })
    }
}

impl Layer {
    fn of(layer: &LayerActivations, most: usize) -> Option<Self> {
        let units = layer.before.units.as_ref()?;
        let x = figure::reach(layer);
        let moments = std::iter::once(&layer.before).chain(&layer.after);
        Some(Self {
            name: layer.about.name.clone(),
            total: units.total(),
            x: [rounded(x.low), rounded(x.high)],
            inputs: moments.map(|moment| Bars::of(&moment.inputs)).collect(),
            units: sample::units(units.count(), most)
                .into_iter()
                .filter_map(|index| {
                    let position = units.position(index);
                    Some(Unit {
                        name: sample::name_in(&layer.about, &units.shape, position),
                        before: numbers(&layer.before, index)?,
                        after: match &layer.after {
                            Some(after) => Some(numbers(after, index)?),
                            None => None,
                        },
                    })
                })
                .collect(),
        })
    }
}

impl Bars {
    fn of(histogram: &Histogram) -> Self {
        let peak = histogram.counts.iter().copied().filter(|n| n.is_finite()).fold(0.0, f64::max);
        let height = |n: &f64| if peak > 0.0 { rounded(n / peak) } else { 0.0 };
        Self {
            low: rounded(histogram.low),
            high: rounded(histogram.high),
            heights: histogram.counts.iter().map(height).collect(),
        }
    }
}

/// Slopes and offsets of a unit; `None` where one is missing or not finite.
fn numbers(moment: &Moment, index: usize) -> Option<[Vec<f64>; 2]> {
    let units = moment.units.as_ref().filter(|units| index < units.count())?;
    let (slopes, offsets): (Vec<f64>, Vec<f64>) = units.unit(index).into_iter().unzip();
    let finite = slopes.iter().chain(&offsets).all(|value| value.is_finite());
    let short = |values: Vec<f64>| values.into_iter().map(rounded).collect();
    finite.then(|| [short(slopes), short(offsets)])
}

/// To five significant digits, as nobody sees more; 0 where it is not finite.
fn rounded(value: f64) -> f64 {
    if !value.is_finite() {
        return 0.0;
    }
    format!("{value:.4e}").parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn numbers_are_short() {
        let values = [0.123_456_789, -12345.678, f64::NAN, 0.0];
        assert_eq!(values.map(rounded), [0.12346, -12346.0, 0.0, 0.0]);
    }
}
