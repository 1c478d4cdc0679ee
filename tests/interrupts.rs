//! Runs that are stopped and go on: by signals, and by kills at random moments.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
mod events;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use apl_core::random::{Purpose, Streams};
use apl_train::{
    config::Document,
    interrupt::Interrupt,
    launch::{Request, launch},
    run::{Software, Status},
    train::Settings,
};
use apl_vision::Vision;
use command::Bench;

const LONG: Duration = Duration::from_secs(3600);

/// Starts the run and kills it after so long; `true` if it ended by itself.
fn run_for(bench: &Bench, run: &[&str], runs: &str, threads: &str, time: Duration) -> bool {
    let more = ["--no-progress", "--runs", runs, "--threads", threads];
    let mut running = bench.start(&[run, &more].concat());
    if running.ended_within(time) {
        let output = running.output();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return true;
    }
    // SIGKILL: no handler runs.
    running.child().kill().unwrap();
    false
}

/// The one run directory below a folder.
fn directory(runs: &Path) -> PathBuf {
    let mut path = runs.to_path_buf();
    while !path.join("summary.json").exists() {
        let mut entries = std::fs::read_dir(&path).unwrap();
        path = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none(), "more than one run below {}", runs.display());
    }
    path
}

/// Every file of the one run below a folder, without what times and threads change.
fn files(runs: &Path) -> BTreeMap<String, Vec<u8>> {
    let directory = directory(runs);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let mut bytes = std::fs::read(entry.path()).unwrap();
        if name == "metrics.jsonl" {
            bytes = without_seconds(&String::from_utf8(bytes).unwrap()).into_bytes();
        } else if name.contains("tfevents") {
            bytes = events::without_times(&bytes);
        } else if name == "summary.json" {
            let mut summary: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            for changing in ["time", "host"] {
                summary[changing] = serde_json::Value::Null;
            }
            bytes = summary.to_string().into_bytes();
        }
        files.insert(name, bytes);
    }
    files
}

/// The lines as they were written, but for the last field.
fn without_seconds(metrics: &str) -> String {
    let mut text = String::new();
    for line in metrics.lines() {
        let (kept, seconds) = line.rsplit_once(",\"seconds\":").unwrap();
        seconds.strip_suffix('}').unwrap().parse::<f64>().unwrap();
        text.push_str(kept);
        text.push('\n');
    }
    text
}

fn assert_same(one: &Path, other: &Path, when: &str) {
    let (one, other) = (files(one), files(other));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other), "{when}");
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{name} {when}");
    }
}

/// Kills a run `kills` times at random moments, with one thread and with two, goes on each time, and compares with a run that was left alone.
fn kill_and_compare(kills: usize, bench: &Bench, run: &[&str]) {
    assert!(run_for(bench, run, "whole", "2", LONG));
    for threads in ["1", "2"] {
        let started = Instant::now();
        assert!(run_for(bench, run, &format!("alone-{threads}"), threads, LONG));
        let alone = started.elapsed();
        let mut stream = Streams::new(kills as u32).named(Purpose::Sample, threads);
        let (mut done, mut round) = (0, 0);
        while done < kills {
            let runs = format!("killed-{threads}-{round}");
            // A moment of the whole run, so that start, steps, evaluations, checkpoints and the end are all hit; progress is made in between.
            let mut moment = || alone.mul_f64(stream.uniform());
            while done < kills && !run_for(bench, run, &runs, threads, moment()) {
                done += 1;
            }
            assert!(run_for(bench, run, &runs, threads, LONG));
            let when = format!("of {runs} after {done} kills");
            assert_same(&bench.path("whole"), &bench.path(&runs), &when);
            std::fs::remove_dir_all(bench.path(&runs)).unwrap();
            round += 1;
        }
        println!("{done} kills with {threads} threads in {round} runs: every file the same");
    }
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    kill_and_compare(4, &Bench::new(), &["train", "small/net.toml"]);
}

/// `cargo test --release --test interrupts -- --ignored --nocapture`
#[test]
#[ignore = "long: 8 minutes"]
fn fifty_kills_of_a_quick_run_leave_the_same_bytes() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/quick/cifar10-cnn-apl.toml");
    // A hundred steps: the moments of starting and of ending get their share of the kills.
    let rates = "optimizer.rates=[{until=80,lr=0.02},{until=100,lr=0.002}]";
    let every = "record.evaluate-every=20";
    kill_and_compare(50, &Bench::new(), &["train", config, "--set", rates, "--set", every]);
}

/// A run of seconds, so that a signal finds it at work.
fn longer_bench() -> Bench {
    let bench = Bench::new();
    bench.config_with("{ until = 24, lr = 0.001 }", "{ until = 200, lr = 0.001 }");
    bench
}

#[test]
fn signals_stop_a_run_with_a_checkpoint_and_code_75() {
    let bench = longer_bench();
    bench.train(&["--no-progress", "--runs", "whole"]).ok();
    for (i, name) in ["-INT", "-TERM", "-USR1"].into_iter().enumerate() {
        let runs = format!("stopped{i}");
        let arguments = ["train", "small/net.toml", "--no-progress", "--runs", &runs, "--json"];
        let mut running = bench.start(&arguments);
        running.until_exists(&bench.run(&runs).join("checkpoint.safetensors"));
        running.signal(name);
        let output = running.output();
        assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let summary = bench.summary(&runs);
        assert_eq!((&summary, &summary["status"]), (&printed, &"interrupted".into()));
        assert!(summary["step"].as_u64().unwrap() >= 1);
        assert!(bench.run(&runs).join("checkpoint.safetensors").exists());
        bench.train(&["--no-progress", "--runs", &runs]).ok();
        assert_same(&bench.path("whole"), &bench.path(&runs), name);
    }
}

/// The run, in this process.
fn launch_with(bench: &Bench, runs: &str, interrupt: Interrupt) -> Status {
    let settings = Settings { interrupt, quiet: true, ..Settings::default() };
    launch_so(bench, runs, settings).unwrap()
}

fn launch_so(bench: &Bench, runs: &str, settings: Settings) -> apl_train::Result<Status> {
    let request = Request {
        document: Document::read(&bench.path("small/net.toml"), Vec::new()).unwrap(),
        runs: bench.path(runs),
        fresh: false,
        software: Software { version: "test".into(), git: None },
        settings,
    };
    Ok(launch::<Vision>(&request)?.summary.status)
}

/// Before and after every step, and between the batches of every evaluation, the last one too.
#[test]
fn an_interrupt_at_any_place_changes_nothing() {
    let bench = Bench::new();
    bench.config_with(
        "rates = [{ until = 16, lr = 0.01 }, { until = 24, lr = 0.001 }]",
        "rates = [{ until = 5, lr = 0.01 }]",
    );
    let text = std::fs::read_to_string(bench.path("small/net.toml")).unwrap();
    bench.write("small/net.toml", &text.replace("evaluate-every = 8", "evaluate-every = 2"));
    assert_eq!(launch_with(&bench, "whole", Interrupt::default()), Status::Done);
    let (mut places, mut in_evaluations) = (0, 0);
    loop {
        let runs = format!("stopped-{places}");
        let stopped = launch_with(&bench, &runs, Interrupt::at_question(places + 1));
        if stopped == Status::Done {
            break;
        }
        assert_eq!(stopped, Status::Interrupted);
        places += 1;
        let step = bench.summary(&runs)["step"].as_u64().unwrap();
        let metrics = bench.run(&runs).join("metrics.jsonl");
        let metrics = std::fs::read_to_string(metrics).unwrap_or_default();
        let due = step == 5 || step.is_multiple_of(2);
        in_evaluations += usize::from(due && !metrics.contains(&format!("{{\"step\":{step},")));
        assert_eq!(launch_with(&bench, &runs, Interrupt::default()), Status::Done);
        assert_same(
            &bench.path("whole"),
            &bench.path(&runs),
            &format!("stopped at place {places}"),
        );
    }
    // Three evaluations of one validation batch and three test batches.
    assert_eq!(in_evaluations, 12, "of {places} places");
}

/// As on a GPU, where nobody waits for the loss of every step.
#[test]
fn steps_that_are_looked_at_later_are_the_same() {
    let bench = Bench::new();
    assert_eq!(launch_with(&bench, "whole", Interrupt::default()), Status::Done);
    for (runs, gathered, stop) in [("later", 5, None), ("last", 1000, None), ("cut", 7, Some(9))] {
        let interrupt = stop.map_or_else(Interrupt::default, Interrupt::at_question);
        let settings = |interrupt| Settings {
            interrupt,
            quiet: true,
            gathered: Some(gathered),
            ..Settings::default()
        };
        let ended = launch_so(&bench, runs, settings(interrupt)).unwrap();
        assert_eq!(ended, if stop.is_some() { Status::Interrupted } else { Status::Done });
        let ended = launch_so(&bench, runs, settings(Interrupt::default())).unwrap();
        assert_eq!(ended, Status::Done);
        assert_same(&bench.path("whole"), &bench.path(runs), runs);
    }
}

/// A loss that is no number stops the run, though some steps later, and is told of the step that had it.
#[test]
fn a_divergence_that_is_seen_later_names_its_step() {
    let bench = Bench::new();
    bench.config_with("{ until = 16, lr = 0.01 }", "{ until = 16, lr = 1e9 }");
    let failed = |gathered: usize, runs: &str| {
        let settings = Settings { quiet: true, gathered: Some(gathered), ..Settings::default() };
        launch_so(&bench, runs, settings).unwrap_err().to_string()
    };
    let (at_once, later) = (failed(0, "at-once"), failed(6, "later"));
    let step = |error: &str| error.split(':').next().unwrap().to_string();
    assert!(at_once.contains("diverged") && later.contains("diverged"), "{at_once}; {later}");
    assert_eq!(step(&at_once), step(&later));
}

#[test]
fn a_checkpoint_of_another_machine_goes_on_with_a_warning() {
    let bench = longer_bench();
    let mut running = bench.start(&["train", "small/net.toml", "--no-progress"]);
    let path = bench.run("runs").join("checkpoint.safetensors");
    running.until_exists(&path);
    drop(running);
    let bytes = std::fs::read(&path).unwrap();
    // The level's name in the header, replaced by one of the same length.
    let level = bench.summary("runs")["host"]["level"].as_str().unwrap().to_string();
    let other = "x".repeat(level.len());
    let (from, to) = (format!("level\\\":\\\"{level}"), format!("level\\\":\\\"{other}"));
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut changed = bytes.clone();
    changed[at..at + to.len()].copy_from_slice(to.as_bytes());
    std::fs::write(&path, changed).unwrap();
    let ended = bench.train(&["--no-progress"]).ok();
    let warning = format!("with CPU level {level} after {other}");
    assert!(ended.err.starts_with("warning: ") && ended.err.contains(&warning), "{}", ended.err);
    let warnings = bench.summary("runs")["warnings"].to_string();
    assert!(warnings.contains(&warning), "{warnings}");
}
