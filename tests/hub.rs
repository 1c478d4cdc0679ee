//! `apl train --data hub` against a hub on this machine: the first run downloads, the next ones do not; kills and signals lose nothing.

#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
#[path = "../apl-train/tests/loopback/mod.rs"]
mod loopback;
mod pictures;

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use command::{Bench, Ended, Running};
use loopback::{COMMIT, Hub, Kind, Mischief, hex};

const TRAIN: &str = "plain_text/train-00000-of-00001.parquet";
const TEST: &str = "plain_text/test-00000-of-00001.parquet";

/// A hub with a tiny CIFAR-10 and a folder whose cache is empty.
struct Online {
    hub: Hub,
    bench: Bench,
}

impl Online {
    fn new() -> Self {
        let (hub, bench) = (Hub::start(), Bench::new());
        hub.put("uoft-cs/cifar10", TRAIN, pictures::parquet(300, 1));
        hub.put("uoft-cs/cifar10", TEST, pictures::parquet(100, 2));
        Self { hub, bench }
    }

    /// `apl train small/net.toml --data hub` with more arguments.
    fn command(&self, arguments: &[&str]) -> Command {
        let all = [&["train", "small/net.toml", "--data", "hub"], arguments].concat();
        let mut command = self.bench.command(&all);
        command.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", &self.hub.endpoint);
        command.env("HF_TOKEN", "hf_secret");
        command
    }

    fn train(&self, arguments: &[&str]) -> Ended {
        self.bench.ended(self.command(arguments).output().unwrap())
    }

    fn start(&self) -> Running {
        let mut command = self.command(&["--no-progress"]);
        Running::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Waits until so much of the training images is on the disk.
    fn until_partial(&self, bytes: u64) {
        let blobs = self.bench.path("huggingface/hub/datasets--uoft-cs--cifar10/blobs");
        let partial = blobs.join(format!("{}.incomplete", hex(&pictures::parquet(300, 1))));
        let started = Instant::now();
        while std::fs::metadata(&partial).map_or(0, |partial| partial.len()) < bytes {
            assert!(started.elapsed() < Duration::from_secs(60), "{:?}", self.hub.asked());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn the_first_run_downloads_and_records_what() {
    let online = Online::new();
    let ended = online.train(&[]).ok();
    assert!(ended.err.contains("downloading 1.3 MB of uoft-cs/cifar10"), "{}", ended.err);
    let summary = online.bench.summary("runs");
    for (index, file) in [(0, TRAIN), (1, TRAIN), (2, TEST)] {
        let source = &summary["data"][index]["source"];
        assert_eq!(source.as_array().unwrap().len(), 1);
        assert_eq!((&source[0]["commit"], &source[0]["file"]), (&COMMIT.into(), &file.into()));
        assert_eq!(source[0]["repository"], "uoft-cs/cifar10");
        let content =
            if file == TRAIN { pictures::parquet(300, 1) } else { pictures::parquet(100, 2) };
        assert_eq!(source[0]["sha256"], hex(&content));
    }
    let asked = online.hub.asked();
    assert_eq!(online.hub.count(Kind::Storage), 2);
    assert!(asked.iter().any(|asked| asked.token.as_deref() == Some("Bearer hf_secret")));
    let everything = format!("{}{}{summary}", ended.out, ended.err);
    assert!(!everything.contains("hf_secret"));
    // The next one asks nothing, offline or not, and the same images in a folder are the same run.
    let hash = &summary["hash"];
    online.train(&["--no-progress", "--fresh"]).ok();
    let folder = format!("huggingface/hub/datasets--uoft-cs--cifar10/snapshots/{COMMIT}");
    let again = online.bench.train(&["--data", "hub", "--no-progress", "--fresh"]).ok();
    assert_eq!(again.err, "");
    online.bench.train(&["--data", &folder, "--no-progress", "--runs", "other"]).ok();
    assert_eq!(online.bench.summary("other")["hash"], *hash);
    assert!(online.bench.summary("other")["data"][0].get("source").is_none());
    assert_eq!(online.hub.asked().len(), asked.len());
    let run = online.bench.run("runs");
    let ended = online.bench.apl(&["evaluate", run.to_str().unwrap(), "--data", &folder, "--json"]);
    assert!(ended.ok().out.contains("\"same-data\": true"));
}

#[test]
fn a_revision_names_no_other_run() {
    let online = Online::new();
    let ended = online.train(&["--set", "data.revision=\"main\"", "--no-progress"]).ok();
    assert!(ended.out.starts_with("net, seed 1: done"), "{}", ended.out);
    let again = online.train(&["--no-progress"]).ok();
    assert!(again.out.starts_with("net, seed 1: done before"), "{}", again.out);
    online.train(&["--set", "data.revision=\"../x\""]).fails_with(
        2,
        &["--set data.revision=\"../x\": data.revision: found \"../x\", expected a commit"],
    );
}

/// hf-hub would take a blank one for a token, and read it from the environment by itself.
#[test]
fn a_blank_token_is_none() {
    let online = Online::new();
    let mut command = online.command(&["--set", "data.revision=\"elsewhere\""]);
    let ended = online.bench.ended(command.env("HF_TOKEN", " ").output().unwrap());
    ended.fails_with(1, &["has no uoft-cs/cifar10 at elsewhere (404)"]);
    let asked = online.hub.asked();
    assert!(asked.len() == 1 && asked[0].token.is_none(), "{asked:?}");
}

/// A limit on the size of files stands in for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_what_came_is_kept() {
    let online = Online::new();
    let apl = env!("CARGO_BIN_EXE_apl");
    let script = format!(
        "trap '' XFSZ; ulimit -f 1000; exec {apl} train small/net.toml --data hub --no-progress"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(online.bench.path(""));
    for (name, value) in online.command(&[]).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let ended = online.bench.ended(shell.output().unwrap());
    ended.fails_with(1, &[".incomplete: cannot be written: ", "hint: make room, or name another"]);
    online.train(&["--no-progress"]).ok();
    let ranges = online.hub.ranges();
    assert!(ranges.len() == 3 && ranges[1] >= 500_000, "{ranges:?}");
}

#[test]
fn an_empty_cache_offline_is_an_error_with_ways_out() {
    let online = Online::new();
    let ended = online.bench.train(&["--data", "hub"]);
    assert_eq!(online.hub.asked().len(), 0);
    ended.fails(
        1,
        &format!(
            "error: <folder>/huggingface/hub/datasets--uoft-cs--cifar10/snapshots/{COMMIT}/{TRAIN}: found nothing, expected a file of uoft-cs/cifar10 at {COMMIT}\nhint: HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or put {TRAIN} and {TEST} of uoft-cs/cifar10 into <folder>/huggingface/hub/datasets--uoft-cs--cifar10/snapshots/{COMMIT}, or name the folder that holds them with --data FOLDER, or take generated data with --data embedded"
        ),
    );
    assert!(!online.bench.path("runs").exists());
}

#[test]
fn a_killed_download_goes_on() {
    let online = Online::new();
    online.hub.misbehave(Kind::Storage, Mischief::HangAfter(200_000), 1);
    let running = online.start();
    online.until_partial(200_000);
    // Dropping it kills it.
    drop(running);
    online.train(&["--no-progress"]).ok();
    assert_eq!(online.hub.ranges(), [0, 200_000, 0]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_download_resumably() {
    let online = Online::new();
    online.hub.misbehave(Kind::Storage, Mischief::HangAfter(200_000), 1);
    let mut running = online.start();
    online.until_partial(200_000);
    running.signal("-INT");
    let ended = online.bench.ended(running.output());
    ended.fails_with(
        75,
        &["interrupted at byte ", " of plain_text/train", "the same command goes on"],
    );
    assert!(!online.bench.path("runs").exists());
    online.train(&["--no-progress"]).ok();
    assert_eq!(online.hub.ranges(), [0, 200_000, 0]);
}
