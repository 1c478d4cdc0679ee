//! The Higgs study as a user calls it: generated events, files of events, runs, ensembles and a table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use std::io::Write;

use apl_higgs::{data::EventFile, network::FEATURES};
use command::{Bench, Ended};

/// A run of a second: 3000 generated events, 60 steps.
const CONFIG: &str = r#"task = "higgs"
seed = 1

[data]
source = "embedded"
events = 3000
validation = 600
test = 1000

[network]
hidden = [16, 16, 16]
init = "he"

[activation]
kind = "apl"
hinges = 2

[optimizer]
batch = 50
momentum = { from = 0.9 }
rates = [{ until = 60, lr = 0.02, gamma = 0.99 }]

[record]
evaluate-every = 20
checkpoint-every = 7
sample = 100
units = 8
"#;

const TABLE: &str = r#"
title = "Higgs"
seeds = { small = 2 }
contrasts = []

[[row]]
id = "auc"
label = "one"
column = "AUC"
config = "net"

[[row]]
id = "binned"
label = "one"
column = "binned"
config = "net"
score = "significance, binned"

[[row]]
id = "together"
label = "two together"
column = "binned"
config = "net"
score = "significance, binned"
ensemble = 2
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("small/net.toml", CONFIG);
    bench
}

fn train(bench: &Bench, runs: &str, source: &str) -> Ended {
    bench.train(&["--no-progress", "--runs", runs, "--data", source])
}

fn generate(bench: &Bench, events: &str, out: &str) -> Ended {
    bench.apl(&["data", "generate", "higgs", "--events", events, "--out", out])
}

/// Everything of a run but what its time and the place of its data write into it.
fn same_network(bench: &Bench, one: &str, other: &str) {
    for file in ["model", "best", "predictions", "activations", "snapshots", "initial"] {
        let file = format!("{file}.safetensors");
        assert!(bench.bytes(one, &file) == bench.bytes(other, &file), "{file}");
    }
    for file in ["curves.json", "preprocessing.json"] {
        assert!(bench.bytes(one, file) == bench.bytes(other, file), "{file}");
    }
    for key in ["hash", "score", "scores", "data"] {
        assert_eq!(bench.summary(one)[key], bench.summary(other)[key], "{key}");
    }
}

#[test]
fn a_run_is_scored_by_its_curve_and_by_significances() {
    let bench = bench();
    let ended = train(&bench, "runs", "embedded").ok();
    assert!(ended.out.starts_with("net, seed 1: done, test AUC 0."), "{}", ended.out);
    let summary = bench.summary("runs");
    let auc = summary["score"]["value"].as_f64().unwrap();
    assert!((0.65..0.85).contains(&auc), "{auc}");
    let names: Vec<&str> =
        summary["scores"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["significance, one cut", "significance, binned"]);
    for score in summary["scores"].as_array().unwrap().iter().chain([&summary["score"]]) {
        let (low, high) = (&score["interval"]["low"], &score["interval"]["high"]);
        let value = score["value"].as_f64().unwrap();
        assert!(low.as_f64().unwrap() < value && value < high.as_f64().unwrap(), "{score}");
    }
    let scored = bench.apl(&["evaluate", "runs/small/net/seed-1", "--split", "test"]).ok();
    assert!(scored.out.contains(&format!("AUC {auc:.4} on 1000 examples")), "{}", scored.out);
    let inspected = bench.apl(&["inspect", "small/net.toml"]).ok();
    assert!(inspected.out.contains("2 S M = 2 x 2 x 48 = 192"), "{}", inspected.out);
}

/// The events as they are generated, in a file of them, and in tables of text, packed or not.
#[test]
fn where_events_come_from_does_not_change_a_run() {
    let bench = bench();
    train(&bench, "generated", "embedded").ok();
    let ended = generate(&bench, "3000", "events.safetensors").ok();
    assert!(ended.out.starts_with("events.safetensors: 3000 events, generated with seed 1 ("));
    train(&bench, "file", "events.safetensors").ok();
    same_network(&bench, "generated", "file");

    let file = EventFile::open(&bench.path("events.safetensors")).unwrap();
    let (mut features, mut labels) = (vec![0.0; 3000 * FEATURES], vec![0; 3000]);
    file.read_rows(0..3000, &mut features, &mut labels, None).unwrap();
    let mut text = format!("kind,{}\n", file.features().join(","));
    for (row, label) in features.chunks_exact(FEATURES).zip(&labels) {
        let number = |x: &f32| if x.is_nan() { "-12345".into() } else { x.to_string() };
        let line: Vec<String> = row.iter().map(number).collect();
        text.push_str(&format!("{},{}\n", if *label == 1 { "s" } else { "b" }, line.join(",")));
    }
    bench.write("events.csv", &text);
    let packed = std::fs::File::create(bench.path("packed")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap();
    for (source, out) in [("events.csv", "a.safetensors"), ("packed", "b.safetensors")] {
        let import = ["data", "import", "higgs", "--data", source, "--out", out, "--label", "kind"];
        let ended = bench.apl(&[&import[..], &["--missing", "-12345"]].concat()).ok();
        let expected = format!("{out}: 3000 events, H -> tau tau, 25 features (");
        assert!(ended.out.starts_with(&expected), "{}", ended.out);
        let runs = format!("runs-of-{source}");
        train(&bench, &runs, out).ok();
        same_network(&bench, "generated", &runs);
    }
}

/// The generator's features under their names need no import either, and other events are scaled as those the network knows.
#[test]
fn a_network_is_shown_other_events_as_it_knows_them() {
    let bench = bench();
    train(&bench, "runs", "embedded").ok();
    generate(&bench, "3000", "events.safetensors").ok();
    let file = EventFile::open(&bench.path("events.safetensors")).unwrap();
    let (mut features, mut labels) = (vec![0.0; 3000 * FEATURES], vec![0; 3000]);
    file.read_rows(0..3000, &mut features, &mut labels, None).unwrap();
    let mut text = format!("{},class\n", file.features().join(","));
    for (event, (row, label)) in features.chunks_exact(FEATURES).zip(&labels).enumerate() {
        // The last 1000 are the test: only what was before is different.
        let factor = if event < 2000 { 3.0 } else { 1.0 };
        let number = |x: &f32| if x.is_nan() { String::new() } else { (factor * x).to_string() };
        let line: Vec<String> = row.iter().map(number).collect();
        text.push_str(&format!("{},{label}\n", line.join(",")));
    }
    bench.write("other.csv", &text);
    let score = |data: &[&str]| {
        let evaluate = ["evaluate", "runs/small/net/seed-1", "--split", "test", "--json"];
        let ended = bench.apl(&[&evaluate[..], data].concat()).ok();
        let found: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        (found["score"].as_f64().unwrap(), found["same-data"].as_bool().unwrap())
    };
    let (own, same) = score(&[]);
    assert!(same);
    assert_eq!(score(&["--data", "other.csv"]), (own, false));
    bench.write("runs/small/net/seed-1/preprocessing.json", "{\"features\": [], \"events\": 1}");
    let evaluate = bench.apl(&["evaluate", "runs/small/net/seed-1"]);
    evaluate
        .fails_with(1, &["preprocessing.json: found scales of [], expected of [\"lepton1_pt\""]);
}

/// Another task is pruned as images are; its one output has a sign.
#[test]
fn a_network_is_pruned_on_its_training_events() {
    let bench = bench();
    train(&bench, "runs", "embedded").ok();
    let evaluate = |more: &[&str]| {
        let ended = bench.apl(&[&["evaluate", "runs/small/net/seed-1", "--json"], more].concat());
        serde_json::from_str::<serde_json::Value>(&ended.ok().out).unwrap()
    };
    let exact = evaluate(&["--split", "train", "--prune", "0"]);
    let (whole, pruned) = (exact["score"].as_f64().unwrap(), &exact["pruned"]);
    assert!((pruned["score"].as_f64().unwrap() - whole).abs() < 1e-5, "{exact}");
    assert!(pruned["changed"]["output"].as_f64().unwrap() < 1e-4, "{exact}");
    assert_eq!(pruned["observed"], 1400);
    let rough = evaluate(&["--prune", "0.2"]);
    let (whole, pruned) = (rough["score"].as_f64().unwrap(), &rough["pruned"]);
    assert_eq!(rough["score"], evaluate(&[])["score"]);
    assert!((pruned["score"].as_f64().unwrap() - whole).abs() < 0.1, "{rough}");
    let (before, ragged) = (&pruned["parameters"]["before"], &pruned["parameters"]["ragged"]);
    assert!(*before == 192 && (10..170).contains(&ragged.as_u64().unwrap()), "{rough}");
}

#[test]
fn threads_do_not_change_a_run() {
    let bench = bench();
    let more = "split = \"spread\"\nmissing = \"indicator\"\nshuffle = \"once\"\n";
    bench
        .write("small/net.toml", &CONFIG.replace("test = 1000\n", &format!("test = 1000\n{more}")));
    for (runs, threads) in [("one", "1"), ("three", "3")] {
        bench.train(&["--no-progress", "--runs", runs, "--threads", threads]).ok();
    }
    same_network(&bench, "one", "three");
}

/// A table that can be read as it is: imported into the cache by the first run, and no more after.
#[test]
fn a_public_table_is_a_source_as_it_is() {
    let bench = bench();
    // As pandas writes a table without names: the numbers of the columns for a header.
    let numbers: Vec<String> = (0..29).map(|i| i.to_string()).collect();
    let mut text = format!("{}\n", numbers.join(","));
    for row in 0..600 {
        let label = (row * 7 / 3) % 2;
        let numbers =
            (0..28).map(|i| format!("{:.3}", (row * (i + 3) % 17) as f64 / 9.0 + label as f64));
        text.push_str(&format!("{label}.0,{}\n", numbers.collect::<Vec<_>>().join(",")));
    }
    bench.write("higgs.csv", &text);
    let config = CONFIG.replace(
        "events = 3000\nvalidation = 600\ntest = 1000",
        "set = \"uci\"\nvalidation = 150\ntest = 200",
    );
    bench.write("small/net.toml", &config);
    train(&bench, "runs", "higgs.csv").ok();
    let kept = || {
        let entries = std::fs::read_dir(bench.path("cache/higgs")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|e| e == "safetensors")).count()
    };
    assert_eq!(kept(), 1);
    train(&bench, "again", "higgs.csv").ok();
    assert_eq!(kept(), 1);
    same_network(&bench, "runs", "again");
    let shown = bench.apl(&["data", "show", "higgs", "--data", "higgs.csv"]).ok();
    assert!(shown.out.contains("600 events, 300 signal and 300 background"), "{}", shown.out);
    assert!(shown.out.contains("m_wwbb"), "{}", shown.out);
    let verified = bench.apl(&["data", "verify", "higgs", "--data", "higgs.csv", "--json"]).ok();
    let verified: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(
        (&verified["events"], &verified["features"][27]["name"]),
        (&600.into(), &"m_wwbb".into())
    );
}

#[test]
fn a_table_shows_several_scores_and_ensembles_and_is_kept_compact() {
    let bench = bench();
    bench.write("configs/small/net.toml", CONFIG);
    bench.write("configs/higgs.toml", TABLE);
    let reproduce = |runs: &str| {
        bench.apl(&["reproduce", "higgs", "--scale", "small", "--runs", runs, "--no-progress"])
    };
    let whole = reproduce("runs").ok();
    for part in [
        "| one | 0.",
        "| two together |  |  | ",
        ", ensemble of 2 | ",
        "Column AUC: test AUC; column binned: test significance, binned in σ. ",
        "Data: 1\u{202f}400 train (",
    ] {
        assert!(whole.out.contains(part), "{part}\n{}", whole.out);
    }
    bench.apl(&["compact", "runs", "--out", "kept"]).ok();
    assert!(bench.path("kept/small/net/seed-1/preprocessing.json").exists());
    assert_eq!(reproduce("kept").ok().out, whole.out);
    // Fewer seeds than the ensemble has members: no ensemble, and no more runs.
    let few = ["reproduce", "higgs", "--scale", "small", "--runs", "few", "--seeds", "1"];
    let few = bench.apl(&few).ok();
    assert!(few.err.contains("1 run in 1 row, 0 done"), "{}", few.err);
    assert!(!few.out.contains("two together"), "{}", few.out);
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    let bench = bench();
    bench.write("small/net.toml", &CONFIG.replace("until = 60", "until = 400"));
    train(&bench, "whole", "embedded").ok();
    let mut cuts = 0;
    loop {
        let arguments = ["train", "small/net.toml", "--no-progress", "--runs", "cut"];
        let mut running = bench.start(&arguments);
        if cuts == 0 {
            running.until_exists(&bench.run("cut").join("checkpoint.safetensors"));
        }
        if !running.ended_within(std::time::Duration::from_millis(60)) {
            running.signal("-INT");
        }
        let ended = bench.ended(running.output());
        if ended.code == Some(0) {
            break;
        }
        assert_eq!(ended.code, Some(75), "{}", ended.err);
        cuts += 1;
    }
    assert!(cuts > 0);
    assert_eq!(bench.summary("cut")["status"], "done");
    same_network(&bench, "whole", "cut");
}

#[test]
fn events_that_cannot_be_used_are_named() {
    let bench = bench();
    generate(&bench, "0", "none").fails_with(2, &["events: found 0, expected at least 1"]);
    generate(&bench, "3000", "events.safetensors").ok();
    std::fs::create_dir(bench.path("folder")).unwrap();
    bench.write("empty.csv", "");
    bench.write("head.csv", "label,x,y\n");
    bench.write("label.csv", "label,x\n1,2.0\n2,3.0\n");
    bench.write("nan.csv", "label,x\n1,2.0\n0,NaN\n");
    bench.write("twice.csv", "label,x,x\n1,2.0,3.0\n0,1.0,1.0\n");
    let bytes = std::fs::read(bench.path("events.safetensors")).unwrap();
    std::fs::write(bench.path("cut.safetensors"), &bytes[..bytes.len() - 1]).unwrap();
    for (source, parts) in [
        ("absent", &["<folder>/absent", "found nothing"][..]),
        ("folder", &["folder: found a folder, expected a file"]),
        ("empty.csv", &["empty.csv: found"]),
        (
            "cut.safetensors",
            &["cut.safetensors: found 304471 bytes", "the file was cut short or added to"],
        ),
    ] {
        let source = bench.path(source).display().to_string();
        train(&bench, "runs", &source).fails_with(1, parts);
    }
    for (source, parts) in [
        ("head.csv", &["head.csv: found", "hint: "][..]),
        ("label.csv", &["label.csv: line 3, column label: found \"2\", expected 0 or 1, s or b"]),
        ("nan.csv", &["nan.csv: line 3, column x: found \"NaN\""]),
        ("twice.csv", &["twice.csv: found", "x"]),
    ] {
        let import = ["data", "import", "higgs", "--data", source, "--out", "out"];
        bench.apl(&[&import[..], &["--label", "label"]].concat()).fails_with(1, parts);
        assert!(!bench.path("out").exists());
    }
    let ended = train(&bench, "runs", "label.csv");
    ended.fails_with(1, &["label.csv: found columns label, x, expected those of UCI HIGGS"]);
    bench.write("small/net.toml", &CONFIG.replace("validation = 600", "validation = 0"));
    let expected = "small/net.toml: data.validation: found 0, expected 1 to 4294967295 events";
    bench.train(&[]).fails_with(2, &[expected]);
}
