//! Downloads from a hub on this machine, which behaves, or not.

#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod broken;
mod cached;
#[path = "../loopback/mod.rs"]
mod loopback;
mod refused;
mod stopped;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use apl_train::{
    hub::{self, Fetched, Patience, Request, Settings},
    interrupt::Interrupt,
};
use loopback::{COMMIT, Hub, hex};
use tempfile::TempDir;

const REPOSITORY: &str = "uoft-cs/cifar10";
const TRAIN: &str = "plain_text/train-00000-of-00001.parquet";
const TEST: &str = "plain_text/test-00000-of-00001.parquet";

/// Bytes that do not repeat.
fn content(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// A hub with two files and an empty cache.
struct Bench {
    hub: Hub,
    cache: TempDir,
    settings: Settings,
    train: Vec<u8>,
    test: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let (hub, cache) = (Hub::start(), tempfile::tempdir().unwrap());
        let (train, test) = (content(300_000, 1), content(70_000, 2));
        hub.put(REPOSITORY, TRAIN, train.clone());
        hub.put(REPOSITORY, TEST, test.clone());
        let patience = Patience {
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(30),
            tries: 4,
            first: Duration::from_millis(2),
            longest: Duration::from_millis(8),
            asked: Duration::from_secs(2),
        };
        let settings = Settings {
            cache: cache.path().join("hub"),
            endpoint: hub.endpoint.clone(),
            token: None,
            offline: false,
            quiet: true,
            interrupt: Interrupt::default(),
            patience,
        };
        Self { hub, cache, settings, train, test }
    }

    /// For hubs that hang.
    fn impatient() -> Self {
        let mut bench = Self::new();
        bench.settings.patience.answer = Duration::from_millis(300);
        bench.settings.patience.silence = Duration::from_millis(300);
        bench
    }

    fn fetch_at(&self, revision: &str, files: &[&str]) -> apl_train::Result<Vec<Fetched>> {
        let request = Request { repository: REPOSITORY, revision, files };
        hub::fetch(&request, &self.settings)
    }

    /// Both files at the full commit.
    fn fetch(&self) -> apl_train::Result<Vec<Fetched>> {
        self.fetch_at(COMMIT, &[TRAIN, TEST])
    }

    fn folder(&self) -> PathBuf {
        self.settings.cache.join("datasets--uoft-cs--cifar10")
    }

    fn partial(&self) -> PathBuf {
        self.folder().join("blobs").join(format!("{}.incomplete", hex(&self.train)))
    }

    /// The message of an error, with the cache and the hub replaced.
    #[track_caller]
    fn message<T: std::fmt::Debug>(&self, result: apl_train::Result<T>) -> String {
        let text = result.unwrap_err().to_string();
        let host = self.hub.endpoint.trim_start_matches("http://");
        text.replace(&self.cache.path().display().to_string(), "DIR").replace(host, "HOST")
    }

    /// Both files are in the cache, whole, and nothing else is left.
    #[track_caller]
    fn assert_whole(&self, fetched: &[Fetched]) {
        for (fetched, (file, content)) in
            fetched.iter().zip([(TRAIN, &self.train), (TEST, &self.test)])
        {
            assert_eq!(fetched.file, file);
            assert_eq!(fetched.path, self.folder().join("snapshots").join(COMMIT).join(file));
            assert!(std::fs::read(&fetched.path).unwrap() == *content, "{file}");
            assert_eq!((fetched.bytes, &fetched.sha256), (content.len() as u64, &hex(content)));
            assert_eq!(
                (fetched.repository.as_str(), fetched.commit.as_str()),
                (REPOSITORY, COMMIT)
            );
        }
        let mut blobs = names(&self.folder().join("blobs"));
        blobs.sort();
        let mut expected: Vec<String> = fetched.iter().map(|file| file.sha256.clone()).collect();
        expected.sort();
        assert_eq!(blobs, expected);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const OUT: &str = "put plain_text/train-00000-of-00001.parquet and plain_text/test-00000-of-00001.parquet of uoft-cs/cifar10 into DIR/hub/datasets--uoft-cs--cifar10/snapshots/0b2714987fa478483af9968de7c934580d0bb9a2, or name the folder that holds them with --data FOLDER, or take generated data with --data embedded";
