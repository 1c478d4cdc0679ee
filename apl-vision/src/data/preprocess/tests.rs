//! Which split gets what.

use super::{whitening::Transformation, *};

fn images(count: usize, seed: usize) -> Images {
    let pixels = (0..count * PIXELS).map(|i| ((i + seed) * (i + seed) / 7) as u8).collect();
    Images::canonical(pixels, vec![0; count]).unwrap()
}

fn prepare(config: &DataConfig, splits: Splits, cache: &Path) -> Preprocessing {
    let mut warnings = Vec::new();
    let preprocessing = Preprocessing::new(config, splits, cache, &mut warnings).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    preprocessing
}

fn floats(preprocessing: &Preprocessing, split: Split) -> Vec<f32> {
    match preprocessing.pixels(split) {
        Pixels::Floats(values) => values.to_vec(),
        Pixels::Bytes(_) => panic!("floats were expected"),
    }
}

#[test]
fn bytes_stay_bytes() {
    let [train, test] = [images(4, 1), images(3, 2)];
    let splits = Splits { train: &train, validation: None, test: &test };
    let nowhere = Path::new("unused");
    let config = DataConfig { scale: 0.5, ..DataConfig::default() };
    for (preprocess, mean) in
        [(Preprocess::Mean, Mean::of(&train, 0.5)), (Preprocess::None, Mean::zero(0.5))]
    {
        let preprocessing = prepare(&DataConfig { preprocess, ..config.clone() }, splits, nowhere);
        for split in Split::ALL {
            assert_eq!(preprocessing.pixels(split), Pixels::Bytes(&mean));
        }
    }
}

#[test]
fn contrast_is_normalised_in_every_split() {
    let [train, validation, test] = [images(4, 1), images(2, 3), images(3, 2)];
    let splits = Splits { train: &train, validation: Some(&validation), test: &test };
    let contrast = Contrast { scale: 3.0, bias: 1.0 };
    let config = DataConfig {
        preprocess: Preprocess::Gcn,
        contrast: Some(contrast),
        scale: 0.5,
        ..DataConfig::default()
    };
    let preprocessing = prepare(&config, splits, Path::new("unused"));
    for (split, images) in
        [(Split::Train, &train), (Split::Validation, &validation), (Split::Test, &test)]
    {
        let expected: Vec<f32> =
            contrast.floats(images.pixels()).into_iter().map(|value| value * 0.5).collect();
        assert_eq!(floats(&preprocessing, split), expected);
    }
    let splits = Splits { validation: None, ..splits };
    let preprocessing = prepare(&config, splits, Path::new("unused"));
    assert!(floats(&preprocessing, Split::Validation).is_empty());
}

/// The transformation stands ready in the folder, so no eigenvalues are computed.
#[test]
fn every_split_is_whitened_as_the_training_images_are() {
    let [train, validation, test] = [images(4, 1), images(2, 3), images(3, 2)];
    let splits = Splits { train: &train, validation: Some(&validation), test: &test };
    let folder = tempfile::tempdir().unwrap();
    // Twice the values in reverse, of which 1 was subtracted.
    let mut matrix = vec![0.0; PIXELS * PIXELS];
    (0..PIXELS).for_each(|i| matrix[i * PIXELS + PIXELS - 1 - i] = 2.0);
    let kept = Transformation { mean: vec![1.0; PIXELS], matrix };
    let contrast = Contrast::default();
    kept::keep(&train, contrast, Whitening::default(), folder.path(), &kept);
    let config = DataConfig { preprocess: Preprocess::GcnZca, ..DataConfig::default() };
    let preprocessing = prepare(&config, splits, folder.path());
    for (split, images) in
        [(Split::Train, &train), (Split::Validation, &validation), (Split::Test, &test)]
    {
        let found = floats(&preprocessing, split);
        for (image, found) in images.pixels().chunks(PIXELS).zip(found.chunks(PIXELS)) {
            let mut row = vec![0.0; PIXELS];
            contrast.normalise(image, &mut row);
            let expected: Vec<f32> =
                row.iter().rev().map(|value| 2.0 * (value - 1.0) as f32).collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn images_that_cannot_fit_are_refused() {
    let check = |images, memory| check_memory(Preprocess::Gcn, images, memory);
    assert_eq!(
        check(1_000_000, Some(8 << 30)).unwrap_err().to_string(),
        "data.preprocess: found \"gcn\" of 1000000 images, which takes 14.3 GiB of memory, expected fewer images or \"mean\": this machine has 8.0 GiB"
    );
    check(60_000, Some(1 << 30)).unwrap();
    check(70_000, Some(1 << 30)).unwrap_err();
    check(1_000_000, None).unwrap();
}

#[test]
fn settings_are_read_kept_and_written() {
    let text = "preprocess = \"gcn+zca\"\ncontrast = { bias = 3.0 }\nwhitening = {}\n";
    let config: DataConfig = toml::from_str(text).unwrap();
    assert_eq!(config.preprocess, Preprocess::GcnZca);
    assert_eq!(config.contrast, Some(Contrast { bias: 3.0, ..Contrast::default() }));
    assert_eq!(config.whitening, Some(Whitening { bias: 0.1 }));
    config.check().unwrap();
    let written = toml::to_string(&config).unwrap();
    assert_eq!(toml::from_str::<DataConfig>(&written).unwrap(), config);
    let gcn: DataConfig = toml::from_str("preprocess = \"gcn\"").unwrap();
    assert!(!toml::to_string(&gcn).unwrap().contains("contrast"));
    for text in
        ["contrast = { epsilon = 1.0 }", "whitening = { scale = 1.0 }", "preprocess = \"zca\""]
    {
        assert!(toml::from_str::<DataConfig>(text).is_err(), "{text}");
    }
    for preprocess in [Preprocess::Mean, Preprocess::Gcn, Preprocess::GcnZca, Preprocess::None] {
        let config = DataConfig { preprocess, ..DataConfig::default() };
        let line = format!("preprocess = \"{}\"\n", preprocess.name());
        assert!(toml::to_string(&config).unwrap().contains(&line));
    }
}

#[test]
fn settings_where_they_mean_nothing_or_out_of_range_are_named() {
    let error = |preprocess: Preprocess, contrast: Option<Contrast>, whitening: Option<f64>| {
        let whitening = whitening.map(|bias| Whitening { bias });
        let config = DataConfig { preprocess, contrast, whitening, ..DataConfig::default() };
        config.check().unwrap_err().to_string()
    };
    let some = Some(Contrast::default());
    assert_eq!(
        error(Preprocess::Mean, some, None),
        "data.contrast: found `preprocess = \"mean\"` beside it, expected `\"gcn\"` or `\"gcn+zca\"`"
    );
    assert_eq!(
        error(Preprocess::Gcn, some, Some(0.1)),
        "data.whitening: found `preprocess = \"gcn\"` beside it, expected `\"gcn+zca\"`"
    );
    let of = |scale, bias| error(Preprocess::Gcn, Some(Contrast { scale, bias }), None);
    assert_eq!(of(0.0, 1.0), "data.contrast.scale: found 0, expected a finite number above 0");
    assert_eq!(of(1.0, -1.0), "data.contrast.bias: found -1, expected a finite number, 0 or above");
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(of(bad, 1.0).starts_with("data.contrast.scale: "));
        assert!(of(1.0, bad).starts_with("data.contrast.bias: "));
        assert!(error(Preprocess::GcnZca, None, Some(bad)).starts_with("data.whitening.bias: "));
    }
    assert_eq!(
        error(Preprocess::GcnZca, some, Some(0.0)),
        "data.whitening.bias: found 0, expected a finite number, 0.000001 or above"
    );
}
