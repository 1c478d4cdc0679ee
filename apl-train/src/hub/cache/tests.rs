use crate::hub::testing::{COMMIT, cache, repository};

#[test]
fn a_revision_is_looked_up_without_the_hub() {
    let snapshot = format!("snapshots/{COMMIT}/x.csv");
    let folder = cache(&[("refs/main", "abc\n"), ("refs/pr/1", "def"), (&snapshot, "")]);
    let repository = repository(&folder);
    let commit = |revision| repository.commit(revision).unwrap();
    assert_eq!(commit("main").as_deref(), Some("abc"));
    assert_eq!(commit("pr/1").as_deref(), Some("def"));
    assert_eq!(commit("pr"), None);
    assert_eq!(commit("other"), None);
    assert_eq!(commit("0123456").as_deref(), Some(COMMIT));
    assert_eq!(commit("0123457"), None);
    let elsewhere = "f".repeat(40);
    assert_eq!(commit(&elsewhere).as_deref(), Some(elsewhere.as_str()));
}

#[test]
fn what_the_cache_says_wrongly_is_named() {
    let other = format!("snapshots/{}f/x", &COMMIT[..39]);
    let snapshot = format!("snapshots/{COMMIT}/x");
    let folder = cache(&[("refs/main", "../../x"), (&other, ""), (&snapshot, "")]);
    let text = |revision| {
        let error = repository(&folder).commit(revision).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    assert_eq!(
        text("main"),
        "DIR/datasets--a--b/refs/main: found \"../../x\", expected the name of a commit\nhint: delete this file and download the data set again"
    );
    let ambiguous = text("0123456");
    assert!(ambiguous.starts_with("DIR/datasets--a--b/snapshots: 0123456 stands for "));
    assert!(ambiguous.ends_with("give more digits of the commit in data.revision"), "{ambiguous}");
}
