use super::*;
use crate::data::{
    Data, DataConfig, Folders, Source,
    testing::{self, CIFAR10, message, rows},
};

/// A cache with training images `train` and 12 test images in the snapshot of a commit; neither where `splits` leaves it out.
fn put(cache: &Path, commit: &str, train: std::ops::Range<u32>, splits: &[&str]) {
    let folder = cache.join("datasets--uoft-cs--cifar10/snapshots").join(commit);
    for (split, numbers) in [("train", train), ("test", 30..42)] {
        if splits.contains(&split) {
            let path = folder.join(format!("plain_text/{split}-00000-of-00001.parquet"));
            testing::write(&path, CIFAR10, &rows(numbers, 10), 5, true);
        }
    }
}

fn refer(cache: &Path, revision: &str, commit: &str) {
    let path = cache.join("datasets--uoft-cs--cifar10/refs").join(revision);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, commit).unwrap();
}

const BOTH: [&str; 2] = ["train", "test"];
const PINNED: &str = "0b2714987fa478483af9968de7c934580d0bb9a2";

/// How many training images come from a cache.
fn loaded(cache: &Path, revision: Option<&str>) -> Result<usize> {
    let revision = revision.map(String::from);
    let config = DataConfig { source: Source::Hub, revision, ..DataConfig::default() };
    let decoded = cache.join("decoded");
    Data::load(&config, Folders { hub: cache, cache: &decoded }).map(|data| data.train.len())
}

#[test]
fn the_pinned_commit_comes_before_main_and_main_before_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path();
    put(cache, "abcd", 0..9, &BOTH);
    refer(cache, "main", "abcd\n");
    assert_eq!(loaded(cache, None).unwrap(), 9);
    // A download that was interrupted between the splits is no reason to stop.
    put(cache, PINNED, 0..8, &["train"]);
    assert_eq!(loaded(cache, None).unwrap(), 9);
    put(cache, PINNED, 0..8, &BOTH);
    assert_eq!(loaded(cache, None).unwrap(), 8);
    for (revision, train) in [("main", 9), (PINNED, 8), ("0b27149", 8)] {
        assert_eq!(loaded(cache, Some(revision)).unwrap(), train, "{revision}");
        let files = cached(Set::Cifar10, Some(revision), cache).unwrap().unwrap();
        assert_eq!(files.len(), 2);
        assert!(files[0].file == "plain_text/test-00000-of-00001.parquet" && !files[0].downloaded);
    }
    assert_eq!(cached(Set::Cifar100, None, cache).unwrap(), None);
    assert_eq!(cached(Set::Cifar10, Some("v1"), cache).unwrap(), None);
}

#[test]
fn what_the_cache_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path();
    let hint = "hint: put plain_text/train-00000-of-00001.parquet and plain_text/test-00000-of-00001.parquet there, or name the folder that holds them with `--data FOLDER`, or take generated images with `--data embedded`";
    let error = |revision| message(loaded(cache, revision), cache);
    let nothing = "found nothing, or not both splits, expected the files of uoft-cs/cifar10 in the hub's cache";
    assert_eq!(
        error(None),
        format!("DIR/datasets--uoft-cs--cifar10/snapshots/{PINNED}: {nothing}\n{hint}")
    );
    assert_eq!(
        error(Some("main")),
        format!("DIR/datasets--uoft-cs--cifar10/snapshots/main: {nothing}\n{hint}")
    );
    for bad in ["", "../../elsewhere", "a/b"] {
        refer(cache, "main", bad);
        assert_eq!(
            error(None),
            format!(
                "DIR/datasets--uoft-cs--cifar10/refs/main: found {bad:?}, expected the name of a commit\nhint: delete this file and download the data set again"
            )
        );
    }
}

#[cfg(feature = "hub")]
#[path = "../../../../apl-train/tests/loopback/mod.rs"]
mod loopback;

#[cfg(feature = "hub")]
#[test]
fn real_parquet_comes_from_a_hub_and_is_then_there() {
    use crate::data::testing::expected;
    use apl_train::{hub::Patience, interrupt::Interrupt};

    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("origin");
    put(&origin, PINNED, 0..30, &BOTH);
    let hub = loopback::Hub::start();
    let published = published(Set::Cifar10).unwrap();
    for file in published.files {
        let path = origin.join("datasets--uoft-cs--cifar10/snapshots").join(PINNED).join(file);
        hub.put(published.repository, file, std::fs::read(path).unwrap());
    }
    hub.misbehave(loopback::Kind::Storage, loopback::Mischief::Cut(1000), 2);
    let cache = folder.path().join("hub");
    let settings = Settings {
        cache: cache.clone(),
        endpoint: hub.endpoint.clone(),
        token: None,
        offline: false,
        quiet: true,
        interrupt: Interrupt::default(),
        patience: Patience { first: std::time::Duration::from_millis(1), ..Patience::default() },
    };
    let fetched = fetch(Set::Cifar10, None, &settings).unwrap();
    assert!(fetched.iter().all(|file| file.downloaded && file.commit == PINNED));
    let asked = hub.asked().len();
    let again = fetch(Set::Cifar10, None, &settings).unwrap();
    assert_eq!(again, cached(Set::Cifar10, None, &cache).unwrap().unwrap());
    assert_eq!(hub.asked().len(), asked);
    let config = DataConfig { source: Source::Hub, ..DataConfig::default() };
    let decoded = folder.path().join("decoded");
    let data = Data::load(&config, Folders { hub: &cache, cache: &decoded }).unwrap();
    assert_eq!(data.train, expected(0..30, 10).canonical().unwrap());
}
