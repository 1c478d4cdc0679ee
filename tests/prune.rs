//! `apl evaluate --prune`: the smaller network beside the whole one, as a user calls it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use apl_train::{
    Environment, Task,
    config::{Document, Override},
    evaluate::evaluate,
    feed::Batches,
    interrupt::Interrupt,
    launch,
    plan::Plan,
    task::Split,
    train::Settings,
};
use apl_vision::Vision;
use candle_core::{DType, Device, Tensor};
use command::{Bench, Ended};
use safetensors::SafeTensors;
use serde_json::Value;

const RUN: &str = "runs/small/net/seed-1";
const LAYERS: [(&str, u64); 5] =
    [("act1", 4096), ("act2", 1024), ("act3", 512), ("act4", 16), ("act5", 16)];

fn prune(bench: &Bench, run: &str, tolerance: &str, more: &[&str]) -> Ended {
    bench.apl(&[&["evaluate", run, "--prune", tolerance], more].concat())
}

fn document(ended: Ended) -> Value {
    serde_json::from_str(&ended.ok().out).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

fn sum(pruned: &Value, of: impl Fn(&Value) -> u64) -> u64 {
    pruned["layers"].as_array().unwrap().iter().map(of).sum()
}

/// The run's weights in its network with ReLUs: the loss, the score and the outputs on the test split.
fn with_relu(bench: &Bench) -> (f64, Option<f64>) {
    let relu = Override::new("activation", "{ kind = \"relu\" }", String::new());
    let config = bench.run("runs").join("config.toml");
    let document = Document::read(&config, vec![relu]).unwrap();
    let plan = Plan::<Vision>::from_document(&document).unwrap();
    let mut network = launch::build(&plan).unwrap();
    let model = bench.bytes("runs", "model.safetensors");
    let model = SafeTensors::deserialize(&model).unwrap();
    for parameter in network.parameters() {
        let view = model.tensor(&parameter.name).unwrap();
        let value =
            Tensor::from_raw_buffer(view.data(), DType::F32, view.shape(), &Device::Cpu).unwrap();
        parameter.value.slice_set(&value, 0, 0).unwrap();
    }
    let environment = Environment { cache: bench.path("cache"), ..Environment::read() };
    let settings = Settings::default();
    let data = Vision::load(&plan.config, &environment, &settings, &mut |_| ()).unwrap();
    let batch = plan.config.optimizer.batch;
    let batches = Batches::new::<Vision>(&data, batch, DType::F32, &Device::Cpu).unwrap();
    let (split, never) = (Split::Test, Interrupt::default());
    let outcome = evaluate::<Vision>(&mut network, &data, split, None, &batches, None, &never);
    let outcome = outcome.unwrap().unwrap();
    (outcome.loss, outcome.score)
}

/// On the inputs that were observed nothing but rounding changes, however parameters are shared.
#[test]
fn without_tolerance_the_network_is_the_same() {
    let bench = Bench::new();
    for sharing in ["unit", "channel", "layer"] {
        bench.config_with("hinges = 2", &format!("hinges = 4\nsharing = \"{sharing}\""));
        bench.train(&["--no-progress", "--runs", sharing]).ok();
        let run = format!("{sharing}/small/net/seed-1");
        let found = document(prune(&bench, &run, "0", &["--split", "train", "--json"]));
        let pruned = &found["pruned"];
        assert_eq!((&found["examples"], &pruned["observed"]), (&270.into(), &270.into()));
        assert_eq!(
            (&pruned["score"], &pruned["changed"]["predictions"]),
            (&found["score"], &0.into())
        );
        assert!(number(&pruned["changed"]["output"]) < 1e-4, "{sharing}: {pruned}");
        assert!((number(&pruned["loss"]) - number(&found["loss"])).abs() < 1e-5, "{pruned}");
        assert!(pruned["layers"].as_array().unwrap().iter().all(|l| l["sharing"] == sharing));

        let found = document(prune(&bench, &run, "0", &["--json"]));
        assert_eq!(found["score"], bench.summary(sharing)["score"]["value"]);
        assert_eq!(found["pruned"]["score"], found["score"], "{sharing}");
        // Of four hinges of a unit some are out of reach or beside each other.
        if sharing == "unit" {
            let (total, all) = (sum(&found["pruned"], |l| l["total"].as_u64().unwrap()), 4 * 5664);
            assert!((all / 4..all).contains(&total), "{total} of {all}");
        }
    }
}

#[test]
fn more_tolerance_leaves_fewer_hinges_and_numbers_add_up() {
    let bench = Bench::new();
    bench.train(&["--no-progress"]).ok();
    let mut last = u64::MAX;
    for tolerance in ["0", "0.02", "0.1", "0.3"] {
        let found = document(prune(&bench, RUN, tolerance, &["--split", "validation", "--json"]));
        assert_eq!((&found["split"], &found["examples"]), (&"validation".into(), &30.into()));
        let pruned = &found["pruned"];
        assert_eq!(number(&pruned["tolerance"]), tolerance.parse::<f64>().unwrap());
        let layers = pruned["layers"].as_array().unwrap();
        for (layer, (name, units)) in layers.iter().zip(LAYERS) {
            assert_eq!((&layer["name"], &layer["units"]), (&name.into(), &units.into()));
            let (left, total) = (layer["left"].as_u64().unwrap(), layer["total"].as_u64().unwrap());
            assert!(layer["hinges"] == 2 && left <= 2 && total <= left * units, "{layer}");
            assert_eq!(layer["kind"], if left == 0 { "relu" } else { "apl" });
            assert_eq!(number(&layer["mean"]), total as f64 / units as f64);
        }
        let total = sum(pruned, |layer| layer["total"].as_u64().unwrap());
        let kept =
            |layer: &Value| 2 * layer["left"].as_u64().unwrap() * layer["units"].as_u64().unwrap();
        let parameters = &pruned["parameters"];
        assert_eq!(parameters["ragged"], 2 * total);
        assert_eq!(parameters["after"], sum(pruned, kept));
        assert_eq!(parameters["before"], bench.summary("runs")["parameters"]["activation"]);
        assert_eq!(parameters["weights"], bench.summary("runs")["parameters"]["weights"]);
        assert!(total < last, "{total} with {tolerance}");
        last = total;
    }
}

#[test]
fn a_network_whose_hinges_all_go_is_that_with_relus() {
    let bench = Bench::new();
    bench.train(&["--no-progress"]).ok();
    let found = document(prune(&bench, RUN, "1e9", &["--json"]));
    let pruned = &found["pruned"];
    let (loss, score) = with_relu(&bench);
    assert_eq!((number(&pruned["loss"]), pruned["score"].as_f64()), (loss, score));
    assert!(number(&pruned["changed"]["output"]) > 1e-3);
    assert_eq!(
        (&pruned["parameters"]["after"], &pruned["parameters"]["ragged"]),
        (&0.into(), &0.into())
    );

    // The same for a reader, below what the command says of the whole network.
    let whole = bench.apl(&["evaluate", RUN]).ok().out;
    let shown = prune(&bench, RUN, "1e9", &[]).ok().out;
    assert!(shown.starts_with(&whole), "{shown}");
    let predictions = pruned["changed"]["predictions"].as_u64().unwrap();
    for part in [
        format!("pruned with tolerance 1000000000: error {:.2} %, loss {loss:.6}\n", score.unwrap()),
        format!("\npredictions that changed: {predictions} ({predictions}.00 %); outputs changed by at most "),
        "
 layer  units  S  S left  hinges left  a unit
 act1   4,096  2    ReLU            0    0.00
 act2   1,024  2    ReLU            0    0.00
 act3     512  2    ReLU            0    0.00
 act4      16  2    ReLU            0    0.00
 act5      16  2    ReLU            0    0.00

slopes and offsets: 22,656 before, 0 now, 0 were every unit to keep only its own; weights and biases: 4,022
what units see was observed on all 270 training examples
"
        .into(),
    ] {
        assert!(shown.contains(&part), "no {part} in\n{shown}");
    }
}

#[test]
fn what_cannot_be_pruned_is_named() {
    let bench = Bench::new();
    bench.train(&["--no-progress"]).ok();
    for tolerance in ["-0.5", "NaN", "inf"] {
        let message = format!("error: --prune {tolerance}: expected a finite number, at least 0");
        prune(&bench, RUN, tolerance, &[]).fails(2, &message);
    }
    prune(&bench, RUN, "little", &[]).fails_with(2, &["invalid value 'little'", "--prune"]);
    bench.apl(&["compact", "runs", "--out", "kept"]).ok();
    prune(&bench, "kept/small/net/seed-1", "0.1", &[]).fails(
        1,
        "error: kept/small/net/seed-1/model.safetensors: no network to score: the run is done\nhint: finish it with `apl train` on its config.toml; compact runs keep no weights",
    );
    let relu = ["--set", "activation={kind=\"relu\"}", "--no-progress", "--runs", "relu"];
    let directory = bench.train(&relu).ok().out;
    let directory = directory.lines().last().unwrap();
    let message = format!(
        "error: --prune 0.1: {directory}: found the activation relu, expected apl: no hinges to drop\nhint: leave --prune out to score the network as it is"
    );
    prune(&bench, directory, "0.1", &[]).fails(2, &message);
}
