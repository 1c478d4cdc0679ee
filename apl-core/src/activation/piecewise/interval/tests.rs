use proptest::prelude::*;

use super::super::{
    Unit,
    tests::{dyadic, dyadic_unit, real_unit, unit},
};
use crate::ops::testing::error_of;

/// The ends, the middle of every piece of both units and every place where one of them bends: two piecewise-linear functions that agree there agree.
fn places(units: [&Unit; 2], low: f64, high: f64) -> Vec<f64> {
    let bends = units.into_iter().flat_map(|unit| unit.offsets().iter().copied()).chain([0.0]);
    let mut places: Vec<f64> = bends.filter(|&x| low < x && x < high).chain([low, high]).collect();
    places.sort_by(f64::total_cmp);
    let middles: Vec<f64> = places.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
    places.extend(middles);
    places
}

fn grid(low: f64, high: f64) -> impl Iterator<Item = f64> {
    (0..=1000).map(move |i| low + (high - low) * f64::from(i) / 1000.0)
}

/// What rounding may change a unit by around the interval.
fn rounding(unit: &Unit, low: f64, high: f64) -> f64 {
    let reach = low.abs().max(high.abs());
    let hinges = unit.slopes().iter().zip(unit.offsets());
    1e-13 * hinges.map(|(a, b)| a.abs() * (b.abs() + reach)).sum::<f64>()
}

/// How often the function bends inside the interval, beyond the ReLU's own bend: hinges that nothing can replace.
fn bends_inside(unit: &Unit, low: f64, high: f64) -> usize {
    unit.canonical().offsets().iter().filter(|&&b| low < b && b < high).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn within_an_interval_the_function_is_the_same(
        unit in real_unit(), low in -3.0f64..3.0, width in 0.0f64..4.0,
    ) {
        let high = low + width;
        let within = unit.within(low, high).unwrap();
        let room = rounding(&unit, low, high) + rounding(&within, low, high);
        for x in grid(low, high).chain(places([&unit, &within], low, high)) {
            prop_assert!((unit.value(x) - within.value(x)).abs() <= room, "at {}", x);
        }
        prop_assert!(within.hinges() <= unit.hinges());
        prop_assert_eq!(within.within(low, high).unwrap(), within);
    }

    /// Nothing replaces a bend inside; beside those there is a line, which takes no hinge where it is 0, one where that hinge, at the line's zero, is not
    /// inside or left of the interval, and else two.
    #[test]
    fn no_unit_needs_fewer_hinges(unit in dyadic_unit(), low in dyadic(24), width in 1..40) {
        let high = low + f64::from(width) / 16.0;
        let within = unit.within(low, high).unwrap();
        let canonical = unit.canonical();
        let hinges = canonical.slopes().iter().zip(canonical.offsets());
        let tail = hinges.filter(|&(_, &b)| b >= high);
        let (slope, constant) = tail.fold((0.0, 0.0), |(a, c), (s, b)| (a + s, c + s * b));
        let line = match (slope == 0.0, constant == 0.0) {
            (true, true) => 0..=0,
            (true, false) => 2..=2,
            (false, _) if constant / slope >= high => 1..=1,
            (false, _) => 2..=2,
        };
        let beyond = within.hinges() - bends_inside(&unit, low, high);
        prop_assert!(line.contains(&beyond), "{} {:?} {:?}", beyond, unit, within);
    }

    #[test]
    fn what_is_dropped_changes_a_unit_by_less_than_the_tolerance(
        unit in real_unit(), low in -3.0f64..3.0, width in 0.0f64..4.0,
        tolerance in prop_oneof![Just(0.0), 1e-3f64..0.1, 0.1f64..3.0, Just(1e9)],
    ) {
        let high = low + width;
        let pruned = unit.pruned(low, high, tolerance).unwrap();
        let room = rounding(&unit, low, high) + rounding(&pruned, low, high);
        for x in grid(low, high).chain(places([&unit, &pruned], low, high)) {
            let change = (unit.value(x) - pruned.value(x)).abs();
            prop_assert!(change < tolerance + room.max(f64::MIN_POSITIVE), "{} at {}", change, x);
        }
        let within = unit.within(low, high).unwrap();
        if tolerance == 0.0 {
            prop_assert_eq!(&pruned, &within);
        }
        if tolerance == 1e9 {
            prop_assert_eq!(pruned.hinges(), 0);
        }
        // Greedy leaves no hinge that alone would fit, unless others have used the room up.
        let least = |unit: &Unit| {
            let hinges = unit.slopes().iter().zip(unit.offsets());
            hinges.map(|(a, b)| a.abs() * (b - low)).fold(f64::INFINITY, f64::min)
        };
        prop_assert!(pruned.hinges() < within.hinges() || least(&within) >= tolerance);
    }
}

#[test]
fn dropped_hinges_share_the_tolerance() {
    // Each contributes 0.3 at the left end: three fit below 1, four do not.
    let equal = unit(&[0.3, 0.15, 0.1, 0.075], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(equal.pruned(0.0, 5.0, 1.0).unwrap().hinges(), 1);
    assert_eq!(equal.pruned(0.0, 5.0, 1.3).unwrap().hinges(), 0);
    // Below, not at.
    assert_eq!(unit(&[0.5], &[2.0]).pruned(0.0, 3.0, 1.0).unwrap().hinges(), 1);
    // Opposite signs make room for each other.
    let opposite = unit(&[0.5, -0.25], &[1.0, 2.5]);
    assert_eq!(opposite.pruned(0.0, 5.0, 0.6).unwrap().hinges(), 0);
}

#[test]
fn the_line_right_of_the_interval_takes_one_hinge_or_two() {
    let within = |slopes: &[f64], offsets: &[f64]| unit(slopes, offsets).within(-1.0, 1.0).unwrap();
    assert_eq!(within(&[1.0, 3.0], &[1.0, 3.0]), unit(&[4.0], &[2.5]));
    assert_eq!(within(&[2.0, -1.0], &[4.0, 2.0]), unit(&[1.0], &[6.0]));
    // The line's zero is inside the interval: no one hinge is straight there.
    assert_eq!(within(&[2.0, -1.0], &[2.0, 4.0]).hinges(), 2);
    // A constant.
    assert_eq!(within(&[1.0, 0.5, -1.5], &[3.0, 2.0, 2.0]), unit(&[-1.0, 1.0], &[2.0, 3.0]));
    assert_eq!(within(&[1.0, 1e-12, -1.0], &[3.0, 4.0, 2.0]).hinges(), 2);
    // Nothing: hinges that cancel, and hinges that are out of reach.
    assert_eq!(within(&[1.0, -2.0, 1.0], &[2.0, 3.0, 4.0]).hinges(), 0);
    assert_eq!(within(&[1.0, -1.0], &[-1.0, -2.0]).hinges(), 0);
}

#[test]
fn wrong_intervals_and_tolerances_are_named() {
    let relu = unit(&[], &[]);
    assert_eq!(
        error_of(relu.within(1.0, 0.0)),
        "unit: interval: found from 1 to 0, expected finite numbers, the first not above the second"
    );
    assert!(error_of(relu.within(f64::NAN, 0.0)).contains("found from NaN to 0"));
    assert!(error_of(relu.within(0.0, f64::INFINITY)).contains("found from 0 to inf"));
    let text = |tolerance| error_of(relu.pruned(0.0, 1.0, tolerance));
    assert_eq!(text(-1.0), "unit: tolerance: found -1, expected at least 0");
    assert!(text(f64::NAN).contains("found NaN"));
}
