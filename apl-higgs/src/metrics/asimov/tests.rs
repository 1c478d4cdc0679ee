use proptest::prelude::*;

use super::*;
use crate::metrics::testing::reference;

#[test]
fn it_is_the_formula_in_80_digits() {
    for [signal, background, uncertainty, z] in reference().asimov {
        let found = asimov(signal, background, uncertainty);
        let case = format!("{signal} {background} {uncertainty}: {found} {z}");
        assert!((found / z - 1.0).abs() < 1e-14, "{case}");
    }
}

#[test]
fn its_limits_are_those_of_the_books() {
    let known = |s: f64, b: f64| (2.0 * ((s + b) * (s / b).ln_1p() - s)).sqrt();
    for (s, b) in [(3.0, 1.0), (100.0, 50.0), (1e4, 2e3)] {
        for uncertainty in [0.0, 1e-300, 1e-160, 1e-9] {
            assert!((asimov(s, b, uncertainty) / known(s, b) - 1.0).abs() < 1e-13);
        }
    }
    for (b, uncertainty) in [(5000.0f64, 0.05), (0.3, 1.0), (1e10, 1e-3)] {
        let s = 1e-12 * b;
        let simple = s / (b + (uncertainty * b) * (uncertainty * b)).sqrt();
        assert!((asimov(s, b, uncertainty) / simple - 1.0).abs() < 1e-11);
    }
}

#[test]
fn the_ends_of_the_range_are_numbers() {
    assert_eq!(asimov(0.0, 0.0, 0.05), 0.0);
    assert_eq!(asimov(0.0, 10.0, 0.05), 0.0);
    assert_eq!(asimov(1.0, 0.0, 0.05), f64::INFINITY);
    for (s, b, uncertainty) in [(1e12, 1e-290, 0.0), (1e12, 1e-290, 1.0), (1e-290, 1e12, 1.0)] {
        let z = asimov(s, b, uncertainty);
        assert!(z.is_finite() && z >= 0.0, "{z}");
    }
}

proptest! {
    #[test]
    fn it_rises_with_signal_and_falls_with_background_and_uncertainty(
        s in -3.0f64..5.0, b in -3.0f64..6.0, uncertainty in 0.0f64..1.0,
    ) {
        let (s, b) = (10f64.powf(s), 10f64.powf(b));
        let z = asimov(s, b, uncertainty);
        prop_assert!(z > 0.0);
        prop_assert!(asimov(1.01 * s, b, uncertainty) > z);
        prop_assert!(asimov(s, 1.01 * b, uncertainty) < z);
        prop_assert!(asimov(s, b, 1.01 * uncertainty + 1e-4) <= z * (1.0 + 1e-13));
        prop_assert!(z <= asimov(s, b, 0.0) * (1.0 + 1e-13));
    }
}
