use proptest::prelude::*;

use super::{Asymptote, PiecewiseLinear, Unit};
use crate::ops::testing::error_of;

pub(super) fn unit(slopes: &[f64], offsets: &[f64]) -> Unit {
    Unit::new(slopes, offsets).unwrap()
}

/// Multiples of 1/16, in which every sum and product of the tests is exact; few enough that offsets coincide and fall on 0.
pub(super) fn dyadic(limit: i32) -> impl Strategy<Value = f64> {
    (-limit..=limit).prop_map(|n| f64::from(n) / 16.0)
}

pub(super) fn dyadic_unit() -> impl Strategy<Value = Unit> {
    prop::collection::vec((dyadic(40), dyadic(8)), 0..9).prop_map(|hinges| {
        let (slopes, offsets): (Vec<f64>, Vec<f64>) = hinges.into_iter().unzip();
        unit(&slopes, &offsets)
    })
}

pub(super) fn real_unit() -> impl Strategy<Value = Unit> {
    prop::collection::vec((-3.0f64..3.0, -2.0f64..2.0), 0..9).prop_map(|hinges| {
        let (slopes, offsets): (Vec<f64>, Vec<f64>) = hinges.into_iter().unzip();
        unit(&slopes, &offsets)
    })
}

/// The slope of every region between the given places, by differences of values.
fn slopes_by_differences(unit: &Unit) -> Vec<f64> {
    let mut places = [&[0.0], unit.offsets()].concat();
    places.sort_by(f64::total_cmp);
    let mut ends = vec![places[0] - 1.0];
    ends.extend(&places);
    ends.push(places[places.len() - 1] + 1.0);
    let regions = ends.windows(2).filter(|end| end[0] < end[1]);
    regions.map(|end| (unit.value(end[1]) - unit.value(end[0])) / (end[1] - end[0])).collect()
}

/// `g(x)` by walking left from the last boundary, where `g` is the identity.
fn walk(boundaries: &[f64], slopes: &[f64], x: f64) -> f64 {
    let last = boundaries.len() - 1;
    let mut value = x.max(boundaries[last]);
    for k in (0..=last).rev() {
        let from = if k == 0 { f64::NEG_INFINITY } else { boundaries[k - 1] };
        value -= slopes[k] * (boundaries[k] - x.clamp(from, boundaries[k]));
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn all_forms_of_a_dyadic_unit_are_exactly_equal(unit in dyadic_unit(), x in dyadic(64)) {
        let canonical = unit.canonical();
        let function = unit.function().unwrap();
        let again = function.unit().unwrap();
        let expected = unit.value(x);
        prop_assert_eq!(canonical.value(x), expected);
        prop_assert_eq!(function.value(x), expected);
        prop_assert_eq!(again.value(x), expected);
        prop_assert_eq!(again.canonical(), canonical.clone());
        prop_assert_eq!(again.function().unwrap(), function);
        prop_assert_eq!(canonical.canonical(), canonical.clone());
        prop_assert!(canonical.hinges() <= unit.hinges());
    }

    #[test]
    fn all_forms_of_any_unit_agree_to_rounding(unit in real_unit(), x in -6.0f64..6.0) {
        let function = unit.function().unwrap();
        let expected = unit.value(x);
        for value in [
            unit.canonical().value(x),
            function.value(x),
            function.unit().unwrap().value(x),
            function.unit().unwrap().canonical().function().unwrap().value(x),
        ] {
            prop_assert!((value - expected).abs() < 1e-12, "{} {}", value, expected);
        }
    }

    #[test]
    fn the_canonical_form_has_sorted_distinct_hinges_that_matter(unit in dyadic_unit()) {
        let canonical = unit.canonical();
        prop_assert!(canonical.offsets().windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(canonical.slopes().iter().all(|&a| a != 0.0));
    }

    #[test]
    fn variation_and_convexity_are_those_of_the_slopes(unit in dyadic_unit()) {
        let slopes = slopes_by_differences(&unit);
        let jumps: Vec<f64> = slopes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let direct: f64 = jumps.iter().map(|jump| jump.abs()).sum();
        prop_assert_eq!(unit.slope_variation(), direct);
        prop_assert_eq!(unit.canonical().slope_variation(), direct);
        prop_assert_eq!(unit.is_convex(), jumps.iter().all(|&jump| jump >= 0.0));
        let offsets = unit.offsets();
        let distinct = unit.canonical().hinges() == unit.hinges() && !offsets.contains(&0.0);
        if distinct {
            let sum: f64 = unit.slopes().iter().map(|a| a.abs()).sum();
            prop_assert_eq!(unit.slope_variation(), 1.0 + sum);
        }
    }

    #[test]
    fn the_asymptotes_are_reached(unit in dyadic_unit(), beyond in dyadic(64)) {
        let Asymptote { slope, constant } = unit.left();
        let leftmost = unit.offsets().iter().copied().fold(0.0, f64::min);
        let rightmost = unit.offsets().iter().copied().fold(0.0, f64::max);
        let x = leftmost - beyond.abs();
        prop_assert_eq!(unit.value(x), slope * x - constant);
        prop_assert_eq!(unit.value(rightmost + beyond.abs()), rightmost + beyond.abs());
    }

    /// Theorem 1 on any function that ends in the identity: K + 2 regions, S = K + 2 hinges, equal everywhere.
    #[test]
    fn theorem_1_writes_any_such_function_as_a_unit(
        regions in prop::collection::vec((0.01f64..2.0, -3.0f64..3.0), 1..8),
        start in -4.0f64..4.0,
        points in prop::collection::vec(-12.0f64..12.0, 24),
    ) {
        let mut last = start;
        let boundaries: Vec<f64> = regions.iter().map(|(step, _)| { last += step; last }).collect();
        let left: Vec<f64> = regions.iter().map(|&(_, slope)| slope).collect();
        let function = PiecewiseLinear::new(&boundaries, &[&left[..], &[1.0]].concat(), last).unwrap();
        let unit = function.unit().unwrap();
        prop_assert_eq!(unit.hinges(), boundaries.len() + 1);
        for x in points.into_iter().chain(boundaries.iter().copied()) {
            let expected = walk(&boundaries, &left, x);
            prop_assert!((unit.value(x) - expected).abs() < 1e-11, "{} {}", unit.value(x), expected);
            prop_assert!((function.value(x) - expected).abs() < 1e-11);
        }
    }
}

/// paper.md 1.3: the slopes of S = 1 from left to right are (-a, 1 - a, 1) for b > 0, (-a, 0, 1) for b < 0 and (-a, 1) for b = 0.
#[test]
fn one_hinge_has_the_known_slopes() {
    let shape = |a: f64, b: f64| {
        let function = unit(&[a], &[b]).function().unwrap();
        (function.boundaries().to_vec(), function.slopes().to_vec())
    };
    assert_eq!(shape(0.25, 2.0), (vec![0.0, 2.0], vec![-0.25, 0.75, 1.0]));
    assert_eq!(shape(0.25, -2.0), (vec![-2.0, 0.0], vec![-0.25, 0.0, 1.0]));
    assert_eq!(shape(0.25, 0.0), (vec![0.0], vec![-0.25, 1.0]));
}

/// paper.md 1.3: convex exactly for a >= 0, or a >= -1 where the hinge is at 0.
#[test]
fn one_hinge_is_convex_where_it_should_be() {
    for (a, b, convex) in [
        (0.5, 1.0, true),
        (0.0, 1.0, true),
        (-0.5, 1.0, false),
        (-0.5, -1.0, false),
        (-0.5, 0.0, true),
        (-1.0, 0.0, true),
        (-1.5, 0.0, false),
    ] {
        assert_eq!(unit(&[a], &[b]).is_convex(), convex, "a = {a}, b = {b}");
    }
}

#[test]
fn known_functions_have_their_units() {
    let relu = unit(&[], &[]);
    assert_eq!(unit(&[0.0, 0.0], &[1.0, -1.0]).canonical(), relu);
    assert_eq!(relu.slope_variation(), 1.0);
    assert_eq!(relu.left(), Asymptote { slope: 0.0, constant: 0.0 });
    assert!(relu.left().slope.is_sign_positive());

    let leaky = unit(&[-0.125], &[0.0]);
    assert_eq!([leaky.value(-8.0), leaky.value(8.0)], [-1.0, 8.0]);
    assert_eq!(leaky.slope_variation(), 0.875);
    let absolute = unit(&[1.0], &[0.0]);
    assert_eq!([absolute.value(-3.0), absolute.value(3.0)], [3.0, 3.0]);
    assert_eq!(absolute.slope_variation(), 2.0);

    // The identity: no boundary is left, and theorem 1 gives back the hinge that takes the ReLU's jump away.
    let identity = unit(&[-1.0], &[0.0]);
    assert_eq!(identity.slope_variation(), 0.0);
    assert_eq!(identity.function().unwrap(), PiecewiseLinear::new(&[], &[1.0], 0.0).unwrap());
    assert_eq!(identity.function().unwrap().unit().unwrap(), identity);
    assert_eq!(identity.function().unwrap().value(-7.5), -7.5);
}

#[test]
fn hinges_at_one_place_count_together() {
    assert_eq!(unit(&[1.5, -1.0], &[2.0, 2.0]).canonical(), unit(&[0.5], &[2.0]));
    assert_eq!(unit(&[1.5, -1.0], &[2.0, 2.0]).slope_variation(), 1.5);
    assert_eq!(unit(&[1.0, -1.0], &[2.0, 2.0]).canonical().hinges(), 0);
    // 0 and -0 are one place.
    assert_eq!(unit(&[1.0, -1.5], &[0.0, -0.0]).canonical(), unit(&[-0.5], &[0.0]));
    assert_eq!(unit(&[1.0, -1.5], &[0.0, -0.0]).slope_variation(), 0.5);
}

#[test]
fn functions_that_end_elsewhere_have_values_too() {
    let function = PiecewiseLinear::new(&[-1.0, 1.0], &[2.0, 0.0, -3.0], 5.0).unwrap();
    assert_eq!([-2.0, -1.0, 0.0, 1.0, 2.0].map(|x| function.value(x)), [3.0, 5.0, 5.0, 5.0, 2.0]);
    let line = PiecewiseLinear::new(&[], &[2.0], 1.0).unwrap();
    assert_eq!([-1.0, 0.0, 3.0].map(|x| line.value(x)), [-1.0, 1.0, 7.0]);
    assert!(line.value(f64::NAN).is_nan() && unit(&[1.0], &[1.0]).value(f64::NAN).is_nan());
}

#[test]
fn wrong_arguments_are_named() {
    let text = |slopes: &[f64], offsets: &[f64]| error_of(Unit::new(slopes, offsets));
    assert_eq!(
        text(&[1.0], &[]),
        "unit: found 1 slopes and 0 offsets, expected as many slopes as offsets"
    );
    assert!(text(&[1.0, f64::NAN], &[0.0, 0.0]).starts_with("unit: slopes: found NaN at index 1"));
    assert!(text(&[1.0], &[f64::INFINITY]).starts_with("unit: offsets: found inf at index 0"));
    assert_eq!(
        text(&[1e308, -1e308], &[0.0, 0.0]),
        "unit: found sum |a| = inf, sum |a b| = 0, expected sums that do not overflow"
    );
    let text = |boundaries: &[f64], slopes: &[f64], last| {
        error_of(PiecewiseLinear::new(boundaries, slopes, last))
    };
    assert_eq!(
        text(&[0.0], &[1.0], 0.0),
        "piecewise: found 1 slopes for 1 boundaries, expected one slope more than boundaries"
    );
    assert_eq!(
        text(&[0.0, 2.0, 2.0], &[1.0; 4], 2.0),
        "piecewise: boundaries: found 2 before 2, expected numbers that increase"
    );
    assert!(text(&[f64::NAN], &[0.0, 1.0], 0.0).starts_with("piecewise: boundaries: found NaN"));
    assert!(text(&[0.0], &[f64::NAN, 1.0], 0.0).starts_with("piecewise: slopes: found NaN"));
    assert!(text(&[-1e308, 1e308], &[0.0, 1.0, 1.0], 1e308).contains("value at a boundary"));
    assert!(text(&[], &[1.0], f64::NAN).contains("value at a boundary"));
    let theorem = |boundaries: &[f64], slopes: &[f64], last| {
        error_of(PiecewiseLinear::new(boundaries, slopes, last).unwrap().unit())
    };
    assert_eq!(
        theorem(&[0.0, 1.0], &[0.0, 1.0, 2.0], 1.0),
        "piecewise: theorem 1: found slope 2 and value 1 right of 1, expected the identity right of the last boundary"
    );
    assert!(theorem(&[0.0, 1.0], &[0.0, 1.0, 1.0], 1.5).contains("value 1.5 right of 1"));
    assert!(theorem(&[], &[0.5], 0.0).contains("slope 0.5"));
    assert!(
        theorem(&[0.0, 1e-300], &[1e308, -1e308, 1.0], 1e-300)
            .starts_with("unit: slopes: found -inf")
    );
}
