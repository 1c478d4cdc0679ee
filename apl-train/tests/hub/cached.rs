//! What the cache holds, before and after.

use std::path::PathBuf;

use apl_train::hub::{self, Fetched, Request};

use crate::{
    Bench, OUT, REPOSITORY, TEST, TRAIN,
    loopback::{COMMIT, Kind, Mischief, hex},
};

#[test]
fn files_come_once_and_are_laid_out_as_every_tool_expects() {
    let bench = Bench::new();
    let fetched = bench.fetch().unwrap();
    assert!(fetched.iter().all(|file| file.downloaded));
    bench.assert_whole(&fetched);
    assert_eq!(bench.hub.ranges(), [0, 0]);
    // A full commit is not asked about.
    assert_eq!(bench.hub.count(Kind::Info), 0);
    assert!(!bench.folder().join("refs").exists());
    #[cfg(unix)]
    {
        let link = std::fs::read_link(&fetched[0].path).unwrap();
        assert_eq!(link, PathBuf::from(format!("../../../blobs/{}", hex(&bench.train))));
    }
    let asked = bench.hub.asked().len();
    let again = bench.fetch().unwrap();
    assert!(again.iter().all(|file| !file.downloaded));
    bench.assert_whole(&again);
    let request = Request { repository: REPOSITORY, revision: COMMIT, files: &[TRAIN] };
    assert_eq!(hub::cached(&request, &bench.settings.cache).unwrap().unwrap()[0], again[0]);
    assert_eq!(bench.hub.asked().len(), asked, "a second time asks nothing");
}

#[test]
fn one_file_that_is_missing_is_all_that_comes() {
    let bench = Bench::new();
    bench.fetch_at(COMMIT, &[TRAIN]).unwrap();
    let fetched = bench.fetch().unwrap();
    assert_eq!(fetched.iter().map(|file| file.downloaded).collect::<Vec<_>>(), [false, true]);
    bench.assert_whole(&fetched);
    assert_eq!(bench.hub.count(Kind::Storage), 2);
}

#[test]
fn branches_and_first_digits_become_full_commits() {
    for revision in ["main", "0b27149", &COMMIT[..20]] {
        let bench = Bench::new();
        bench.assert_whole(&bench.fetch_at(revision, &[TRAIN, TEST]).unwrap());
        let reference = bench.folder().join("refs").join(revision);
        assert_eq!(std::fs::read_to_string(reference).unwrap(), COMMIT);
        assert_eq!(bench.hub.count(Kind::Info), 1);
        let asked = bench.hub.asked().len();
        bench.assert_whole(&bench.fetch_at(revision, &[TRAIN, TEST]).unwrap());
        assert_eq!(bench.hub.asked().len(), asked);
    }
    // A hub that takes no abbreviations, where main is what was meant.
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Info, Mischief::Status(404, None), 1);
    bench.assert_whole(&bench.fetch_at("0b27149", &[TRAIN, TEST]).unwrap());
    assert_eq!(bench.hub.count(Kind::Info), 2);
}

#[test]
fn a_damaged_file_of_the_cache_is_replaced_or_named() {
    let mut bench = Bench::new();
    bench.fetch().unwrap();
    let blob = bench.folder().join("blobs").join(hex(&bench.test));
    std::fs::write(&blob, b"torn").unwrap();
    bench.settings.offline = true;
    let error = bench.message(bench.fetch());
    let (found, expected) = (hex(b"torn"), hex(&bench.test));
    assert_eq!(
        error,
        format!(
            "DIR/hub/datasets--uoft-cs--cifar10/snapshots/{COMMIT}/{TEST}: damaged: found SHA-256 {found}, expected {expected}\nhint: HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or {OUT}"
        )
    );
    let request = Request { repository: REPOSITORY, revision: COMMIT, files: &[TEST] };
    assert!(hub::cached(&request, &bench.settings.cache).is_err());
    bench.settings.offline = false;
    let fetched = bench.fetch().unwrap();
    assert_eq!(fetched.iter().map(|file| file.downloaded).collect::<Vec<_>>(), [false, true]);
    bench.assert_whole(&fetched);
}

#[test]
fn offline_asks_nothing() {
    let mut bench = Bench::new();
    bench.settings.offline = true;
    let error = bench.message(bench.fetch());
    assert_eq!(
        error,
        format!(
            "DIR/hub/datasets--uoft-cs--cifar10/snapshots/{COMMIT}/{TRAIN}: found nothing, expected a file of uoft-cs/cifar10 at {COMMIT}\nhint: HF_HUB_OFFLINE is set, so nothing is downloaded: unset it, or {OUT}"
        )
    );
    assert!(bench.hub.asked().is_empty() && !bench.settings.cache.exists());
    // The way out of the message is one.
    for (file, content) in [(TRAIN, &bench.train), (TEST, &bench.test)] {
        let path = bench.folder().join("snapshots").join(COMMIT).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    assert_eq!(bench.fetch().unwrap()[1].sha256, hex(&bench.test));
}

#[test]
fn two_at_once_download_once() {
    let bench = Bench::new();
    let all: Vec<Fetched> = std::thread::scope(|scope| {
        let work: Vec<_> = (0..4).map(|_| scope.spawn(|| bench.fetch().unwrap())).collect();
        work.into_iter().flat_map(|work| work.join().unwrap()).collect()
    });
    assert_eq!(bench.hub.count(Kind::Storage), 2);
    assert_eq!(all.iter().filter(|file| file.downloaded).count(), 2);
    bench.assert_whole(&all[..2]);
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let mut bench = Bench::new();
    let file = bench.cache.path().join("file");
    std::fs::write(&file, "").unwrap();
    bench.settings.cache = file;
    let error = bench.message(bench.fetch());
    assert!(error.starts_with("DIR/file/"), "{error}");
    assert!(error.contains("cannot be written: "), "{error}");
    assert!(error.contains("name another folder with HF_HUB_CACHE"), "{error}");
}
