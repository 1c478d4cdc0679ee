use super::*;
use crate::hub::{
    cache::Found,
    testing::{COMMIT, cache, repository, request},
};

#[test]
fn a_file_is_here_absent_or_damaged() {
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let blob = format!("blobs/{digest}");
    let plain = format!("snapshots/{COMMIT}/plain.csv");
    let folder = cache(&[(&blob, "abc"), (&plain, "abc"), ("blobs/1f", "abd")]);
    let repository = repository(&folder);
    repository.link(COMMIT, "deep/er/x.csv", digest).unwrap();
    repository.link(COMMIT, "git.csv", "1f").unwrap();
    let look = |file: &str| {
        let files = [file];
        repository.look(&request(COMMIT, &files)).unwrap().remove(0)
    };
    for file in ["deep/er/x.csv", "plain.csv"] {
        let Found::Here(fetched) = look(file) else { panic!("{file}: {:?}", look(file)) };
        assert_eq!(
            (fetched.sha256.as_str(), fetched.bytes, fetched.downloaded),
            (digest, 3, false)
        );
        assert_eq!((fetched.file.as_str(), fetched.commit.as_str()), (file, COMMIT));
    }
    assert!(matches!(look("git.csv"), Found::Here(_)));
    assert!(matches!(look("none.csv"), Found::Absent { .. }));
    // A link is what other tools expect, and it moves with the cache.
    #[cfg(unix)]
    {
        let link = repository.snapshot(COMMIT).join("deep/er/x.csv");
        let target = std::fs::read_link(link).unwrap();
        assert_eq!(target, PathBuf::from(format!("../../../../blobs/{digest}")));
        std::fs::write(repository.blob(digest), "abd").unwrap();
        let damaged = look("deep/er/x.csv");
        assert!(matches!(damaged, Found::Damaged { expected, .. } if expected == digest));
        std::fs::remove_file(repository.blob(digest)).unwrap();
        assert!(matches!(look("deep/er/x.csv"), Found::Absent { .. }));
    }
    let csv = repository.files(COMMIT, ".", "csv").unwrap();
    assert!(csv.is_some_and(|files| files.len() == 2));
}

#[test]
fn a_link_replaces_what_was_there() {
    let stale = format!("snapshots/{COMMIT}/x.csv");
    let folder = cache(&[(&stale, "stale"), ("blobs/1f", "new")]);
    let repository = repository(&folder);
    for _twice in 0..2 {
        let path = repository.link(COMMIT, "x.csv", "1f").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "new");
    }
    let names: Vec<_> = std::fs::read_dir(repository.snapshot(COMMIT)).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn a_full_commit_needs_no_reference() {
    let folder = cache(&[]);
    let repository = repository(&folder);
    repository.refer(COMMIT, COMMIT).unwrap();
    assert!(!repository.folder().exists());
    repository.refer("refs/convert/parquet", COMMIT).unwrap();
    assert_eq!(repository.commit("refs/convert/parquet").unwrap().as_deref(), Some(COMMIT));
}
