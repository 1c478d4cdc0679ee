//! The event file of a run holds what its other files hold, for a reader of these tests and for TensorBoard's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
mod events;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use apl_train::run::{Snapshots, Summary, activations::Activations, find, metrics};
use command::Bench;
use events::{Datum, Event, Histogram};

const FILE: &str = "events.out.tfevents.apl";
const VERSION: &str = "tensorboard==2.21.0";

/// Every unit is in the snapshots, which are taken at each of the evaluations: all parameters are there to be compared.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.config_with("units = 8", "units = 100_000");
    let apl = std::fs::read_to_string(bench.path("small/net.toml")).unwrap();
    bench.write("small/relu.toml", &apl.replace("\"apl\"\nhinges = 2", "\"relu\""));
    bench
}

/// Scalars and histograms by tag and step.
type Values<T> = BTreeMap<(String, u64), T>;

fn values(events: &[Event]) -> (Values<f32>, Values<Histogram>) {
    let (mut scalars, mut histograms) = (Values::new(), Values::new());
    for event in events {
        for (tag, datum) in event.values.iter().cloned() {
            let (tag, known) = ((tag, event.step), "a tag twice at a step");
            match datum {
                Datum::Scalar(scalar) => assert!(scalars.insert(tag, scalar).is_none(), "{known}"),
                Datum::Histogram(histogram) => {
                    assert!(histograms.insert(tag, histogram).is_none(), "{known}");
                }
            }
        }
    }
    (scalars, histograms)
}

fn read(run: &Path) -> (Values<f32>, Values<Histogram>) {
    let events = events::read(&std::fs::read(run.join(FILE)).unwrap());
    let version = Event { version: Some("brain.Event:2".into()), ..Event::default() };
    assert_eq!(events[0], version);
    assert!(events.is_sorted_by_key(|event| event.step));
    values(&events)
}

/// The scalars that `metrics.jsonl` has.
fn scalars(run: &Path, measure: &str) -> Values<f32> {
    let mut scalars = Values::new();
    for line in metrics::read(run).unwrap() {
        let mut put = |tag: String, value: f64| scalars.insert((tag, line.step), value as f32);
        put(format!("loss/{}", line.split), line.loss);
        if let Some(score) = line.score {
            put(format!("{measure}/{}", line.split), score);
        }
        put("optimizer/lr".into(), line.lr);
        put("optimizer/momentum".into(), line.momentum);
    }
    scalars
}

fn assert_of(histogram: &Histogram, values: &[f32], what: &str) {
    let mut sorted: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Histogram { min, max, num, sum, sum_squares, bucket_limit, bucket } = histogram;
    let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
    assert_eq!((*min, *max, *num), (first, last, sorted.len() as f64), "{what}");
    assert!((sum - sorted.iter().sum::<f64>()).abs() < 1e-9 * num, "{what}");
    assert!((sum_squares - sorted.iter().map(|v| v * v).sum::<f64>()).abs() < 1e-9 * num, "{what}");
    assert_eq!((bucket.len(), bucket_limit.last()), (bucket_limit.len(), Some(max)), "{what}");
    let mut below = 0.0;
    for (limit, count) in bucket_limit.iter().zip(bucket) {
        below += count;
        let under = |limit: f64| sorted.partition_point(|&v| v < limit) as f64;
        let slack = (max - min) * 1e-12;
        assert!(under(limit - slack) <= below && (limit == max || below <= under(limit + slack)));
    }
    assert_eq!(below, *num, "{what}");
}

#[test]
fn the_event_file_holds_the_metrics_and_the_parameters() {
    let bench = bench();
    bench.train(&["--no-progress"]).ok();
    let run = bench.run("runs");
    let (found, mut histograms) = read(&run);
    assert_eq!(found, scalars(&run, "error"));
    assert_eq!(found.len(), 3 * (2 * 3 + 2));

    let snapshots = Snapshots::read(&run).unwrap().unwrap();
    let mut compared = 0;
    for layer in &snapshots.layers {
        for (name, all) in [("a", &layer.slopes), ("b", &layer.offsets)] {
            let each = all.chunks_exact(layer.hinges * layer.units.len());
            for (&step, values) in snapshots.steps.iter().zip(each) {
                let tag = (format!("{}/{name}", layer.layer), step);
                if let Some(histogram) = histograms.remove(&tag) {
                    assert_of(&histogram, values, &format!("{tag:?}"));
                    compared += 1;
                }
            }
        }
    }
    // Five layers at steps 0, 8, 16 and 24.
    assert_eq!(compared, 5 * 2 * 4);

    for layer in Activations::read(&run).unwrap().unwrap().layers {
        for (step, moment) in [(0, layer.before), (24, layer.after.unwrap())] {
            let tag = (format!("{}/outputs", layer.about.name), step);
            let (found, recorded) = (histograms.remove(&tag).unwrap(), moment.outputs);
            assert_eq!((found.min, found.max), (recorded.low, recorded.high));
            let inner = 1..found.bucket.len() - 1;
            assert_eq!(found.bucket[inner.clone()], recorded.counts[inner]);
            let all = recorded.counts.iter().sum::<f64>() + recorded.below + recorded.above;
            assert_eq!((found.num, found.bucket.iter().sum::<f64>()), (all, all));
            assert!((found.sum / all - recorded.mean).abs() < 1e-9);
        }
    }
    assert_eq!(histograms, Values::new());
}

#[test]
fn rectifiers_have_outputs_only() {
    let bench = bench();
    bench.apl(&["train", "small/relu.toml", "--no-progress"]).ok();
    let (_, histograms) = read(&bench.path("runs/small/relu/seed-1"));
    let tags: Vec<(String, u64)> = histograms.into_keys().collect();
    let layers = (1..=5).map(|i| format!("act{i}/outputs"));
    let expected: Vec<(String, u64)> =
        layers.flat_map(|tag| [(tag.clone(), 0), (tag, 24)]).collect();
    assert_eq!(tags, expected);
}

#[test]
fn without_the_event_file_it_is_the_same_run() {
    let bench = Bench::new();
    bench.train(&["--no-progress"]).ok();
    let without = ["--set", "record.tensorboard=false", "--runs", "without", "--no-progress"];
    bench.train(&without).ok();
    assert!(bench.run("runs").join(FILE).exists());
    assert!(!bench.run("without").join(FILE).exists());
    for name in ["model.safetensors", "activations.safetensors", "snapshots.safetensors"] {
        assert_eq!(bench.bytes("runs", name), bench.bytes("without", name), "{name}");
    }
    assert_eq!(bench.summary("runs")["hash"], bench.summary("without")["hash"]);
    for (runs, value) in [("runs", "true"), ("without", "false")] {
        let config = String::from_utf8(bench.bytes(runs, "config.toml")).unwrap();
        assert!(config.contains(&format!("tensorboard = {value}\n")), "{config}");
    }
}

/// An environment with TensorBoard in it, made once.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(VERSION);
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", VERSION]));
    python
}

/// `cargo test --release --workspace --test tensorboard -- --ignored --nocapture`
#[test]
#[ignore = "installs TensorBoard from PyPI: half a minute"]
fn tensorboard_reads_what_the_run_holds() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/event_accumulator.py");
    let higgs = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/quick/higgs-apl.toml");
    let (python, bench) = (python(), bench());
    let sets = [
        "data.events=4000",
        "data.validation=500",
        "data.test=1000",
        "optimizer.rates=[{until=64,lr=0.01}]",
        "record.evaluate-every=32",
        "record.units=1000",
    ];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    for run in [&["small/net.toml"][..], &["small/relu.toml"], &[&[higgs], &sets[..]].concat()] {
        bench.apl(&[&["train", "--no-progress"], run].concat()).ok();
    }
    let runs = find(&bench.path("runs")).unwrap();
    assert_eq!(runs.len(), 3);
    for run in runs {
        let measure = Summary::read(&run).unwrap().score.unwrap().measure.name;
        let output = Command::new(&python).arg(script).arg(run).arg(measure).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        print!("{}", text(&output.stdout));
    }
}
