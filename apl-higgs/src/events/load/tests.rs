use candle_core::{Device, Tensor};

use super::*;
use crate::events::testing;

fn config(text: &str) -> DataConfig {
    let config: DataConfig = toml::from_str(text).unwrap();
    config.check().unwrap();
    config
}

fn load(text: &str) -> Result<(Dataset, Vec<String>)> {
    let cache = tempfile::tempdir().unwrap();
    Dataset::load(&config(text), cache.path(), &mut |_| Ok(()))
}

fn tensors(dataset: &Dataset, count: usize, dtype: DType) -> Examples {
    let zeros = |width| Tensor::zeros((count, width), dtype, &Device::Cpu).unwrap();
    let weights = dataset.weighted().then(|| zeros(1));
    Examples { inputs: zeros(dataset.inputs()), targets: zeros(1), weights }
}

fn filled(dataset: &Dataset, split: Split, examples: &[u32]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let to = tensors(dataset, examples.len(), DType::F64);
    dataset.fill(Batch { split, examples, augment: None }, &to).unwrap();
    (to.inputs.to_vec2().unwrap(), to.targets.to_vec2().unwrap())
}

/// Two features, `x1` missing in every fourth row; signal in every third row, with a weight of 3.
fn file(path: &Path, rows: usize) {
    let mut writer = testing::writer(path, 2, true);
    let features: Vec<f32> = (0..rows)
        .flat_map(|i| [i as f32, if i % 4 == 0 { f32::NAN } else { (i % 10) as f32 }])
        .collect();
    let labels: Vec<u8> = (0..rows).map(|i| u8::from(i % 3 == 0)).collect();
    let weights: Vec<f32> = labels.iter().map(|&label| 1.0 + 2.0 * f32::from(label)).collect();
    writer.append(&features, &labels, &weights).unwrap();
    writer.finish(&"0".repeat(64), 0).unwrap();
}

fn from_file(path: &Path, more: &str) -> Result<(Dataset, Vec<String>)> {
    let path = path.display();
    let head = "set = \"columns\"\nfeatures = [\"x1\", \"x0\"]\nvalidation = 20\ntest = 30\n";
    load(&format!("source = \"{path}\"\n{head}{more}"))
}

#[test]
fn generated_events_come_out_in_their_splits() {
    let text = "events = 3000\nvalidation = 500\ntest = 1000\nsample = 3\npreprocess = \"none\"";
    let (dataset, warnings) = load(text).unwrap();
    assert_eq!(Split::ALL.map(|split| dataset.len(split)), [1500, 500, 1000]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let generator = Generator::new(3);
    for (split, first) in [(Split::Train, 0), (Split::Validation, 1500), (Split::Test, 2000)] {
        let (inputs, targets) = filled(&dataset, split, &[7, 0]);
        for (row, event) in [7, 0].into_iter().enumerate() {
            let event = generator.event(first + event);
            let features = crate::generator::features::features(&event.seen);
            let seen = inputs[row].iter().zip(&features).zip(&dataset.standard().features);
            for ((input, feature), scale) in seen {
                let expected = if feature.is_nan() { scale.mean } else { f64::from(*feature) };
                assert_eq!(*input, expected);
            }
            assert_eq!(targets[row], [f64::from(u8::from(event.signal))]);
        }
    }
}

/// The events a run sees do not depend on its seed; another sample has another digest.
#[test]
fn digests_tell_samples_and_splits_apart() {
    let digest = |sample, split| {
        let text = format!("events = 300\nvalidation = 50\ntest = 100\nsample = {sample}");
        load(&text).unwrap().0.digest(split)
    };
    assert_eq!(digest(1, Split::Test), digest(1, Split::Test));
    assert_ne!(digest(1, Split::Test), digest(2, Split::Test));
    assert_ne!(digest(1, Split::Test), digest(1, Split::Validation));
}

#[test]
fn features_are_chosen_by_name_and_standardised_by_the_training_split() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    file(&path, 150);
    let (dataset, _) = from_file(&path, "missing = \"indicator\"").unwrap();
    let (inputs, targets) = filled(&dataset, Split::Train, &[5, 8]);
    let there: Vec<f64> = (0..100).filter(|i| i % 4 > 0).map(|i| f64::from(i % 10)).collect();
    let mean = there.iter().sum::<f64>() / there.len() as f64;
    let square = there.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let deviation = (square / there.len() as f64).sqrt();
    let uniform = (9999.0f64 / 12.0).sqrt();
    let expected = [(5.0 - mean) / deviation, (5.0 - 49.5) / uniform, 0.0, 0.0];
    assert!(inputs[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{inputs:?}");
    // The second one is missing its first feature.
    assert_eq!((inputs[1][0], inputs[1][2], inputs[1][3]), (0.0, 1.0, 0.0));
    assert_eq!(targets, [[0.0], [0.0]]);
    let (test, _) = filled(&dataset, Split::Test, &[0]);
    assert!((test[0][1] - (120.0 - 49.5) / uniform).abs() < 1e-12);
}

#[test]
fn weights_bring_both_classes_to_the_same_total() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    file(&path, 150);
    let (dataset, _) = from_file(&path, "weights = \"events\"").unwrap();
    let all: Vec<u32> = (0..100).collect();
    let to = tensors(&dataset, 100, DType::F32);
    dataset.fill(Batch { split: Split::Train, examples: &all, augment: None }, &to).unwrap();
    let column = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let (weights, targets) = (column(to.weights.as_ref().unwrap()), column(&to.targets));
    let total = |class: f32| {
        let of_class = weights.iter().zip(&targets).filter(|(_, target)| **target == class);
        of_class.map(|(weight, _)| f64::from(*weight)).sum::<f64>()
    };
    assert!((total(0.0) - 50.0).abs() < 1e-3 && (total(1.0) - 50.0).abs() < 1e-3);
    let error = load("validation = 5\ntest = 5\nevents = 100\nset = \"htautau\"").unwrap();
    assert!(!error.0.weighted());
}

#[test]
fn what_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    file(&path, 150);
    let shown = |result: Result<(Dataset, Vec<String>)>| {
        let text = result.unwrap_err().to_string();
        text.replace(&folder.path().display().to_string(), "DIR")
    };
    assert_eq!(
        shown(from_file(&path, "events = 151")),
        "data.events: found 151, expected at most the 150 of DIR/events.safetensors"
    );
    let other = format!("source = \"{}\"\nvalidation = 5\ntest = 5\n", path.display());
    assert_eq!(
        shown(load(&other)),
        "data.set: found the feature \"lepton1_pt\", expected one of the file's features, x0, x1"
    );
    assert_eq!(
        shown(load(&format!("{other}set = \"columns\"\nfeatures = [\"x0\", \"x2\"]"))),
        "data.features: found the feature \"x2\", expected one of the file's features, x0, x1"
    );
    let held = format!("{other}set = \"columns\"\nfeatures = [\"x0\"]\n").replace("= 5", "= 75");
    assert!(shown(load(&held)).starts_with("data.validation, data.test: found 75 and 75 of 150"));
}

#[test]
fn a_sorted_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    let mut writer = testing::writer(&path, 2, false);
    let labels: Vec<u8> = (0..6000).map(|i| u8::from(i < 5000 && i % 5 > 0)).collect();
    writer.append(&vec![0.5; 12_000], &labels, &[]).unwrap();
    writer.finish(&"0".repeat(64), 0).unwrap();
    let text = from_file(&path, "").unwrap_err().to_string();
    assert!(text.starts_with("data: the validation split: found only background among"), "{text}");
    let (spread, warnings) = from_file(&path, "split = \"spread\"").unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(spread.len(Split::Train), 5950);
    let path_text = path.display();
    let (_, warnings) = load(&format!(
        "source = \"{path_text}\"\nset = \"columns\"\nfeatures = [\"x0\"]\nvalidation = 900\ntest = 1050"
    ))
    .unwrap();
    assert!(warnings[0].contains("is the file sorted?"), "{warnings:?}");
}

/// As many training events as there are in 3 windows, read from a file in blocks: the same batches as from memory.
#[test]
fn a_pass_over_a_file_is_a_pass_over_its_events() {
    let text = "events = 3000\nvalidation = 500\ntest = 1000";
    let (dataset, _) = load(text).unwrap();
    let mut order = dataset.order(0, Streams::new(1));
    let mut seen = Vec::new();
    while seen.len() < 1500 {
        seen.extend_from_slice(order.examples(seen.len(), 100));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..1500).collect::<Vec<u32>>());
    let same = |epoch| dataset.order(epoch, Streams::new(1)).examples(0, 50).to_vec();
    assert_ne!(same(0), same(1));
    let (once, _) = load(&format!("{text}\nshuffle = \"once\"")).unwrap();
    let same = |epoch| once.order(epoch, Streams::new(1)).examples(0, 50).to_vec();
    assert_eq!(same(0), same(1));
}
