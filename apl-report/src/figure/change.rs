//! How far training moved the units of a layer, in one number.

use apl_train::run::activations::{Histogram, LayerActivations};

use super::OVERLAID;
use crate::{sample, shape};

/// The mean of `|h(x) - initial h(x)|` over units (up to [`OVERLAID`], by the usual rule) and over the pre-activations after training, as a share of the
/// mean of `|h(x)|`; `None` where there is nothing to compare.
pub fn change(layer: &LayerActivations) -> Option<f64> {
    let after = layer.after.as_ref()?;
    let units = after.units.as_ref()?;
    let inputs = centres(&after.inputs);
    let (mut moved, mut size) = (0.0, 0.0);
    for index in sample::units(units.count(), OVERLAID) {
        let before = shape::of(&layer.about, &layer.before, index)?;
        let after = shape::of(&layer.about, after, index)?;
        for &(x, weight) in &inputs {
            let value = after.value(x);
            moved += weight * (value - before.value(x)).abs();
            size += weight * value.abs();
        }
    }
    let share = moved / size;
    share.is_finite().then_some(share)
}

/// The middle of every bin and how many values it holds.
fn centres(histogram: &Histogram) -> Vec<(f64, f64)> {
    let Histogram { low, high, counts, .. } = histogram;
    let step = (high - low) / counts.len().max(1) as f64;
    let centre = |(i, &count): (usize, &f64)| (low + step * (i as f64 + 0.5), count);
    counts.iter().enumerate().map(centre).filter(|(_, count)| *count > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use apl_train::run::activations::{LayerDescription, Moment, Units};

    use super::*;

    fn layer(before: f32, after: Option<f32>) -> LayerActivations {
        let moment = |slope: f32| Moment {
            units: Some(Units {
                slopes: vec![slope],
                offsets: vec![0.0],
                shape: vec![1],
                kept: None,
            }),
            inputs: Histogram {
                low: -2.0,
                high: 2.0,
                below: 0.0,
                above: 0.0,
                mean: 0.0,
                deviation: 1.0,
                counts: vec![3.0, 3.0],
            },
            outputs: Histogram::of(&[]),
            spread: None,
        };
        LayerActivations {
            about: LayerDescription {
                name: "act1".into(),
                kind: "apl".into(),
                hinges: 1,
                sharing: Some("unit".into()),
                negative_slope: None,
                unit: vec![1],
            },
            before: moment(before),
            after: after.map(moment),
        }
    }

    /// At -1 and at 1: `h` goes from 0, 1 to 1, 1.
    #[test]
    fn a_change_is_a_share_of_the_output() {
        assert_eq!(change(&layer(0.0, Some(1.0))), Some(0.5));
        assert_eq!(change(&layer(0.5, Some(0.5))), Some(0.0));
        assert_eq!(change(&layer(0.0, None)), None);
        assert_eq!(change(&layer(f32::NAN, Some(1.0))), None);
    }
}
