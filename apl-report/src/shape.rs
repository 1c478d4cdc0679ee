//! The shape of a unit as a line through its knots.

use apl_core::activation::piecewise::Unit;
use apl_train::run::activations::{LayerDescription, Moment, Units};

/// The shape of one of a layer's units, or the layer's fixed shape; `None` where a parameter is not finite.
pub fn of(about: &LayerDescription, moment: &Moment, index: usize) -> Option<Unit> {
    match &moment.units {
        Some(units) => learned(units, index),
        // Leaky ReLU is the unit with a = -slope, b = 0 (section 1.3 of the project's notes on the paper); slope 0 is ReLU.
        None => Unit::new(&[-about.negative_slope.unwrap_or(0.0)], &[0.0]).ok(),
    }
}

fn learned(units: &Units, index: usize) -> Option<Unit> {
    let full = units.hinges() * units.count();
    if index >= units.count() || units.slopes.len() < full || units.offsets.len() < full {
        return None;
    }
    let (slopes, offsets): (Vec<f64>, Vec<f64>) = units.unit(index).into_iter().unzip();
    Unit::new(&slopes, &offsets).ok()
}

/// The line between two places, exact and with as few points as it has knots there.
pub fn line(unit: &Unit, low: f64, high: f64) -> Vec<(f64, f64)> {
    let knots = unit.canonical();
    let mut places: Vec<f64> = knots.offsets().iter().copied().chain([0.0]).collect();
    places.retain(|&place| low < place && place < high);
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    let places = std::iter::once(low).chain(places).chain([high]);
    places.map(|x| (x, unit.value(x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_knots_inside_and_the_ends() {
        let unit = Unit::new(&[0.5, 0.25, 0.0], &[1.0, -9.0, 2.0]).unwrap();
        assert_eq!(line(&unit, -2.0, 3.0), [(-2.0, 1.5), (0.0, 0.5), (1.0, 1.0), (3.0, 3.0)]);
        assert_eq!(line(&unit, 2.0, 3.0), [(2.0, 2.0), (3.0, 3.0)]);
    }

    #[test]
    fn units_with_a_number_that_is_none_have_no_shape() {
        let units = Units {
            slopes: vec![f32::NAN, 1.0],
            offsets: vec![0.0, 0.0],
            shape: vec![2],
            kept: None,
        };
        assert!(learned(&units, 0).is_none());
        assert!(learned(&units, 1).is_some());
        assert!(learned(&units, 2).is_none());
    }
}
