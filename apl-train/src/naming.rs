//! What a run is called: after its configuration's file and what was changed in it.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{
    config::{Document, Override, WITHOUT_EFFECT},
    run::Identity,
};

/// The scale is the folder of the configuration, the name its file's and its changes'. The `config.toml` of a run directory has that run's.
///
/// Changes are named in the order of their keys, and only where they change something, so that one configuration has one name however it is asked for.
/// The seed is no part of it: it is the folder below.
pub fn identity(document: &Document, seed: u32) -> Identity {
    let given = document.path();
    let whole = given.canonicalize();
    let path = whole.as_deref().unwrap_or(given);
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let parent = path.parent();
    let in_run = stem == "config" && name(parent).is_some_and(|name| name.starts_with("seed-"));
    let (scale, mut id) = if in_run {
        let run = parent.and_then(Path::parent);
        (name(run.and_then(Path::parent)), name(run).unwrap_or(stem))
    } else {
        (name(parent), stem)
    };
    let changes = document.changes();
    let changes = changes.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    append(&mut id, changes.filter(|(key, _)| *key != "seed"));
    let scale = scale.filter(|scale| scale != "configs").unwrap_or_else(|| "custom".into());
    Identity { scale: safe(&scale), id: safe(&id), seed }
}

/// The file that a table's record is kept in, after the table's and what every row changes.
pub fn record(table: &Path, changes: &[Override]) -> String {
    let mut name = table.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut changes: Vec<(&str, &str)> = changes.iter().map(Override::change).collect();
    changes.sort_unstable();
    append(&mut name, changes);
    safe(&name) + ".toml"
}

/// Names the changes that change numbers.
fn append<'a>(name: &mut String, changes: impl IntoIterator<Item = (&'a str, &'a str)>) {
    for (key, value) in changes.into_iter().filter(|(key, _)| !WITHOUT_EFFECT.contains(key)) {
        name.push_str(&format!(",{key}={value}"));
    }
}

/// A file name: characters that file systems or shells trip over become `_`. A name that had to be changed ends with a digest of what it was, so that
/// two never meet.
fn safe(name: &str) -> String {
    const LONGEST: usize = 160;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,=+".contains(c);
    let mut text: String =
        name.chars().map(|c| if plain(c) { c } else { '_' }).take(LONGEST).collect();
    if text.starts_with('.') {
        text.replace_range(..1, "_");
    }
    if text != name {
        let digest = Sha256::digest(name.as_bytes());
        let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("-{digest}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_kept_apart_by_what_rows_change() {
        let name = |changes: &[&str]| {
            let changes: Vec<Override> =
                changes.iter().map(|change| Override::parse(change).unwrap()).collect();
            record(Path::new("configs/table3.toml"), &changes)
        };
        assert_eq!(name(&[]), "table3.toml");
        assert_eq!(name(&["record.checkpoint-every=9"]), "table3.toml");
        let both = "table3,arithmetic=tf32,optimizer.batch=50.toml";
        assert_eq!(name(&["optimizer.batch=50", "arithmetic=tf32"]), both);
        assert_eq!(name(&["arithmetic=tf32", "optimizer.batch=50"]), both);
    }

    #[test]
    fn names_that_had_to_change_stay_apart() {
        assert_eq!(safe("net,activation.hinges=1"), "net,activation.hinges=1");
        let (one, other) = (safe("net,x=[1]"), safe("net,x={1}"));
        assert!(one.starts_with("net,x=_1_-") && one != other, "{one} {other}");
        assert!(safe(".hidden/..").starts_with("_hidden_..-"));
        let long = |end| safe(&format!("{}{end}", "x".repeat(300)));
        assert!(long("a").len() < 180 && long("a") != long("b"));
        assert!(safe("größe").is_ascii());
    }

    #[test]
    fn one_configuration_has_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cpu/net.toml");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        let text = "[activation]\nhinges = 5\nslopes = { init = { uniform = 0.2 } }\n[data]\naugment = \"none\"\n";
        std::fs::write(&path, text).unwrap();
        let id = |sets: &[&str]| {
            let overrides = sets.iter().map(|set| Override::parse(set).unwrap()).collect();
            identity(&Document::read(&path, overrides).unwrap(), 1).id
        };
        assert_eq!(id(&[]), "net");
        let both = "net,activation.hinges=1,data.augment=crop";
        assert_eq!(id(&["data.augment=crop", "activation.hinges=1"]), both);
        assert_eq!(id(&["activation.hinges=1", "data.augment=\"crop\""]), both);
        // The last of two counts, and what the file says already is no change.
        assert_eq!(id(&["activation.hinges=1", "activation.hinges=2"]), "net,activation.hinges=2");
        let same =
            ["activation.hinges=5", "data.augment=none", "activation.slopes.init.uniform=0.2"];
        assert_eq!(id(&same), "net");
        assert_eq!(id(&["seed=4", "data.source=\"x\"", "record.checkpoint-every=9"]), "net");
        assert_eq!(id(&["record.tensorboard=false"]), "net");
        assert_eq!(
            id(&["activation.slopes.init.uniform=0.5"]),
            "net,activation.slopes.init.uniform=0.5"
        );
    }
}
