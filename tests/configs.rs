//! The configurations of the repository: all can be used, all say what they are for, and the paper's hold the authors' numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use apl_core::nn::Parameter;
use apl_higgs::Higgs;
use apl_train::{
    Task,
    config::{Config, Document, Override},
    plan::Plan,
    reproduce::{self, Request},
    run::{DataSummary, Identity, SourceFile},
    table::Table,
};
use apl_vision::Vision;

fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["configs", "configs/public"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let scales = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        for scale in scales.filter(|path| path.is_dir() && !path.ends_with("public")) {
            found.extend(std::fs::read_dir(scale).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found.sort();
    found
}

fn plan(path: &Path, overrides: &[(&str, &str)]) -> Plan<Vision> {
    plan_of(path, overrides)
}

fn plan_of<T: Task>(path: &Path, overrides: &[(&str, &str)]) -> Plan<T> {
    let overrides = overrides.iter().map(|(key, value)| Override::new(key, value, String::new()));
    let document = Document::read(path, overrides.collect()).unwrap();
    assert_eq!(document.task().unwrap(), T::NAME);
    Plan::from_document(&document).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_higgs(path: &Path) -> bool {
    Document::read(path, Vec::new()).unwrap().task().unwrap() == Higgs::NAME
}

fn named(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs").join(name)
}

#[test]
fn every_configuration_can_be_used_and_says_what_it_is_for() {
    let all = all();
    assert_eq!(all.len(), 34);
    for path in all {
        let identity = match is_higgs(&path) {
            true => built::<Higgs>(&path),
            false => built::<Vision>(&path),
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        for part in
            ["# Reproduces: ", &format!("# Run:    apl train {name}"), "# Result: ", "# Time: "]
        {
            assert!(text.contains(part), "{name}: no `{part}`");
        }
        for placeholder in ["QUICK_", "CPU_", "TODO"] {
            assert!(!text.contains(placeholder), "{name}: holds {placeholder}");
        }
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert_eq!(identity.scale, folder);
    }
}

fn built<T: Task>(path: &Path) -> Identity {
    let plan = plan_of::<T>(path, &[]);
    apl_train::launch::build(&plan).unwrap();
    plan.identity
}

#[test]
fn a_resolved_configuration_is_complete_and_comes_back_the_same() {
    for path in all() {
        match is_higgs(&path) {
            true => comes_back::<Higgs>(&path),
            false => comes_back::<Vision>(&path),
        }
    }
}

fn comes_back<T: Task>(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let first = plan_of::<T>(path, &[]);
    let copy = folder.path().join("copy.toml");
    std::fs::write(&copy, first.config.to_toml().unwrap()).unwrap();
    let second = plan_of::<T>(&copy, &[]);
    assert_eq!(second.config, first.config, "{}", path.display());
    assert_eq!(second.activation, first.activation);
}

/// A configuration of the first version, whose runs must stay known.
const FIRST_VERSION: &str = r#"task = "vision"
seed = 1

[data]
source = "embedded"
set = "cifar10"
preprocess = "mean"
scale = 0.015625  
shuffle = "epoch"

[network]
kind = "cnn"
widths = [16, 16, 32]
hidden = [64, 64]
dropout = { conv = 0.0, pool = 0.0, last-pool = 0.125, hidden = 0.125 }
init = "he"

[activation]
kind = "apl"
hinges = 2
sharing = "unit"
slopes = { init = { uniform = 0.1 }, learned = true }
offsets = { init = { normal = 0.5 }, learned = true }

[optimizer]
batch = 100
momentum = { from = 0.9 }
weight-decay = 0.001
rates = [{ until = 400, lr = 0.02 }, { until = 500, lr = 0.002 }]

[record]
evaluate-every = 50
"#;

#[test]
fn the_hash_covers_what_changes_numbers_and_nothing_else() {
    let data = |digest: &str| {
        [DataSummary {
            split: "train".into(),
            examples: 1,
            digest: digest.into(),
            source: Vec::new(),
        }]
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.toml");
    std::fs::write(&path, FIRST_VERSION).unwrap();
    let hash = |overrides: &[(&str, &str)], digest| {
        let config: Config<Vision> = plan(&path, overrides).config;
        config.hash(&data(digest)).unwrap()
    };
    let base = hash(&[], "1");
    assert_eq!(base.len(), 64);
    // What earlier versions wrote: their runs are known again.
    assert_eq!(base, "f4c7ec0c610da58f21250817ae2d6e87dae649fe336837a8cea18138c3224a39");
    let mut from_hub = data("1");
    from_hub[0].source.push(SourceFile {
        repository: "uoft-cs/cifar10".into(),
        commit: "0b27".into(),
        file: "x.parquet".into(),
        sha256: "ab".into(),
    });
    assert_eq!(plan(&path, &[]).config.hash(&from_hub).unwrap(), base);
    for same in [
        ("data.source", "\"some/folder\""),
        ("data.revision", "\"main\""),
        ("record.checkpoint-every", "7"),
        ("record.tensorboard", "false"),
    ] {
        assert_eq!(hash(&[same], "1"), base, "{same:?}");
    }
    // A default that is written out is the same configuration.
    assert_eq!(hash(&[("optimizer.loss-limit", "1000.0")], "1"), base);
    assert_ne!(hash(&[], "2"), base);
    for other in [
        ("seed", "2"),
        ("activation.hinges", "1"),
        ("activation.offsets.learned", "false"),
        ("network.hidden", "[64, 65]"),
        ("data.augment", "\"pad-crop-flip\""),
        ("optimizer.weight-decay", "0.0011"),
        ("record.evaluate-every", "51"),
    ] {
        assert_ne!(hash(&[other], "1"), base, "{other:?}");
    }
}

/// The authors' first release, CIFAR-10 network and solver.
#[test]
fn the_papers_recipe_has_the_authors_numbers() {
    for (name, activation) in [("apl", 1_515_520), ("relu", 0)] {
        let plan = plan(&named(&format!("paper/cifar10-cnn-{name}.toml")), &[]);
        let network = apl_train::launch::build(&plan).unwrap();
        let count = |wanted: bool| -> usize {
            let some = network.parameters().iter().filter(|p| p.role.is_activation() == wanted);
            some.map(|parameter| parameter.value.elem_count()).sum()
        };
        assert_eq!((count(false), count(true)), (13_741_578, activation));
        assert_eq!(plan.steps(), 90_000);
        let rates = [0, 59_999, 60_000, 80_000, 85_000, 89_999].map(|step| plan.rates.at(step));
        assert_eq!(rates, [0.01, 0.01, 0.001, 1e-4, 1e-5, 1e-5]);
        assert_eq!(plan.momentum.at(0), 0.5);
        let expected = 0.9 - 0.4 * (-5.0f64).exp();
        assert!((plan.momentum.at(50_000) - expected).abs() < 1e-12);
        let optimizer = &plan.config.optimizer;
        assert_eq!((optimizer.batch, optimizer.weight_decay), (100, 0.001));
        assert!(optimizer.groups.is_empty());
    }
}

/// The authors' first release, network in network and its solver; S = 2 as remembered from the paper.
#[test]
fn the_papers_nin_has_the_authors_numbers() {
    for (name, activation) in [("apl", 2_525_696), ("relu", 0)] {
        let plan = plan(&named(&format!("paper/cifar10-nin-{name}.toml")), &[]);
        let network = apl_train::launch::build(&plan).unwrap();
        assert_eq!(Parameter::counts(network.parameters()), [966_986, activation]);
        assert_eq!(plan.steps(), 320_000);
        let rates =
            [0, 199_999, 200_000, 300_000, 310_000, 319_999].map(|step| plan.rates.at(step));
        assert_eq!(rates, [0.05, 0.05, 0.01, 0.001, 1e-4, 1e-4]);
        assert!((plan.momentum.at(0) - 0.1).abs() < 1e-15);
        let optimizer = &plan.config.optimizer;
        assert_eq!((optimizer.batch, optimizer.weight_decay), (100, 0.0001));
    }
}

/// The same for CIFAR-100: the CNN's second pooling is a maximum, its S is 2; the NIN's is 1, and both train longer.
#[test]
fn the_papers_cifar100_recipes_have_the_authors_numbers() {
    for (network, weights, activation, steps) in
        [("cnn", 13_925_988, 606_208, 150_000), ("nin", 984_356, 1_274_368, 330_000)]
    {
        for (name, activation) in [("apl", activation), ("relu", 0)] {
            let plan = plan(&named(&format!("paper/cifar100-{network}-{name}.toml")), &[]);
            let built = apl_train::launch::build(&plan).unwrap();
            assert_eq!(Parameter::counts(built.parameters()), [weights, activation]);
            assert_eq!(plan.steps(), steps);
        }
    }
    let cnn = plan(&named("paper/cifar100-cnn-relu.toml"), &[]);
    let rates = [0, 79_999, 80_000, 100_000, 120_000, 149_999].map(|step| cnn.rates.at(step));
    assert_eq!(rates, [0.001, 0.001, 0.0005, 1e-4, 1e-5, 1e-5]);
    let text = cnn.config.to_toml().unwrap();
    assert!(text.contains("second-pool = \"max\""), "{text}");
}

/// The authors' first release, Higgs network and solver: 65 epochs of 70 million events; only slopes and offsets decay.
#[test]
fn the_papers_higgs_recipe_has_the_authors_numbers() {
    for (name, activation) in [("apl", 7672), ("relu", 0)] {
        let plan = plan_of::<Higgs>(&named(&format!("paper/higgs-{name}.toml")), &[]);
        let network = apl_train::launch::build(&plan).unwrap();
        assert_eq!(Parameter::counts(network.parameters()), [459_499, activation]);
        assert_eq!(plan.steps(), 65 * 700_000);
        assert_eq!(
            (plan.rates.at(0), plan.momentum.at(0), plan.momentum.at(10_000)),
            (0.006, 0.5, 0.5)
        );
        assert!((plan.rates.at(plan.steps() - 1) - 0.000_999).abs() < 1e-6);
        let optimizer = &plan.config.optimizer;
        assert_eq!((optimizer.batch, plan.config.data.test), (100, 10_000_000));
        let decays = |parameter: &&Parameter| {
            let groups = optimizer.groups.iter();
            let group = groups
                .clone()
                .find(|group| parameter.name.ends_with(group.pattern.trim_start_matches('*')));
            optimizer.weight_decay * group.map_or(1.0, |group| group.decay) > 0.0
        };
        let decaying = network.parameters().iter().filter(decays);
        assert!(decaying.clone().all(|parameter| parameter.role.is_activation()));
        assert_eq!(decaying.count(), if name == "apl" { 14 } else { 0 });
    }
}

/// Every row of every table can be run at every scale, and rows that tables share are the same runs.
#[test]
fn the_tables_can_be_run_at_every_scale() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let tables = apl_train::table::find(&configs).unwrap();
    assert_eq!(tables.len(), 5);
    for (scale, seeds) in
        [("quick", [2, 3, 2, 5, 2]), ("cpu", [3, 5, 3, 5, 5]), ("paper", [5, 5, 5, 5, 5])]
    {
        let request = Request {
            tables: tables.clone(),
            scale: scale.into(),
            rows: Vec::new(),
            seeds: None,
            changes: Vec::new(),
            data: Vec::new(),
        };
        let resolve = |document: &Document| match document.task()?.as_str() {
            Higgs::NAME => reproduce::resolve::<Higgs>(document),
            _ => reproduce::resolve::<Vision>(document),
        };
        let study = reproduce::plan(&request, &resolve).unwrap();
        for ((path, record), seeds) in study.tables.iter().zip(seeds) {
            let place = path.display();
            let ours = record.rows.iter().filter(|row| row.run.is_some());
            assert!(ours.clone().all(|row| row.seeds.len() == seeds), "{place}");
            assert!(!record.contrasts.is_empty() && !record.partial, "{place}");
        }
        // 33 rows of the ablation, 5 of the hinges', 20 of table 1 and 6 of table 3; the two of ReLU and of S = 5 are three rows' each, three more are two rows'.
        // The twelve of table 2 are two networks, each with three scores, alone and together.
        let shared = |n| study.rows.iter().filter(|row| row.shown_by.len() == n).count();
        let counts = (study.rows.len(), shared(6), shared(3), shared(2));
        assert_eq!(counts, (58, 2, 2, 4), "{scale}");
        let together = study.rows.iter().filter(|row| row.ensembles == [5]);
        assert_eq!(together.count(), 2);
    }
}

/// Table 1, error in %: the rows of the paper's own networks, as remembered. Their differences are the claims of the abstract.
#[test]
fn the_papers_numbers_stand_in_the_tables() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let table = Table::read(&configs.join("table1.toml")).unwrap();
    let mean = |id: &str| table.rows.iter().find(|row| row.id == id).unwrap().paper.unwrap().mean;
    let relative = |one: &str, other: &str| 100.0 * (mean(other) - mean(one)) / mean(other);
    assert!((relative("c10-cnn-apl", "c10-cnn-relu") - 9.4).abs() < 0.05);
    assert!((relative("c100-cnn-apl", "c100-cnn-relu") - 7.5).abs() < 0.05);
    assert_eq!((mean("c10-nin-apl-augmented"), mean("c100-nin-apl-augmented")), (7.51, 30.83));
    assert_eq!(table.rows.len(), 40);
    assert_eq!(table.rows.iter().filter(|row| row.config.is_some()).count(), 20);
}

#[test]
fn a_run_is_named_by_its_file_and_overrides() {
    let path = named("quick/cifar10-cnn-apl.toml");
    let plan = plan(&path, &[("activation.hinges", "1"), ("seed", "3"), ("data.source", "\"x\"")]);
    assert_eq!(plan.identity.id, "cifar10-cnn-apl,activation.hinges=1");
    assert_eq!(plan.identity.seed, 3);
    let runs = plan.identity.directory(Path::new("runs"));
    assert_eq!(runs, Path::new("runs/quick/cifar10-cnn-apl,activation.hinges=1/seed-3"));
}
