//! What a hub does not have, does not give or does not say.

use apl_train::environment::Token;

use crate::{
    Bench, OUT, REPOSITORY, TEST, TRAIN,
    loopback::{ALWAYS, COMMIT, Hub, Kind, Mischief, hex},
};

#[test]
fn a_commit_that_is_not_there_is_named_beside_the_one_that_is() {
    let bench = Bench::new();
    let error = bench.message(bench.fetch_at("ffff123", &[TRAIN]));
    assert_eq!(
        error,
        format!(
            "data.revision of uoft-cs/cifar10: found {COMMIT} as main, expected a commit that begins with ffff123\nhint: set data.revision to all 40 digits of the commit, or to main for the latest"
        )
    );
    let error = bench.message(bench.fetch_at("elsewhere", &[TRAIN]));
    assert!(
        error.starts_with("HOST: has no uoft-cs/cifar10 at elsewhere (404)\nhint: data.revision")
    );
    let full = "f".repeat(40);
    let error = bench.message(bench.fetch_at(&full, &[TRAIN]));
    assert!(error.starts_with(&format!("HOST: has no {TRAIN} of uoft-cs/cifar10 at {full} (404)")));
}

#[test]
fn a_hub_that_is_not_there_leaves_ways_out() {
    let mut bench = Bench::new();
    bench.settings.endpoint = "http://127.0.0.1:1".into();
    let error = bench.message(bench.fetch());
    assert!(error.starts_with("127.0.0.1:1: cannot be reached for "), "{error}");
    for part in
        ["refused", "(tried 4 times in ", "check the network; HF_ENDPOINT", "HF_HUB_OFFLINE=1", OUT]
    {
        assert!(error.contains(part), "no `{part}` in {error}");
    }
    bench.settings.endpoint = "http://no-such-host.invalid".into();
    let error = bench.message(bench.fetch());
    assert!(error.starts_with("no-such-host.invalid: cannot be reached for "), "{error}");
    for wrong in ["nonsense", "ftp://x.org", "http://", ""] {
        bench.settings.endpoint = wrong.into();
        let error = bench.fetch().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "HF_ENDPOINT: found {wrong:?}, expected an address such as https://huggingface.co"
            )
        );
        assert_eq!(error.exit_code(), 2);
    }
}

#[test]
fn refusals_name_the_token() {
    for status in [401, 403] {
        let mut bench = Bench::new();
        bench.hub.misbehave(Kind::Metadata, Mischief::Status(status, None), ALWAYS);
        let error = bench.message(bench.fetch());
        let name = format!("{TRAIN} of uoft-cs/cifar10 at {COMMIT}");
        assert_eq!(
            error,
            format!(
                "HOST: refuses {name} ({status})\nhint: the data set may be gated, private or misspelt: set HF_TOKEN to a token that may read it; or {OUT}"
            )
        );
        bench.settings.token = Token::new("hf_very-secret");
        let error = bench.message(bench.fetch());
        assert!(error.contains("the token of HF_TOKEN may not read it"), "{error}");
        assert!(
            !error.contains("very-secret")
                && !format!("{:?}", bench.settings).contains("very-secret")
        );
        assert_eq!(bench.hub.count(Kind::Metadata), 2, "a refusal is final");
    }
}

#[test]
fn the_token_goes_to_the_hub_alone() {
    let mut bench = Bench::new();
    bench.fetch_at("main", &[TRAIN]).unwrap();
    assert!(bench.hub.asked().iter().all(|asked| asked.token.is_none()));
    bench.settings.token = Token::new("hf_secret");
    // The storage is elsewhere, as the real one's.
    let storage = Hub::start();
    storage.put(REPOSITORY, TEST, bench.test.clone());
    let place = format!("{}/storage/{}", storage.endpoint, hex(&bench.test));
    let place: &'static str = Box::leak(place.into_boxed_str());
    for kind in [Kind::Metadata, Kind::Resolve] {
        bench.hub.misbehave(kind, Mischief::Header("location", Some(place)), ALWAYS);
    }
    let before = bench.hub.asked().len();
    bench.fetch_at("main", &[TEST]).unwrap();
    let asked = bench.hub.asked().split_off(before);
    assert!(!asked.is_empty() && storage.count(Kind::Storage) == 1);
    assert!(asked.iter().all(|asked| asked.token.as_deref() == Some("Bearer hf_secret")));
    assert!(storage.asked().iter().all(|asked| asked.token.is_none()));
}

#[test]
fn answers_that_no_hub_gives_are_not_believed() {
    let table: [(Kind, Mischief, &str); 10] = [
        (Kind::Info, Mischief::Body("<html>"), "found an answer that is not the JSON of a hub"),
        (
            Kind::Info,
            Mischief::Body("{\"id\":\"x\",\"sha\":\"../../x\"}"),
            "found the commit \"../../x\"",
        ),
        (Kind::Info, Mischief::Body("{\"id\":\"x\"}"), "found the commit \"\""),
        (Kind::Metadata, Mischief::Circle, "found redirects that never end"),
        (Kind::Resolve, Mischief::Circle, "found redirects that never end"),
        (
            Kind::Metadata,
            Mischief::Status(302, None),
            "found an answer without the header X-Repo-Commit",
        ),
        (
            Kind::Metadata,
            Mischief::Header("x-linked-etag", Some("\"../../../x\"")),
            "found the header ETag \"../../../x\"",
        ),
        (Kind::Metadata, Mischief::Header("x-linked-etag", None), "found the header ETag \"\""),
        (Kind::Metadata, Mischief::Header("x-linked-size", Some("-1")), "found the length \"-1\""),
        (
            Kind::Metadata,
            Mischief::Header("x-repo-commit", Some("1234")),
            "found commit \"1234\" instead of",
        ),
    ];
    for (kind, mischief, expected) in table {
        let bench = Bench::new();
        bench.hub.misbehave(kind, mischief.clone(), ALWAYS);
        let error = bench.message(bench.fetch_at("main", &[TRAIN, TEST]));
        let place = format!("HOST: {expected}");
        assert!(error.starts_with(&place) || error.contains(expected), "{mischief:?}: {error}");
        assert!(error.contains("expected a hub's\nhint: check that HF_ENDPOINT"), "{error}");
        assert!(!bench.folder().join("snapshots").exists());
    }
}
