use super::*;
use crate::data::testing::{Folder, named, rows};

/// Opens a source; how often progress was told.
fn opened(folder: &Folder, path: &Path, options: &ImportOptions) -> (EventFile, usize) {
    let mut told = 0;
    let mut hear = |_| {
        told += 1;
        Ok(())
    };
    let events = open(path, options, &folder.path("cache"), &mut hear).unwrap();
    (events, told)
}

#[test]
fn a_source_is_imported_once() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "x,y,label\n1,2,1\n3,4,0\n");
    let options = named("label", None, &["x", "y"]);
    let (first, told) = opened(&folder, &path, &options);
    assert_eq!((told, rows(&first).0), (1, vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(first.path().parent().unwrap(), folder.path("cache/higgs"));
    let (again, told) = opened(&folder, &path, &options);
    assert_eq!((told, again.path()), (0, first.path()));
    // Other options are another import.
    let (other, told) = opened(&folder, &path, &named("label", None, &["y"]));
    assert_eq!((told, rows(&other).0), (1, vec![2.0, 4.0]));
    for options in [
        ImportOptions { missing: Some(0.0), ..options.clone() },
        ImportOptions { missing: Some(f32::NAN), ..options.clone() },
        ImportOptions { skip_bad: true, ..options.clone() },
        ImportOptions { label_set: "l".into(), ..options.clone() },
        ImportOptions { features: None, ..options.clone() },
    ] {
        assert_eq!(opened(&folder, &path, &options).1, 1, "{options:?}");
        assert_eq!(opened(&folder, &path, &options).1, 0, "{options:?}");
    }
    // So are other contents.
    folder.write("a.csv", "x,y,label\n1,2,1\n3,4,0\n5,6,0\n");
    let (more, told) = opened(&folder, &path, &options);
    assert_eq!((told, more.rows()), (1, 3));
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000)).unwrap();
    assert_eq!(opened(&folder, &path, &options).1, 1);
}

#[test]
fn what_is_kept_and_damaged_is_made_anew() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "x,label\n1,1\n");
    let options = named("label", None, &["x"]);
    let (first, _) = opened(&folder, &path, &options);
    let whole = std::fs::read(first.path()).unwrap();
    std::fs::write(first.path(), &whole[..whole.len() - 1]).unwrap();
    assert_eq!(opened(&folder, &path, &options).1, 1);
    assert_eq!(std::fs::read(first.path()).unwrap(), whole);
}

#[test]
fn an_event_file_is_used_as_it_is() {
    let folder = Folder::new();
    folder.write("a.csv", "x,label\n1,1\n");
    let options = named("label", None, &["x"]);
    let events = folder.import("a.csv", &options).unwrap().events;
    let (same, told) = opened(&folder, events.path(), &ImportOptions::default());
    assert_eq!((same.path(), same.digest(), told), (events.path(), events.digest(), 0));
    assert!(!folder.path("cache").exists());
    let bytes = std::fs::read(events.path()).unwrap();
    let cut = folder.write("cut", &bytes[..bytes.len() - 1]);
    let result = open(&cut, &options, &folder.path("cache"), &mut |_| Ok(()));
    assert!(folder.message(result).contains("bytes for its 1 rows"));
    let absent = open(&folder.path("absent"), &options, &folder.path("cache"), &mut |_| Ok(()));
    assert!(
        folder.message(absent).starts_with("DIR/absent: found nothing, expected a file of events")
    );
}
