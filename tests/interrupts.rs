//! Runs that are stopped and go on: by signals, and by kills at random moments.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use apl_core::random::{Purpose, Streams};
use command::Bench;

/// A run to be killed: its arguments and where its directory is below `--runs`.
struct Run<'a> {
    arguments: &'a [&'a str],
    directory: &'a str,
}

const SMALL: Run = Run { arguments: &["train", "small/net.toml"], directory: "small/net/seed-1" };

/// Starts the run and gives it so long; `true` if it ended by itself.
fn run_for(bench: &Bench, run: &Run, runs: &str, threads: &str, time: Duration) -> bool {
    let more = ["--no-progress", "--runs", runs, "--threads", threads];
    let mut command = bench.command(&[run.arguments, &more].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while started.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL: no handler runs.
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

/// Kills a run `kills` times at random moments, with one thread and with two, goes on each time, and compares with a run that was left alone.
fn kill_and_compare(kills: usize, run: &Run) {
    let bench = Bench::new();
    let long = Duration::from_secs(3600);
    assert!(run_for(&bench, run, "whole", "2", long));
    let file = |runs: &str, file: &str| {
        std::fs::read(bench.path(runs).join(run.directory).join(file)).unwrap()
    };
    for threads in ["1", "2"] {
        let started = Instant::now();
        assert!(run_for(&bench, run, &format!("alone-{threads}"), threads, long));
        let alone = started.elapsed();
        let mut stream = Streams::new(kills as u32).named(Purpose::Sample, threads);
        let (mut done, mut round) = (0, 0);
        while done < kills {
            let runs = format!("killed-{threads}-{round}");
            // A moment of the whole run, so that start, steps, evaluations, checkpoints and the end are all hit; progress is made in between.
            let mut moment = || alone.mul_f64(stream.uniform());
            while done < kills && !run_for(&bench, run, &runs, threads, moment()) {
                done += 1;
            }
            assert!(run_for(&bench, run, &runs, threads, long));
            let has = |name: &&str| bench.path("whole").join(run.directory).join(name).exists();
            for name in FILES.into_iter().filter(has) {
                assert!(file(&runs, name) == file("whole", name), "{name} of {runs} after {done}");
            }
            assert_eq!(lines(&file(&runs, METRICS)), lines(&file("whole", METRICS)), "{runs}");
            std::fs::remove_dir_all(bench.path(&runs)).unwrap();
            round += 1;
        }
        println!("{done} kills with {threads} threads in {round} runs: every file the same");
    }
}

const METRICS: &str = "metrics.jsonl";
const FILES: [&str; 6] = [
    "model.safetensors",
    "best.safetensors",
    "activations.safetensors",
    "snapshots.safetensors",
    "predictions.safetensors",
    "config.toml",
];

/// The metrics without the seconds.
fn lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    let line = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["seconds"] = 0.into();
        value
    };
    String::from_utf8_lossy(bytes).lines().map(line).collect()
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    kill_and_compare(4, &SMALL);
}

/// `cargo test --release --test interrupts -- --ignored --nocapture`
#[test]
#[ignore = "long: ten minutes"]
fn fifty_kills_of_a_quick_run_leave_the_same_bytes() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/quick/cifar10-cnn-apl.toml");
    // A hundred steps: the moments of starting and of ending get their share of the kills.
    let rates = "optimizer.rates=[{until=80,lr=0.02},{until=100,lr=0.002}]";
    let every = "record.evaluate-every=20";
    let run = Run {
        arguments: &["train", config, "--set", rates, "--set", every],
        directory: "quick/cifar10-cnn-apl,optimizer.rates=__until=80,lr=0.02_,_until=100,lr=0.002__,record.evaluate-every=20/seed-1",
    };
    kill_and_compare(50, &run);
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
}

#[test]
fn signals_stop_a_run_with_a_checkpoint_and_code_75() {
    let bench = Bench::new();
    bench.train(&["--no-progress", "--runs", "whole"]).ok();
    for (i, name) in ["-INT", "-TERM", "-USR1"].into_iter().enumerate() {
        let runs = format!("stopped{i}");
        let arguments = ["train", "small/net.toml", "--no-progress", "--runs", &runs, "--json"];
        let child = bench
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !bench.run(&runs).join("summary.json").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let summary = bench.summary(&runs);
        assert_eq!((&summary, &summary["status"]), (&printed, &"interrupted".into()));
        assert!(summary["step"].as_u64().unwrap() >= 1);
        assert!(bench.run(&runs).join("checkpoint.safetensors").exists());
        bench.train(&["--no-progress", "--runs", &runs]).ok();
        assert!(
            bench.bytes(&runs, "model.safetensors") == bench.bytes("whole", "model.safetensors")
        );
        assert!(!bench.run(&runs).join("checkpoint.safetensors").exists());
    }
}

#[test]
fn a_checkpoint_of_another_machine_goes_on_with_a_warning() {
    let bench = Bench::new();
    bench.config_with("{ until = 24, lr = 0.001 }", "{ until = 2000, lr = 0.001 }");
    assert!(!run_for(&bench, &SMALL, "runs", "2", Duration::from_millis(1500)));
    let path = bench.run("runs").join("checkpoint.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    // The level's name in the header, replaced by one of the same length.
    let level = bench.summary("runs")["host"]["level"].as_str().unwrap().to_string();
    let other = "x".repeat(level.len());
    let (from, to) = (format!("level\\\":\\\"{level}"), format!("level\\\":\\\"{other}"));
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut changed = bytes.clone();
    changed[at..at + to.len()].copy_from_slice(to.as_bytes());
    std::fs::write(&path, changed).unwrap();
    assert!(!run_for(&bench, &SMALL, "runs", "2", Duration::from_millis(1000)));
    let warnings = bench.summary("runs")["warnings"].to_string();
    assert!(warnings.contains(&format!("with CPU level {level} after {other}")), "{warnings}");
}
