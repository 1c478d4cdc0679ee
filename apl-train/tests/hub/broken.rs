//! Connections and contents that break, and what comes of them.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::{
    Bench, OUT, REPOSITORY, TEST, TRAIN, content,
    loopback::{ALWAYS, COMMIT, Kind, Mischief, hex},
    names,
};

#[test]
fn a_cut_body_goes_on_where_it_stopped() {
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::Cut(100_000), 1);
    bench.hub.misbehave(Kind::Storage, Mischief::Cut(50_000), 1);
    bench.hub.misbehave(Kind::Storage, Mischief::Cut(20_000), 1);
    bench.hub.misbehave(Kind::Storage, Mischief::Short(10_000), 1);
    bench.assert_whole(&bench.fetch().unwrap());
    assert_eq!(bench.hub.ranges(), [0, 100_000, 150_000, 170_000, 290_000, 0]);
    // No byte came twice.
    let sent: u64 = bench.hub.asked().iter().map(|asked| asked.sent).sum();
    assert_eq!(sent, 370_000);
}

#[test]
fn a_server_without_parts_sends_everything_and_what_is_known_is_skipped() {
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::Cut(123_456), 1);
    bench.hub.misbehave(Kind::Storage, Mischief::Whole, 1);
    bench.assert_whole(&bench.fetch().unwrap());
    assert_eq!(bench.hub.ranges(), [0, 123_456, 0]);
}

#[test]
fn what_may_pass_is_waited_for() {
    for (kind, mischief, times) in [
        (Kind::Metadata, Mischief::Status(503, None), 3),
        (Kind::Resolve, Mischief::Status(500, None), 3),
        (Kind::Storage, Mischief::Status(502, None), 3),
        (Kind::Metadata, Mischief::Status(429, Some(0)), 3),
        (Kind::Metadata, Mischief::Drop, 3),
        (Kind::Metadata, Mischief::HangBefore, 1),
        (Kind::Storage, Mischief::HangBefore, 1),
        (Kind::Storage, Mischief::HangAfter(20_000), 1),
        (Kind::Storage, Mischief::Drop, 1),
        (Kind::Storage, Mischief::Long(5), 1),
        (Kind::Info, Mischief::Status(504, None), 3),
        (Kind::Info, Mischief::HangBefore, 1),
        (Kind::Metadata, Mischief::Detour, 3),
    ] {
        let bench = Bench::impatient();
        bench.hub.misbehave(kind, mischief.clone(), times);
        let fetched = bench.fetch_at("main", &[TRAIN, TEST]);
        bench.assert_whole(
            &fetched.unwrap_or_else(|error| panic!("{kind:?} {mischief:?}: {error}")),
        );
        assert!(bench.hub.count(kind) > 1, "{kind:?} {mischief:?}");
    }
}

#[test]
fn a_hub_that_asks_to_wait_is_left_alone_so_long() {
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Metadata, Mischief::Status(429, Some(1)), 1);
    let started = Instant::now();
    bench.fetch().unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    // Longer than anyone would wait.
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Metadata, Mischief::Status(429, Some(3600)), ALWAYS);
    let error = bench.message(bench.fetch());
    assert_eq!(
        error,
        format!(
            "HOST: answers 429 for {TRAIN} of uoft-cs/cifar10 at {COMMIT}, and wants to be left alone for 3600 s\nhint: the same command goes on where this one stopped, later; HF_ENDPOINT names another hub; or {OUT}"
        )
    );
    assert_eq!(bench.hub.count(Kind::Metadata), 1);
}

#[test]
fn what_does_not_pass_ends_with_what_was_tried() {
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Metadata, Mischief::Status(500, None), ALWAYS);
    let error = bench.message(bench.fetch());
    let start =
        format!("HOST: answers 500 for {TRAIN} of uoft-cs/cifar10 at {COMMIT} (tried 4 times in ");
    assert!(error.starts_with(&start) && error.contains(OUT), "{error}");
    assert_eq!(bench.hub.count(Kind::Metadata), 4);

    let bench = Bench::impatient();
    bench.hub.misbehave(Kind::Storage, Mischief::HangAfter(0), ALWAYS);
    let error = bench.message(bench.fetch());
    assert!(error.contains("silent for 0.3 s (tried 4 times in "), "{error}");

    // A body that ends too early again and again, bringing next to nothing.
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::Cut(1), ALWAYS);
    let error = bench.message(bench.fetch());
    assert!(error.starts_with("HOST: cannot be reached for plain_text/train"), "{error}");
    assert_eq!(bench.hub.ranges(), [0, 1, 2, 3]);
    assert_eq!(std::fs::read(bench.partial()).unwrap(), bench.train[..4]);
}

#[test]
fn a_part_that_is_refused_is_asked_for_as_a_whole() {
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::Cut(5000), 1);
    bench.hub.misbehave(Kind::Storage, Mischief::Status(416, None), 1);
    bench.assert_whole(&bench.fetch().unwrap());
    assert_eq!(bench.hub.ranges(), [0, 5000, 0, 0]);
}

#[test]
fn another_content_is_thrown_away_and_asked_for_once_more() {
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::Garbled, 1);
    bench.assert_whole(&bench.fetch().unwrap());
    assert_eq!(bench.hub.ranges(), [0, 0, 0]);

    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::Garbled, ALWAYS);
    let error = bench.message(bench.fetch());
    let garbled: Vec<u8> = bench.train.iter().map(|byte| byte ^ 0x55).collect();
    let (found, expected) = (hex(&garbled), hex(&bench.train));
    assert_eq!(
        error,
        format!(
            "HOST: {TRAIN} of uoft-cs/cifar10 at {COMMIT}: found SHA-256 {found}, expected {expected}, twice\nhint: a proxy or mirror changes the content: set HF_ENDPOINT to another hub; or give the data with --data FOLDER or --data embedded"
        )
    );
    assert_eq!(bench.hub.ranges(), [0, 0]);
    assert!(names(&bench.folder().join("blobs")).is_empty(), "nothing wrong stays");

    // A body that goes on after its end.
    let bench = Bench::new();
    bench.hub.misbehave(Kind::Storage, Mischief::More(9), ALWAYS);
    let error = bench.message(bench.fetch());
    assert!(error.contains(": found more than the 300000 bytes expected, twice"), "{error}");

    // A beginning of something else, left there by whomever.
    let bench = Bench::new();
    std::fs::create_dir_all(bench.partial().parent().unwrap()).unwrap();
    for (left, ranges) in [(1000, vec![1000, 0, 0]), (300_000, vec![0, 0]), (300_001, vec![0, 0])] {
        let before = bench.hub.ranges().len();
        std::fs::write(bench.partial(), vec![7; left]).unwrap();
        bench.assert_whole(&bench.fetch().unwrap());
        assert_eq!(bench.hub.ranges()[before..], ranges, "{left}");
        std::fs::remove_dir_all(&bench.settings.cache).unwrap();
        std::fs::create_dir_all(bench.partial().parent().unwrap()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Wherever and however often the body is cut, what is there at the end is the file, and no byte of it was sent twice.
    #[test]
    fn any_cuts_give_the_file(bytes in 0usize..60_000, cuts in prop::collection::vec(1_000usize..20_000, 0..5)) {
        let bench = Bench::new();
        let whole = content(bytes, bytes as u64);
        bench.hub.put(REPOSITORY, "x.csv", whole.clone());
        for &cut in &cuts {
            bench.hub.misbehave(Kind::Storage, Mischief::Cut(cut), 1);
        }
        let fetched = bench.fetch_at("main", &["x.csv"]).unwrap();
        prop_assert!(std::fs::read(&fetched[0].path).unwrap() == whole);
        let sent: u64 = bench.hub.asked().iter().map(|asked| asked.sent).sum::<u64>();
        let info = r#"{"_id":"1","id":"uoft-cs/cifar10","sha":""}"#.len() as u64 + 40;
        prop_assert_eq!(sent - info, bytes as u64);
    }
}
