//! `apl reproduce` as a user calls it: tables of small runs, done once, resumed, shared, and gone on with past failures.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use apl_train::run::{Outcomes, Summary, activations::Activations};
use command::{Bench, Ended};

/// Two rows of the small network, one of them with seeds shared by the other table, and a constant.
const FIRST: &str = r#"
title = "First"
about = "A table for tests."
seeds = { small = 3 }
baseline = "relu"

[[row]]
id = "theirs"
label = "Somebody else's"
paper = { mean = 12.61, evidence = "remembered" }

[[row]]
id = "relu"
label = "ReLU"
config = "net"
set = { "optimizer.weight-decay" = 0.0 }
paper = { mean = 12.56, std = 0.26, evidence = "confirmed" }

[[row]]
id = "s1"
label = "S = 1"
config = "net"
set = { "activation.hinges" = 1 }
paper = { mean = 11.59, std = 0.16, evidence = "remembered" }
"#;

const SECOND: &str = r#"
title = "Second"
seeds = { small = 1 }
contrasts = []

[[row]]
id = "one"
label = "One hinge"
config = "net"
set = { "activation.hinges" = 1 }

[[row]]
id = "two"
label = "Two hinges"
config = "net"
set = { "activation.hinges" = 2 }
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    let config = std::fs::read_to_string(bench.path("small/net.toml")).unwrap();
    bench.write("configs/small/net.toml", &config);
    bench.write("configs/first.toml", FIRST);
    bench.write("configs/second.toml", SECOND);
    bench
}

fn reproduce(bench: &Bench, arguments: &[&str]) -> Ended {
    bench.apl(&[&["reproduce"], arguments, &["--scale", "small"]].concat())
}

/// How many runs a command says it did itself.
fn trained(ended: &Ended) -> usize {
    ended.err.lines().filter(|line| line.contains(", seed ") && line.contains("test error")).count()
}

fn run_directories(runs: &Path) -> Vec<PathBuf> {
    apl_train::run::find(runs).unwrap()
}

/// A key that every row changes makes runs and a table of their own; more seeds of some rows extend the record of fewer, fewer do not shrink it.
#[test]
fn a_key_changed_in_every_row_makes_a_table_of_its_own() {
    let bench = bench();
    let row = ["first", "--row", "s1"];
    reproduce(&bench, &[&row[..], &["--seeds", "1"]].concat()).ok();
    let changed = [&row[..], &["--set", "optimizer.weight-decay=0.002"]].concat();
    let found = reproduce(&bench, &[&changed[..], &["--seeds", "2"]].concat()).ok();
    assert_eq!(trained(&found), 2, "{}", found.err);
    assert!(found.out.contains("# First (optimizer.weight-decay = 0.002)\n"), "{}", found.out);
    let seeds = |name: &str| {
        let record = bench.path("runs/small").join(name);
        apl_train::table::Record::read(&record).unwrap().rows.last().unwrap().seeds.clone()
    };
    let own = "first,optimizer.weight-decay=0.002.toml";
    assert_eq!((seeds("first.toml"), seeds(own)), (vec![1], vec![1, 2]));
    reproduce(&bench, &[&changed[..], &["--seeds", "1"]].concat()).ok();
    reproduce(&bench, &[&row[..], &["--seeds", "2"]].concat()).ok();
    assert_eq!((seeds("first.toml"), seeds(own)), (vec![1, 2], vec![1, 2]));
    reproduce(&bench, &["first", "--set", "optimizer.wait=1"])
        .fails_with(2, &["--set optimizer.wait=1", "unknown field `wait`"]);
}

#[test]
fn a_table_is_run_once_and_printed_the_same_ever_after() {
    let bench = bench();
    let first = reproduce(&bench, &["first", "--jobs", "2"]).ok();
    assert_eq!(trained(&first), 6, "{}", first.err);
    assert!(first.err.contains("row 2 of 2 complete"), "{}", first.err);
    for part in [
        "# First\n",
        "Scale `small`.",
        "A table for tests.",
        "| Somebody else's | 12.61† |  |  |",
        "| ReLU | 12.56 (0.26†) | ",
        ", n = 3 |",
        "Data: 270 train (",
        "adjusted after Holm over 1 planned comparison.",
        "- **S = 1** against **ReLU**: ",
        "Paper: −0.97†; here ",
    ] {
        assert!(first.out.contains(part), "{part}\n{}", first.out);
    }
    let again = reproduce(&bench, &["first"]).ok();
    assert_eq!((trained(&again), &again.out), (0, &first.out), "{}", again.err);
    // Without the data and the weights too: what is done is told by the summary.
    for run in run_directories(&bench.path("runs")) {
        std::fs::remove_file(run.join("model.safetensors")).unwrap();
    }
    assert_eq!(reproduce(&bench, &["first", "--no-progress"]).ok().out, first.out);
    let record = std::fs::read_to_string(bench.path("runs/small/first.toml")).unwrap();
    assert!(record.contains("run = \"net,activation.hinges=1\""), "{record}");
}

/// The networks of both seeds as one, kept in the compact form and gone with the predictions of its members.
#[test]
fn an_ensemble_is_computed_from_its_members_and_kept_with_them() {
    let bench = bench();
    let together = SECOND.replace("id = \"one\"\nlabel", "id = \"one\"\nensemble = 2\nlabel");
    bench.write("configs/second.toml", &together);
    let whole = reproduce(&bench, &["second", "--row", "one"]).ok();
    assert_eq!(trained(&whole), 2, "{}", whole.err);
    assert!(whole.out.contains(", ensemble of 2 | "), "{}", whole.out);
    bench.apl(&["compact", "runs", "--out", "kept"]).ok();
    let folder = bench.path("kept/small/net,activation.hinges=1");
    assert!(folder.join("ensemble-of-2.json").exists());
    let kept = reproduce(&bench, &["second", "--row", "one", "--runs", "kept"]).ok();
    assert_eq!((trained(&kept), kept.out), (0, whole.out));
    std::fs::remove_file(folder.join("ensemble-of-2.json")).unwrap();
    let lost = reproduce(&bench, &["second", "--row", "one", "--runs", "kept"]);
    assert_eq!(lost.code, Some(1), "{}", lost.err);
    let problem =
        "seed-1: has no predictions of the validation split\nhint: compact runs keep none";
    assert!(lost.err.contains(problem), "{}", lost.err);
    assert!(lost.out.contains("seeds 1 and 2"), "{}", lost.out);
}

#[test]
fn compact_runs_are_small_and_count_as_done() {
    let bench = bench();
    let whole = reproduce(&bench, &["second"]).ok();
    let ended = bench.apl(&["compact", "runs", "--out", "kept", "--units", "10"]).ok();
    assert!(ended.out.starts_with("kept: 2 compact runs, "), "{}", ended.out);
    let names = |run: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(run).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for run in run_directories(&bench.path("kept")) {
        let expected = [
            "activations.safetensors",
            "config.toml",
            "curves.json",
            "metrics.jsonl",
            "outcomes.safetensors",
            "snapshots.safetensors",
            "summary.json",
        ];
        assert_eq!(names(&run), expected, "{}", run.display());
        let wrong = Outcomes::read(&run).unwrap().unwrap();
        let score = Summary::read(&run).unwrap().score.unwrap();
        assert_eq!(wrong.error_percent(), Some(score.value), "{}", run.display());
        let activations = Activations::read(&run).unwrap().unwrap();
        for layer in &activations.layers {
            let units = layer.after.as_ref().unwrap().units.as_ref().unwrap();
            assert_eq!((units.count(), units.total()), (10, layer.about.unit.iter().product()));
        }
    }
    let again = reproduce(&bench, &["second", "--runs", "kept"]).ok();
    assert_eq!((trained(&again), again.out), (0, whole.out));
    // A compact run of a compact run is the same, and a report shows it.
    bench.apl(&["compact", "kept", "--out", "kept-again", "--units", "10"]).ok();
    let file = "small/net/seed-1/activations.safetensors";
    let bytes = |folder: &str| std::fs::read(bench.path(folder).join(file)).unwrap();
    assert!(bytes("kept") == bytes("kept-again"));
    let report = bench.apl(&["report", "kept", "--out", "page"]).ok();
    assert!(report.out.contains("2 runs in 2 rows"), "{}", report.out);
    // A run is not made its own compact form.
    bench.apl(&["compact", "runs", "--out", "runs"]).fails_with(1, &["is a run itself"]);
    // What is not done is left out, and another run in its place is not overwritten.
    bench.config_with("hinges = 2", "hinges = 3");
    bench.train(&["--runs", "other"]).ok();
    bench.apl(&["compact", "other", "--out", "kept"]).fails_with(1, &["holds a run of another"]);
}

#[test]
fn rows_of_several_tables_that_are_one_configuration_are_run_once() {
    let bench = bench();
    let planned = reproduce(&bench, &["all", "--dry-run"]).ok();
    assert!(planned.out.contains("first: s1, second: one"), "{}", planned.out);
    assert!(
        planned.out.contains("7 runs in 3 rows, 7 to do; 1 row is shared and run once"),
        "{}",
        planned.out
    );
    assert!(!bench.path("runs").exists());
    let ended =
        reproduce(&bench, &["all", "--row", "one", "--row", "*w*", "--row", "s1", "--seeds", "1"])
            .ok();
    assert_eq!(trained(&ended), 2, "{}", ended.err);
    assert!(ended.out.contains("# First\n") && ended.out.contains("# Second\n"), "{}", ended.out);
    assert!(ended.out.contains("Some rows of the table were left out."), "{}", ended.out);
    assert!(ended.out.contains("p: none of 1 planned comparison tested."), "{}", ended.out);
    // Two hinges are what the configuration says already.
    assert!(bench.path("runs/small/net/seed-1/model.safetensors").exists());
}

#[test]
fn rows_are_run_in_the_order_asked_for_and_shown_in_the_tables() {
    let bench = bench();
    let place =
        |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    for (asked, first, last) in
        [(["one", "two"], "One hinge", "Two hinges"), (["two", "o*"], "Two hinges", "One hinge")]
    {
        let runs = asked.join("-").replace('*', "");
        let rows = ["--row", asked[0], "--row", asked[1], "--seeds", "2", "--jobs", "1"];
        let ended = reproduce(&bench, &[&["second", "--runs", &runs], &rows[..]].concat()).ok();
        let done = [(first, 1), (last, 1), (first, 2), (last, 2)]
            .map(|(label, seed)| place(&ended.err, &format!("{label}, seed {seed}: test error")));
        assert!(done.is_sorted(), "{}", ended.err);
        assert!(place(&ended.out, "| One hinge |") < place(&ended.out, "| Two hinges |"));
    }
}

#[test]
fn a_run_that_fails_stops_nothing_else_and_shows_at_the_end() {
    let bench = bench();
    let bad = SECOND.replace("\"activation.hinges\" = 2", "\"optimizer.loss-limit\" = 0.001");
    bench.write("configs/second.toml", &bad);
    let ended = reproduce(&bench, &["second", "--seeds", "2"]);
    assert_eq!((ended.code, trained(&ended)), (Some(1), 2), "{}", ended.err);
    assert!(ended.err.contains("2 runs done, 2 failed"), "{}", ended.err);
    assert!(ended.err.contains("Two hinges, seed 1: step 0: training diverged"), "{}", ended.err);
    assert!(ended.out.contains("## Incomplete"), "{}", ended.out);
    assert!(
        ended.out.contains("- Two hinges: 0 of 2 seeds; seed 1 failed: step 0"),
        "{}",
        ended.out
    );
    // Nothing is tried again in silence.
    let again = reproduce(&bench, &["second", "--seeds", "2"]);
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.contains("Two hinges, seed 1: failed before and is tried again"),
        "{}",
        again.err
    );
}

#[test]
fn a_scale_has_one_name() {
    let bench = bench();
    std::os::unix::fs::symlink("small", bench.path("configs/other")).unwrap();
    bench
        .apl(&["reproduce", "second", "--scale", "other"])
        .fails_with(2, &["--scale other: its configurations are kept under the name `small`"]);
}

#[test]
#[cfg(target_os = "linux")]
fn one_stopped_process_goes_on_later() {
    let bench = bench();
    let mut running = bench.start(&["reproduce", "second", "--scale", "small", "--jobs", "1"]);
    let mut worker = String::new();
    wait_until(|| {
        let parent = running.child().id();
        let children = format!("/proc/{parent}/task/{parent}/children");
        worker = std::fs::read_to_string(children).unwrap_or_default().trim().to_string();
        apl_train::run::find(&bench.path("runs")).is_ok() && !worker.is_empty()
    });
    let kill = std::process::Command::new("kill").args(["-TERM", &worker]).status().unwrap();
    let ended = bench.ended(running.output()).ok();
    assert!(!kill.success() || ended.err.contains("was stopped, goes on later"), "{}", ended.err);
    assert!(ended.err.contains("2 runs done"), "{}", ended.err);
}

#[test]
fn seeds_on_other_data_do_not_make_a_row() {
    let bench = bench();
    reproduce(&bench, &["second", "--row", "one"]).ok();
    let other = ["data", "import", "cifar10", "--data", "embedded", "--out", "copy"];
    bench.apl(&other).ok();
    let more =
        ["second", "--row", "one", "--seeds", "2", "--data", "cifar10=copy", "--no-progress"];
    let ended = reproduce(&bench, &more);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("seed 2 run on other data than the seeds before"), "{}", ended.out);
}

#[test]
fn another_configurations_run_is_refused_and_left_alone() {
    let bench = bench();
    reproduce(&bench, &["second"]).ok();
    let path = bench.path("runs/small/net/seed-1/metrics.jsonl");
    let before = std::fs::read(&path).unwrap();
    let config = std::fs::read_to_string(bench.path("configs/small/net.toml")).unwrap();
    bench.write("configs/small/net.toml", &config.replace("batch = 40", "batch = 30"));
    let ended = reproduce(&bench, &["second"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("holds a run of another configuration"), "{}", ended.err);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn two_at_once_share_the_work() {
    let bench = bench();
    let more = ["reproduce", "first", "--scale", "small", "--threads", "1", "--jobs", "2"];
    let both = [bench.start(&more), bench.start(&more)];
    let [one, other] = both.map(|running| bench.ended(running.output()).ok());
    assert_eq!(one.out, other.out);
    assert_eq!(trained(&one) + trained(&other), 6, "{}\n{}", one.err, other.err);
    assert_eq!(run_directories(&bench.path("runs")).len(), 6);
}

#[test]
fn a_stopped_study_goes_on_where_it_was() {
    let bench = bench();
    let whole = reproduce(&bench, &["first", "--runs", "whole"]).ok();
    let more = ["reproduce", "first", "--scale", "small", "--runs", "cut"];
    let mut running = bench.start(&more);
    wait_until(|| apl_train::run::find(&bench.path("cut")).is_ok());
    running.signal("-TERM");
    let ended = bench.ended(running.output());
    assert_eq!((ended.code, ended.out.as_str()), (Some(75), ""), "{}", ended.err);
    assert!(ended.err.contains("stopped: the same command goes on from there"), "{}", ended.err);
    assert_eq!(bench.apl(&more).ok().out, whole.out);
}

/// Kills a study and all its processes after random times until it has ended; the table is that of one that was never killed.
fn killed(bench: &Bench, arguments: &[&str], kills: usize, pause: Duration) {
    let whole = bench.apl(&[&["reproduce"], arguments, &["--runs", "whole"]].concat()).ok();
    let cut = [&["reproduce"], arguments, &["--runs", "cut"]].concat();
    let mut done = 0;
    for kill in 0..kills {
        let mut running = bench.start_group(&cut);
        // From a third of the pause to a whole one.
        if running
            .ended_within(pause.mul_f64(1.0 / 3.0 + 2.0 / 3.0 * (kill as f64 * 0.618).fract()))
        {
            break;
        }
        running.kill_group();
        done += 1;
    }
    let last = bench.apl(&cut).ok();
    assert_eq!(last.out, whole.out);
    println!("{done} kills: the same table");
    assert!(done >= kills.min(2), "it ended before it could be killed");
}

#[test]
fn kills_change_nothing_in_a_table() {
    killed(&bench(), &["first", "--scale", "small", "--jobs", "2"], 4, Duration::from_millis(700));
}

/// `cargo test --release --workspace --test reproduce -- --ignored --nocapture`
#[test]
#[ignore = "ten minutes: table 3 at scale quick, twice, with ten kills"]
fn ten_kills_change_nothing_in_table_3() {
    let bench = Bench::new();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/table3.toml");
    let table = table.to_str().unwrap();
    killed(&bench, &[table, "--scale", "quick", "--jobs", "2"], 10, Duration::from_secs(12));
}

#[test]
fn what_cannot_be_used_is_named() {
    let bench = bench();
    for (arguments, expected) in [
        (&["third"][..], "third: cannot read the table"),
        (&["first", "--row", "s2"], "--row s2: matches no row of these tables"),
        (&["first", "--seeds", "0"], "--seeds 0: expected at least 1"),
        (&["first", "--jobs", "0"], "--jobs 0: expected at least 1"),
        (&["first", "--threads", "0"], "--threads 0: expected at least 1"),
        (
            &["first", "--data", "cifar10"],
            "--data cifar10: expected the name of a data set, = and its source",
        ),
        (
            &["first", "--data", "mnist=x"],
            "--data mnist=...: no row of these tables uses a data set of this name",
        ),
    ] {
        let ended = reproduce(&bench, arguments);
        assert_eq!(ended.code, Some(2), "{}", ended.err);
        assert!(ended.err.contains(expected), "{}", ended.err);
    }
    let ended = bench.apl(&["reproduce", "first", "--scale", "huge"]);
    assert!(
        ended.err.contains("found no folder `huge` of configurations beside configs/first.toml"),
        "{}",
        ended.err
    );
    bench.write(
        "configs/first.toml",
        &FIRST.replace("\"activation.hinges\" = 1", "\"activation.hinges\" = 0"),
    );
    let ended = reproduce(&bench, &["first"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err.contains("configs/first.toml: row \"s1\": activation.hinges = 0: activation.hinges: found 0, expected 1 to 64"),
        "{}",
        ended.err
    );
    assert!(!bench.path("runs").exists(), "a study that cannot be run begins nothing");
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(120), "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}
