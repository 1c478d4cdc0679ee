//! The picture of one unit.

#![allow(clippy::unwrap_used)]

mod support;

use apl_report::figure::{unit, unit_of};
use apl_train::run::activations::{Histogram, LayerActivations, LayerDescription, Moment, Units};
use support::{Recipe, markup::balanced};

fn layer() -> LayerActivations {
    let histogram = |low: f64, counts: [f64; 4]| Histogram {
        low,
        high: 2.0,
        below: 0.0,
        above: 0.0,
        mean: 0.0,
        deviation: 1.0,
        counts: counts.to_vec(),
    };
    let moment = |slope: f32, low: f64, counts| Moment {
        units: Some(Units { slopes: vec![slope], offsets: vec![1.0], shape: vec![1], kept: None }),
        inputs: histogram(low, counts),
        outputs: histogram(low, counts),
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
        before: moment(0.0, -2.0, [1.0, 4.0, 3.0, 1.0]),
        after: Some(moment(-0.5, -3.0, [1.0, 2.0, 4.0, 2.0])),
    }
}

#[test]
fn a_unit_is_solid_over_dashed_over_its_pre_activations() {
    let svg = unit_of(&layer(), 0);
    balanced(&svg);
    let style = svg.find("<style>").unwrap()..svg.find("</style>").unwrap();
    let mut text = svg.clone();
    text.replace_range(style, "<style>");
    insta::assert_snapshot!("unit", text.replace("><", ">\n<"));
}

#[test]
fn a_unit_of_a_run_is_found_by_layer_and_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = Recipe::new("a", "apl", 2, 1, 9.0).write(folder.path());
    assert!(unit(&path, None, None).unwrap().contains("channel 6, row 3, column 18"));
    assert!(unit(&path, Some("act4"), Some(63)).unwrap().contains("unit 63"));
    let error = |layer, index| unit(&path, layer, index).unwrap_err().to_string();
    assert!(error(Some("act4"), Some(64)).contains("found unit 64 of act4, expected less than 64"));
    assert!(error(Some("conv1"), None).contains("no activation layer `conv1`, expected one of"));
    let nothing = unit(folder.path(), None, None).unwrap_err().to_string();
    assert!(nothing.contains("found no activations.safetensors"), "{nothing}");
}
