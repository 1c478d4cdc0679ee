//! Signals, and callers of other kinds.

use std::time::{Duration, Instant};

use apl_train::{Error, interrupt::Interrupt};

use crate::{
    Bench,
    loopback::{ALWAYS, Kind, Mischief},
};

#[test]
fn an_interrupted_download_goes_on() {
    // At every question from the first answer to the last piece.
    let (mut question, mut interrupted_in_body) = (1, 0);
    loop {
        let mut bench = Bench::new();
        bench.settings.interrupt = Interrupt::at_question(question);
        match bench.fetch() {
            Ok(fetched) => {
                bench.assert_whole(&fetched);
                break;
            }
            Err(error) => {
                assert!(matches!(error, Error::Interrupted { .. }), "{error}");
                assert_eq!(error.exit_code(), 75);
                interrupted_in_body += usize::from(error.to_string().contains("at byte "));
            }
        }
        let before = std::fs::metadata(bench.partial()).map_or(0, |partial| partial.len());
        bench.settings.interrupt = Interrupt::default();
        bench.assert_whole(&bench.fetch().unwrap());
        if before > 0 {
            assert!(bench.hub.ranges().contains(&before), "{before}: {:?}", bench.hub.ranges());
        }
        question += 1;
    }
    assert!(interrupted_in_body > 2, "{interrupted_in_body} of {question}");
}

#[test]
fn an_interrupt_ends_every_wait() {
    for (kind, mischief) in [
        (Kind::Metadata, Mischief::HangBefore),
        (Kind::Storage, Mischief::HangAfter(10)),
        (Kind::Metadata, Mischief::Status(429, Some(1))),
    ] {
        let bench = Bench::new();
        bench.hub.misbehave(kind, mischief, ALWAYS);
        let interrupt = bench.settings.interrupt.clone();
        let started = Instant::now();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            interrupt.raise();
        });
        assert!(matches!(bench.fetch(), Err(Error::Interrupted { .. })));
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

/// The caller may have an executor of its own.
#[test]
fn an_executor_around_it_is_no_trouble() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { bench.assert_whole(&bench.fetch().unwrap()) });
}
