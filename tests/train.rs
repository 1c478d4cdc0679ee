//! `apl train` from beginning to end, and again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use command::Bench;
use safetensors::SafeTensors;

#[test]
fn a_run_leaves_its_whole_directory() {
    let bench = Bench::new();
    let ended = bench.train(&["--no-progress"]).ok();
    assert_eq!(ended.err, "");
    assert!(ended.out.starts_with("net, seed 1: done, test error "), "{}", ended.out);
    assert!(ended.out.ends_with("\nruns/small/net/seed-1\n"), "{}", ended.out);
    let mut files: Vec<String> = std::fs::read_dir(bench.run("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "activations.safetensors",
            "best.safetensors",
            "config.toml",
            "curves.json",
            "events.out.tfevents.apl",
            "initial.safetensors",
            "lock",
            "metrics.jsonl",
            "model.safetensors",
            "predictions.safetensors",
            "snapshots.safetensors",
            "summary.json",
        ]
    );
    let summary = bench.summary("runs");
    assert_eq!(summary["status"], "done");
    assert_eq!(summary["parameters"]["activation"], 2 * 2 * (4 * 1024 + 4 * 256 + 8 * 64 + 32));
    assert_eq!(summary["data"][0]["examples"], 270);
    let metrics = String::from_utf8(bench.bytes("runs", "metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<(u64, &str)> = lines
        .iter()
        .map(|line| (line["step"].as_u64().unwrap(), line["split"].as_str().unwrap()))
        .collect();
    let splits = ["train", "validation", "test"];
    let expected: Vec<(u64, &str)> =
        [8, 16, 24].iter().flat_map(|&step| splits.map(|split| (step, split))).collect();
    assert_eq!(steps, expected);
    let model = bench.bytes("runs", "model.safetensors");
    assert_eq!(SafeTensors::deserialize(&model).unwrap().len(), 2 * 6 + 2 * 5);
}

#[test]
fn a_done_run_is_not_repeated_and_a_fresh_one_is_the_same() {
    let bench = Bench::new();
    bench.train(&["--no-progress"]).ok();
    let first = bench.bytes("runs", "model.safetensors");
    let again = bench.train(&["--no-progress"]).ok();
    assert!(again.out.starts_with("net, seed 1: done before, test error"), "{}", again.out);
    bench.train(&["--no-progress", "--fresh", "--threads", "1"]).ok();
    assert!(bench.path("runs/small/net/seed-1.before-1/model.safetensors").exists());
    assert_eq!(bench.bytes("runs", "model.safetensors"), first);
    // The run's own configuration repeats it too, under its name.
    let config = bench.run("runs").join("config.toml");
    bench.apl(&["train", config.to_str().unwrap(), "--runs", "again", "--no-progress"]).ok();
    assert_eq!(bench.bytes("again", "model.safetensors"), first);
}

#[test]
fn seeds_and_overrides_have_folders_of_their_own() {
    let bench = Bench::new();
    let set = ["--set", "activation.hinges=1", "--set", "activation.slopes.learned=false"];
    let ended = bench.train(&[&set[..], &["--seed", "7", "--json", "--no-progress"]].concat()).ok();
    let summary: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(summary["id"], "net,activation.hinges=1,activation.slopes.learned=false");
    assert_eq!(summary["seed"], 7);
    assert_eq!(summary["activation"]["slopes"], "frozen");
    let folder = "runs/small/net,activation.hinges=1,activation.slopes.learned=false/seed-7";
    let tensors = std::fs::read(bench.path(folder).join("model.safetensors")).unwrap();
    let initial = std::fs::read(bench.path(folder).join("initial.safetensors")).unwrap();
    let values = |bytes: &[u8], name: &str| {
        SafeTensors::deserialize(bytes).unwrap().tensor(name).unwrap().data().to_vec()
    };
    assert_eq!(values(&tensors, "act1.slopes"), values(&initial, "act1.slopes"));
    assert_ne!(values(&tensors, "act1.offsets"), values(&initial, "act1.offsets"));
}

#[test]
fn evaluate_finds_the_score_of_the_run_and_inspect_its_numbers() {
    let bench = Bench::new();
    bench.train(&["--no-progress"]).ok();
    let run = bench.run("runs");
    let run = run.to_str().unwrap();
    let ended = bench.apl(&["evaluate", run, "--device", "cpu", "--json"]).ok();
    let score: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(score["score"], bench.summary("runs")["score"]["value"]);
    assert_eq!((&score["examples"], &score["same-data"]), (&100.into(), &true.into()));
    let ended = bench.apl(&["evaluate", run, "--split", "validation"]).ok();
    assert!(ended.out.contains("on 30 examples of the validation split"), "{}", ended.out);
    for target in [run, "small/net.toml"] {
        let ended = bench.apl(&["inspect", target, "--json"]).ok();
        let seen: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(seen["parameters"], bench.summary("runs")["parameters"]);
    }
}

#[test]
fn two_processes_do_not_train_one_run() {
    let bench = Bench::new();
    bench.config_with("{ until = 24, lr = 0.001 }", "{ until = 100000, lr = 0.001 }");
    let mut first = bench.start(&["train", "small/net.toml", "--no-progress"]);
    first.until_exists(&bench.run("runs").join("summary.json"));
    let second = bench.train(&["--no-progress"]);
    drop(first);
    second.fails(
        1,
        "error: runs/small/net/seed-1: another process is training this run\nhint: wait for it, or choose another folder with --runs",
    );
}
