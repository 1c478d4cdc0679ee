use super::*;
use crate::{
    data::EventWriter,
    events::{resident::CHUNK, testing},
};

fn config(text: &str) -> DataConfig {
    let config: DataConfig = toml::from_str(text).unwrap();
    config.check().unwrap();
    config
}

fn load(text: &str) -> Result<(Dataset, Vec<String>)> {
    let cache = tempfile::tempdir().unwrap();
    Dataset::load(&config(text), cache.path(), &mut |_| Ok(()))
}

fn filled(dataset: &Dataset, split: Split, examples: &[u32]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let to = dataset.tensors(examples.len(), DType::F64, &Device::Cpu).unwrap();
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
            let features = generator::features::features(&event.seen);
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
    let to = dataset.tensors(100, DType::F32, &Device::Cpu).unwrap();
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

/// All that a run sees of a data set: two passes over its training events in batches, and the other splits.
fn seen(dataset: &Dataset) -> Vec<[Vec<f64>; 3]> {
    let mut all = Vec::new();
    let mut show = |split, examples: &[u32]| {
        let to = dataset.tensors(examples.len(), DType::F64, &Device::Cpu).unwrap();
        dataset.fill(Batch { split, examples, augment: None }, &to).unwrap();
        let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let weights = to.weights.as_ref().map(flat);
        all.push([flat(&to.inputs), flat(&to.targets), weights.unwrap_or_default()]);
    };
    for epoch in 0..2 {
        let mut order = dataset.order(epoch, Streams::new(1));
        let mut done = 0;
        while done < dataset.len(Split::Train) {
            let examples = order.examples(done, 100).to_vec();
            done += examples.len();
            show(Split::Train, &examples);
        }
        assert!(order.examples(done, 1).is_empty());
    }
    for split in [Split::Validation, Split::Test] {
        show(split, &(0..dataset.len(split) as u32).collect::<Vec<_>>());
    }
    all
}

/// Events that are read from a file in blocks are those of the same file in memory: in every batch, with every way to split, weigh and fill in.
#[test]
fn a_file_read_in_blocks_gives_the_batches_of_one_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    let rows = 30_000;
    file(&path, rows);
    let place = path.display();
    let head = format!(
        "source = \"{place}\"\nset = \"columns\"\nfeatures = [\"x1\", \"x0\"]\nvalidation = 3000\ntest = 5000\n"
    );
    for more in [
        "",
        "split = \"spread\"\nweights = \"events\"\nmissing = \"indicator\"",
        "events = 20000\nshuffle = \"once\"",
    ] {
        let config = config(&format!("{head}{more}"));
        let [memory, blocks] = [u64::MAX, 0].map(|whole| {
            Dataset::within(&config, folder.path(), whole, &mut |_| Ok(())).unwrap().0
        });
        assert_eq!(memory.standard(), blocks.standard());
        assert_eq!(memory.digest(Split::Test), blocks.digest(Split::Test));
        assert!(seen(&memory) == seen(&blocks), "{more}");
    }
}

/// What a GPU is given, by the plain version of the operation, which the kernel equals to the bit.
#[test]
fn events_on_a_device_give_the_batches_of_the_processor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    // More than are copied at a time.
    file(&path, 2 * CHUNK + 10_000);
    let place = path.display();
    let head = format!(
        "source = \"{place}\"\nset = \"columns\"\nfeatures = [\"x1\", \"x0\"]\nvalidation = 3000\ntest = 5000\n"
    );
    for more in ["", "split = \"spread\"\nweights = \"events\"\nmissing = \"indicator\""] {
        let config = config(&format!("{head}{more}"));
        for (dtype, whole) in [(DType::F32, u64::MAX), (DType::F64, 0)] {
            let (dataset, _) =
                Dataset::within(&config, folder.path(), whole, &mut |_| Ok(())).unwrap();
            for split in Split::ALL {
                let resident = Resident::of(&dataset, split, dtype, &Device::Cpu).unwrap();
                let last = dataset.len(split) as u32 - 1;
                if dtype == DType::F32 {
                    let Examples { inputs, targets, weights } = &resident.events;
                    let numbers = inputs.elem_count()
                        + targets.elem_count()
                        + weights.as_ref().map_or(0, Tensor::elem_count);
                    let bytes = config.event_bytes() * dataset.len(split) as u64;
                    assert_eq!(4 * numbers as u64, bytes);
                }
                let examples: Vec<u32> = [last, 0, 7, 7, last / 2]
                    .into_iter()
                    .chain((0..200).map(|i| i * 7919 % last))
                    .collect();
                let batch = || dataset.tensors(examples.len(), dtype, &Device::Cpu).unwrap();
                let (found, expected) = (batch(), batch());
                resident.fill(&examples, &found).unwrap();
                dataset
                    .fill(Batch { split, examples: &examples, augment: None }, &expected)
                    .unwrap();
                assert_eq!(bits(&found), bits(&expected), "{split:?} {dtype:?} {more}");
                let one = dataset.tensors(1, dtype, &Device::Cpu).unwrap();
                let error = resident.fill(&[last + 1], &one).unwrap_err().to_string();
                let expected = format!("below {}, the number of rows", last + 1);
                assert_eq!(
                    error,
                    format!("rows: numbers: found {}, expected {expected}", last + 1)
                );
            }
        }
    }
}

/// A split is copied once, and anew where its features are brought to scale in another way.
#[test]
fn events_on_a_device_stay_there() {
    let text = "events = 300\nvalidation = 50\ntest = 100";
    let (mut dataset, _) = load(text).unwrap();
    let batch = dataset.tensors(2, DType::F32, &Device::Cpu).unwrap();
    let first = dataset.resident(Split::Test, &batch.inputs).unwrap();
    let again = dataset.resident(Split::Test, &batch.inputs).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    let mut standard = dataset.standard().clone();
    standard.features[0].scale *= 2.0;
    dataset.set_standard(standard).unwrap();
    dataset.resident(Split::Test, &batch.inputs).unwrap().fill(&[3, 4], &batch).unwrap();
    let expected = dataset.tensors(2, DType::F32, &Device::Cpu).unwrap();
    dataset
        .fill(Batch { split: Split::Test, examples: &[3, 4], augment: None }, &expected)
        .unwrap();
    assert_eq!(bits(&batch), bits(&expected));
}

/// The numbers of a batch, as they are in memory.
fn bits(batch: &Examples) -> [Vec<u64>; 3] {
    let bits = |tensor: &Tensor| -> Vec<u64> {
        let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
        flat.to_vec1::<f64>().unwrap().into_iter().map(f64::to_bits).collect()
    };
    let weights = batch.weights.as_ref().map(bits).unwrap_or_default();
    [bits(&batch.inputs), bits(&batch.targets), weights]
}

/// Many generated events are kept in a file, once: the same run.
#[test]
fn many_generated_events_are_those_of_few() {
    let folder = tempfile::tempdir().unwrap();
    let config = config("events = 9000\nvalidation = 1000\ntest = 2000\nsample = 5");
    let mut heard = 0;
    let mut within = |whole| {
        let mut hear = |_| {
            heard += 1;
            Ok(())
        };
        Dataset::within(&config, folder.path(), whole, &mut hear).unwrap().0
    };
    let [memory, kept, again] = [u64::MAX, 0, 0].map(&mut within);
    assert_eq!(heard, 1);
    assert!(folder.path().join("higgs/generated-5-9000.safetensors").exists());
    assert_eq!(Split::ALL.map(|s| memory.digest(s)), Split::ALL.map(|s| again.digest(s)));
    assert!(seen(&memory) == seen(&kept));
}

#[test]
fn every_epoch_has_an_order_of_its_own_or_none() {
    let text = "events = 3000\nvalidation = 500\ntest = 1000";
    let first =
        |dataset: &Dataset, epoch| dataset.order(epoch, Streams::new(1)).examples(0, 50).to_vec();
    let (each, _) = load(text).unwrap();
    assert_ne!(first(&each, 0), first(&each, 1));
    let (once, _) = load(&format!("{text}\nshuffle = \"once\"")).unwrap();
    assert_eq!(first(&once, 0), first(&once, 1));
}

/// 28 features both, and no name in common.
#[test]
fn a_file_of_another_set_is_not_taken_by_its_number_of_features() {
    let folder = tempfile::tempdir().unwrap();
    let (labels, features) = (vec![0, 1, 0, 1, 0, 1, 1, 0], vec![0.5; 8 * 28]);
    let open = |names: Vec<String>| {
        let path = folder.path().join(format!("{}.safetensors", names[0]));
        let mut writer = EventWriter::create(&path, &names, ("made", "csv"), false).unwrap();
        writer.append(&features, &labels, &[]).unwrap();
        writer.finish("", 0).unwrap();
        let place = path.display();
        load(&format!("source = \"{place}\"\nset = \"uci\"\nvalidation = 2\ntest = 2\n"))
    };
    let fair = crate::events::Set::FairUniverse.features().unwrap();
    let error = open(fair.iter().map(|name| name.to_string()).collect()).unwrap_err().to_string();
    assert!(
        error.starts_with("data.set: found the feature \"lepton_pT\", expected one of"),
        "{error}"
    );
    // One without names can only be meant so.
    assert!(open((1..=28).map(|number| number.to_string()).collect()).is_ok());
}

#[test]
fn weights_that_cannot_count_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.safetensors");
    for (weight, expected) in [
        (-0.25, "data.weights: found a weight of -0.25, expected"),
        (0.0, "data.weights: found training events of one class whose weights are all 0"),
    ] {
        let mut writer = testing::writer(&path, 2, true);
        let labels: Vec<u8> = (0..100).map(|i| i % 2).collect();
        // The one that is negative is a test event.
        let weights: Vec<f32> = (0..100)
            .map(|i| if weight == 0.0 && i % 2 == 1 || i == 99 { weight } else { 1.0 })
            .collect();
        writer.append(&[0.5; 200], &labels, &weights).unwrap();
        writer.finish("", 0).unwrap();
        let text = from_file(&path, "weights = \"events\"").unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
        assert!(from_file(&path, "").is_ok());
    }
}
