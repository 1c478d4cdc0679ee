//! Published results beside the runs they were made of.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use apl_report::{check, results::Results};
use apl_train::{
    run::{Outcomes, Summary},
    table::Record,
};
use support::Recipe;

const RECORD: &str = r#"format = 1
title = "Effect"
scale = "quick"
contrasts = [["apl", "relu"]]

[[row]]
id = "relu"
label = "ReLU"
run = "relu"
seeds = [1, 2, 3]

[[row]]
id = "apl"
label = "APL"
run = "apl"
seeds = [1, 2, 3]
"#;

const CLAIMS: &str = r#"
[[claim]]
file = "README.md"
says = "APL is ahead of ReLU by 2.0 points (30.0 against 32.0, n = 3), interval −2.6 to −1.4"
numbers = ["quick/effect apl relu difference", "quick/effect apl mean", "quick/effect relu mean",
           "quick/effect apl n", "quick/effect apl relu low", "quick/effect apl relu high"]
"#;

/// Runs whose examples are known: of 100, as many wrong as the score says.
fn published(folder: &Path) {
    for (id, hinges, errors) in
        [("relu", 0, [32.0, 32.25, 31.75]), ("apl", 2, [30.0, 30.25, 29.75])]
    {
        for (seed, error) in (1..).zip(errors) {
            let kind = if hinges == 0 { "relu" } else { "apl" };
            let path = Recipe::new(id, kind, hinges, seed, error).write(folder);
            let wrong = (0..400).map(|i| f64::from(i) < 4.0 * error).collect();
            Outcomes { wrong }.write(&path).unwrap();
        }
    }
    let record = folder.join("quick/effect.toml");
    std::fs::write(&record, RECORD).unwrap();
    let results = Results::read(&Record::read(&record).unwrap(), &folder.join("quick"));
    std::fs::write(folder.join("effect-quick.md"), results.to_string()).unwrap();
    let says = "Here APL is ahead of\nReLU by 2.0 points (30.0 against 32.0, n = 3), interval −2.6 to −1.4.\n";
    std::fs::write(folder.join("README.md"), says).unwrap();
    std::fs::write(folder.join("claims.toml"), CLAIMS).unwrap();
}

/// What is found after a change of one file.
fn after(change: impl Fn(&Path)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    published(folder.path());
    change(folder.path());
    let checked = check(folder.path()).unwrap();
    let place = format!("{}/", folder.path().display());
    checked.problems.iter().map(|problem| problem.replace(&place, "")).collect()
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn what_the_runs_say_passes() {
    let folder = tempfile::tempdir().unwrap();
    published(folder.path());
    let checked = check(folder.path()).unwrap();
    let expected = "6 runs, 1 tables, 6 numbers in sentences: as the runs say\n";
    assert_eq!(checked.to_string(), expected);
}

#[test]
fn every_number_that_is_not_the_runs_is_found() {
    let table = after(|folder| edit(folder, "effect-quick.md", "30.00 (0.25)", "29.00 (0.25)"));
    assert_eq!(table.len(), 1, "{table:?}");
    assert!(table[0].starts_with("effect-quick.md: line 8: found `| APL | 29.00"), "{table:?}");
    let sentence = after(|folder| {
        edit(folder, "README.md", "by 2.0", "by 2.1");
        edit(folder, "claims.toml", "by 2.0", "by 2.1");
    });
    assert!(
        sentence[0].ends_with("says 2.1, quick/effect apl relu difference is -2"),
        "{sentence:?}"
    );
    let gone = after(|folder| edit(folder, "README.md", "ahead", "in front"));
    assert!(gone[0].ends_with("is not in the file"), "{gone:?}");
    let sign = after(|folder| {
        edit(folder, "README.md", "by 2.0", "by −30.0");
        edit(folder, "claims.toml", "by 2.0", "by −30.0");
        edit(folder, "claims.toml", "apl relu difference", "apl mean");
    });
    assert!(sign[0].ends_with("says 30.0, quick/effect apl mean is 30"), "{sign:?}");
    let unknown = after(|folder| edit(folder, "claims.toml", "apl relu low", "apl relu lowest"));
    assert!(unknown[0].contains("no such number: quick/effect apl relu lowest"), "{unknown:?}");
    let count = after(|folder| edit(folder, "claims.toml", "\"quick/effect apl n\",", ""));
    assert!(count[0].contains("has 6 numbers, of which 5 have a source"), "{count:?}");
}

#[test]
fn runs_that_do_not_fit_their_scores_are_found() {
    let problems = after(|folder| {
        let run = folder.join("quick/apl/seed-2");
        let mut summary = Summary::read(&run).unwrap();
        summary.score.as_mut().unwrap().value = 30.5;
        summary.write(&run).unwrap();
    });
    assert!(problems[0].contains("seed-2: the score is 30.5, of its examples 30.25 % are wrong"));
    // The table is not the runs' any more either.
    assert!(problems.iter().any(|problem| problem.starts_with("effect-quick.md: line 8")));
    let missing = after(|folder| std::fs::remove_dir_all(folder.join("quick/apl/seed-3")).unwrap());
    assert!(
        missing.iter().any(|problem| problem.contains("some seeds are missing")),
        "{missing:?}"
    );
    let torn = after(|folder| {
        std::fs::write(folder.join("quick/apl/seed-3/outcomes.safetensors"), "torn").unwrap();
    });
    assert!(torn.iter().any(|problem| problem.contains("outcomes.safetensors")), "{torn:?}");
}
