//! Numbers that no good run has.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use apl_train::run::{
    activations::{Activations, Histogram, Spread},
    curves::{self, Axis, Curve, Series},
};
use support::{
    Recipe,
    markup::{balanced, linked},
};

fn changed(change: impl Fn(&mut Activations)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe::new("weird", "apl", 2, 1, 12.0);
    let path = recipe.write(folder.path());
    let mut activations = recipe.activations();
    change(&mut activations);
    activations.write(&path).unwrap();
    let report = support::report(&[path], &folder.path().join("out")).unwrap();
    let html = std::fs::read_to_string(report.page.as_ref().unwrap()).unwrap();
    for text in
        report.figures.iter().map(|f| std::fs::read_to_string(f).unwrap()).chain([html.clone()])
    {
        balanced(&text);
        assert!(!text.contains("NaN") && !text.contains("inf "));
    }
    linked(&html);
    html
}

#[test]
fn units_that_are_not_finite_are_left_out() {
    for value in [f32::NAN, f32::INFINITY, f32::MAX] {
        changed(|activations| {
            for layer in &mut activations.layers {
                let units = layer.after.as_mut().unwrap().units.as_mut().unwrap();
                units.slopes.fill(value);
                units.offsets.fill(-value);
            }
        });
    }
    let html = changed(|activations| {
        let layer = &mut activations.layers[0];
        layer.after.as_mut().unwrap().units.as_mut().unwrap().slopes.fill(f32::NAN);
    });
    assert!(html.contains("0 of 16\u{202f}384 units"));
}

#[test]
fn a_single_wild_unit_does_not_flatten_the_others() {
    changed(|activations| {
        let layer = &mut activations.layers[3];
        let units = layer.after.as_mut().unwrap().units.as_mut().unwrap();
        units.slopes[24] = 1e6;
    });
}

#[test]
fn histograms_may_be_empty_narrow_or_endless() {
    let histogram = |low: f64, high: f64, counts: Vec<f64>| Histogram {
        low,
        high,
        counts,
        below: 0.0,
        above: 0.0,
        mean: f64::NAN,
        deviation: f64::NAN,
    };
    for (low, high, counts) in [
        (0.0, 0.0, Vec::new()),
        (1.0, 1.0, vec![5.0; 4]),
        (-1.0, 1.0, vec![0.0; 4]),
        (f64::NEG_INFINITY, f64::INFINITY, vec![1.0; 4]),
        (f64::NAN, f64::NAN, vec![f64::NAN; 4]),
        (1e-30, 2e-30, vec![1.0; 4]),
        (-1e300, 1e300, vec![1.0, f64::INFINITY]),
    ] {
        changed(|activations| {
            for layer in &mut activations.layers {
                layer.before.inputs = histogram(low, high, counts.clone());
                layer.after.as_mut().unwrap().inputs = histogram(low, high, counts.clone());
            }
        });
    }
}

#[test]
fn spreads_may_be_empty_or_of_unequal_lengths() {
    for (x, mean) in [(vec![], vec![]), (vec![0.0], vec![f64::NAN]), (vec![0.0, 1.0], vec![2.0])] {
        changed(|activations| {
            for layer in &mut activations.layers {
                let deviation = mean.clone();
                let spread = Spread { x: x.clone(), mean: mean.clone(), deviation };
                layer.before.spread = Some(spread);
            }
        });
    }
}

#[test]
fn layers_may_be_missing() {
    changed(|activations| activations.layers.clear());
}

#[test]
fn curves_may_be_empty_single_or_endless() {
    let folder = tempfile::tempdir().unwrap();
    let path = Recipe::new("weird", "relu", 0, 1, 12.0).write(folder.path());
    let axis = || Axis { name: "<x>".into(), unit: String::new() };
    let curve =
        |series| Curve { name: "c".into(), title: "a curve".into(), x: axis(), y: axis(), series };
    let line = |x: Vec<f64>, y: Vec<f64>| Series { name: "line".into(), x, y };
    let list = [
        curve(vec![]),
        curve(vec![line(vec![], vec![])]),
        curve(vec![line(vec![1.0], vec![1.0])]),
        curve(vec![line(vec![1.0, 2.0, 3.0], vec![1.0])]),
        curve(vec![line(vec![1e308, -1e308], vec![1e308, 0.0])]),
    ];
    curves::write(&path, &list).unwrap();
    let report = support::report(&[path], &folder.path().join("out")).unwrap();
    let html = std::fs::read_to_string(report.page.unwrap()).unwrap();
    balanced(&html);
    assert_eq!(html.matches("a curve").count() % 3, 0);
}

#[test]
fn a_run_that_has_just_begun_has_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe::new("new", "apl", 1, 1, 0.0).status(apl_train::run::Status::Running);
    let path = recipe.write(folder.path());
    let report = support::report(&[path], &folder.path().join("out")).unwrap();
    let html = std::fs::read_to_string(report.page.unwrap()).unwrap();
    assert!(html.contains("running, or killed, at step 0 of 500"));
    assert!(html.contains("No run is done yet."));
}
