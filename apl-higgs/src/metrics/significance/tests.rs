use super::*;
use crate::metrics::{
    asimov, profile_likelihood,
    testing::{counted, normal},
};

#[test]
fn settings_out_of_range_are_refused_by_key() {
    let message = |text: &str| {
        let config: SignificanceConfig = toml::from_str(text).unwrap();
        config.check().unwrap_err().to_string()
    };
    for (text, expected) in [
        ("signal = 0", "signal: found 0, expected a number above 0, at most 1e12"),
        ("signal = nan", "signal: found NaN, expected a number above 0, at most 1e12"),
        ("background = -1", "background: found -1, expected a number above 0, at most 1e12"),
        ("background = inf", "background: found inf, expected a number above 0, at most 1e12"),
        ("uncertainty = 5", "uncertainty: found 5, expected a number from 0 to 1"),
        (
            "least-expected = 5001",
            "least-expected: found 5001, expected a number above 0, at most `background`, which is 5000",
        ),
        ("least-simulated = 0", "least-simulated: found 0, expected a number from 1 to 1e12"),
        ("bins = 0", "bins: found 0, expected a number from 1 to 1000"),
    ] {
        assert_eq!(message(text), format!("significance.{expected}"));
    }
    assert!(toml::from_str::<SignificanceConfig>("bin = 3").is_err());
    let bad = SignificanceConfig { bins: 0, ..Default::default() };
    assert!(bad.choose(&counted(&[]).sorted()).is_err());
}

#[test]
fn the_defaults_are_the_papers_and_round_trip() {
    let config = SignificanceConfig::default();
    assert!(config.check().is_ok());
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("least-expected = 10.0") && text.contains("least-simulated = 100"));
    assert_eq!(toml::from_str::<SignificanceConfig>(&text).unwrap(), config);
}

/// On validation the score 2 separates best, on test the score 1: the reading of test is that of 2, worked out by hand.
#[test]
fn the_test_split_chooses_nothing() {
    let validation =
        counted(&[(3.0, 100, 200), (2.0, 100, 600), (1.0, 4000, 100), (0.0, 5800, 100)]).sorted();
    let test =
        counted(&[(3.5, 700, 10), (2.5, 300, 90), (1.5, 200, 800), (0.5, 8800, 100)]).sorted();
    let config = SignificanceConfig { bins: 2, ..Default::default() };
    let choices = config.choose(&validation).unwrap();
    assert_eq!((choices.threshold(), choices.edges()), (Some(2.0), Some([0.0; 0].as_slice())));
    // Half of the background ends within the group at 0, which nothing follows.
    let config = SignificanceConfig { bins: 5, ..config };
    let choices = config.choose(&validation).unwrap();
    assert_eq!(choices.edges(), Some([1.0].as_slice()));

    let readings = choices.read(&test);
    let cut = readings.cut.unwrap();
    assert_eq!((cut.threshold, cut.signal_efficiency, cut.background_efficiency), (2.0, 0.1, 0.1));
    assert_eq!(cut.z, asimov(10.0, 500.0, 0.05));
    let binned = readings.binned.unwrap();
    let bins: Vec<Yields> = binned.bins.iter().map(|bin| bin.expected).collect();
    let [high, low] =
        [(90.0, 600.0), (10.0, 4400.0)].map(|(signal, background)| Yields { signal, background });
    assert_eq!(bins, [high, low]);
    assert_eq!(binned.z, profile_likelihood(&[high, low], 0.05));

    // The other way round both would choose otherwise and find more on test.
    let swapped = config.choose(&test).unwrap();
    assert_eq!(swapped.threshold(), Some(1.5));
    assert!(swapped.read(&test).cut.unwrap().z > cut.z);
    // Reading leaves the choices as they are.
    assert_eq!(choices, config.choose(&validation).unwrap());
}

#[test]
fn choices_read_on_their_own_split_are_the_best() {
    let events = normal("own", 20_000, 1.2).sorted();
    let config = SignificanceConfig::default();
    let readings = config.choose(&events).unwrap().read(&events);
    assert_eq!(readings.cut, best_cut(&events, &config));
    assert_eq!(readings.auc, crate::metrics::auc(&events));
    let bins = readings.binned.unwrap().bins;
    assert_eq!(bins.len(), 20);
    assert!(bins.iter().all(|bin| (bin.expected.background - 250.0).abs() < 1.0));
}

#[test]
fn what_cannot_be_read_is_none() {
    let config = SignificanceConfig::default();
    let good = normal("good", 20_000, 1.2).sorted();
    let choices = config.choose(&good).unwrap();
    let none = Readings { auc: None, cut: None, binned: None };
    for groups in [[(1.0, 0, 500)], [(1.0, 500, 0)], [(1.0, 0, 0)]] {
        let lacking = counted(&groups).sorted();
        assert_eq!(choices.read(&lacking), none);
        let nothing = config.choose(&lacking).unwrap();
        assert_eq!((nothing.threshold(), nothing.edges()), (None, None));
        let readings = nothing.read(&good);
        assert!(readings.auc.is_some() && readings.cut.is_none() && readings.binned.is_none());
    }
    // No background above the threshold: nothing bounds reading (A), and reading (B) joins the bins.
    let clean = counted(&[(9.0, 0, 500), (-9.0, 500, 0)]).sorted();
    let readings = choices.read(&clean);
    assert_eq!((readings.auc, readings.cut), (Some(1.0), None));
    let binned = readings.binned.unwrap();
    assert_eq!(
        (binned.bins.len(), binned.z),
        (1, profile_likelihood(&[Yields { signal: 100.0, background: 5000.0 }], 0.05))
    );
}
