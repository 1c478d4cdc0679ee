//! What comes out of a file is what went in, or is computed anew.

use super::*;

fn some() -> Transformation {
    let matrix = (0..9).map(|i| i as f32 - 3.5).collect();
    Transformation { mean: vec![0.5, -1.0, 1e-300], matrix }
}

/// What is kept in a folder under a key, and whether it had to be computed.
fn load(folder: &Path, key: &str) -> (Transformation, bool, Vec<String>) {
    let (mut computed, mut warnings) = (false, Vec::new());
    let compute = || {
        computed = true;
        Some(some())
    };
    let found = kept(folder, key, 3, compute, &mut warnings).unwrap();
    (found, computed, warnings)
}

#[test]
fn the_second_time_nothing_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("made/when/needed");
    assert_eq!(load(&inside, "a"), (some(), true, vec![]));
    assert_eq!(load(&inside, "a"), (some(), false, vec![]));
    assert_eq!(load(&inside, "b"), (some(), true, vec![]));
    assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 2);
    // A file under another key's name is not believed.
    std::fs::rename(path(&inside, "a"), path(&inside, "c")).unwrap();
    assert!(load(&inside, "c").1);
}

#[test]
fn a_damaged_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path(), "a");
    let path = path(folder.path(), "a");
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(read(&path, "a", 3), None, "cut to {length}");
    }
    for place in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut bytes = whole.clone();
            bytes[place] ^= bit;
            std::fs::write(&path, &bytes).unwrap();
            // A changed header may still say the same.
            assert!(read(&path, "a", 3).is_none_or(|found| found == some()), "byte {place}");
        }
    }
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(load(folder.path(), "a"), (some(), true, vec![]));
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    assert_eq!(read(&path, "a", 2), None);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (found, computed, warnings) = load(&file, "a");
    assert_eq!((found, computed, warnings.len()), (some(), true, 1));
    let start = format!("{}: the whitening cannot be kept here (", file.display());
    assert!(warnings[0].starts_with(&start), "{}", warnings[0]);
    assert!(warnings[0].ends_with("; the next run computes it again"));
}

#[test]
fn what_cannot_be_computed_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(kept(folder.path(), "a", 3, || None, &mut Vec::new()), None);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_key_sees_the_images_and_every_setting() {
    let (contrast, whitening) = (Contrast::default(), Whitening::default());
    let keys = [
        key("images", contrast, whitening),
        key("others", contrast, whitening),
        key("images", Contrast { scale: 2.0, ..contrast }, whitening),
        key("images", Contrast { bias: 9.0, ..contrast }, whitening),
        key("images", contrast, Whitening { bias: 0.2 }),
    ];
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len());
}
