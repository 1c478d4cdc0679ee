//! The results of a table as text, from runs on disk.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;

use apl_report::results::{Claims, Results, Verdict};
use apl_train::{
    ensemble::{Ensemble, Member},
    run::{Better, FORMAT, Interval, Measure, Score, Status},
    table::{Evidence, Paper, Record, RecordRow},
};
use support::Recipe;

fn row(id: &str, label: &str, run: Option<&str>, paper: Option<(f64, f64)>) -> RecordRow {
    RecordRow {
        id: id.into(),
        label: label.into(),
        section: None,
        column: None,
        run: run.map(String::from),
        seeds: if run.is_some() { (1..=5).collect() } else { Vec::new() },
        score: None,
        ensemble: false,
        paper: paper.map(|(mean, std)| Paper {
            mean,
            std: Some(std),
            evidence: if mean > 12.0 { Evidence::Confirmed } else { Evidence::Remembered },
        }),
    }
}

fn pair(one: &str, other: &str) -> [String; 2] {
    [one.into(), other.into()]
}

/// Two rows of five seeds, one of which two are missing and one that was never run; a constant.
fn record() -> Record {
    Record {
        format: FORMAT,
        title: "Effect of S".into(),
        about: Some("What a reader should know.\n".into()),
        scale: "cpu".into(),
        incomparable: false,
        partial: false,
        contrasts: vec![pair("s1", "relu"), pair("s2", "relu"), pair("s5", "relu")],
        rows: vec![
            row("theirs", "Somebody else's", None, Some((12.61, 0.2))),
            row("relu", "ReLU", Some("net-relu"), Some((12.56, 0.26))),
            row("s1", "S = 1", Some("net-s1"), Some((11.59, 0.16))),
            row("s2", "S = 2", Some("net-s2"), None),
            row("s5", "S = 5", Some("net-s5"), Some((11.38, 0.09))),
        ],
    }
}

fn runs(folder: &Path) {
    let write = |id: &str, seed: u32, error: f64, status: Status| {
        let recipe = Recipe::new(id, "apl", 2, seed, error).status(status);
        let path = folder.join(id).join(format!("seed-{seed}"));
        std::fs::create_dir_all(&path).unwrap();
        recipe.summary().write(&path).unwrap();
    };
    for (seed, (relu, s1)) in [(12.5, 11.2), (12.7, 11.7), (12.4, 11.1), (12.8, 11.6), (12.6, 11.4)]
        .into_iter()
        .enumerate()
    {
        write("net-relu", seed as u32 + 1, relu, Status::Done);
        write("net-s1", seed as u32 + 1, s1, Status::Done);
    }
    write("net-s2", 1, 11.9, Status::Done);
    write("net-s2", 2, 11.8, Status::Done);
    write("net-s2", 3, 0.0, Status::Failed { why: "step 7: training diverged".into() });
    write("net-s2", 4, 0.0, Status::Interrupted);
}

#[test]
fn a_table_says_what_was_found_and_what_not() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    let results = Results::read(&record(), folder.path());
    insta::assert_snapshot!("results", results.to_string());
    let row = results.row("s1").unwrap();
    assert_eq!((row.scores.len(), row.planned), (5, 5));
    assert!(results.row("theirs").is_none() && results.row("nothing").is_none());
    assert_eq!(results.differences()[2].verdict, Verdict::Missing);
}

#[test]
fn at_the_papers_scale_the_papers_numbers_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    let record = Record { scale: "paper".into(), ..record() };
    insta::assert_snapshot!("results_paper", Results::read(&record, folder.path()).to_string());
    // Where the paper's data is not to be had, its numbers are no yardstick.
    let record = Record { incomparable: true, ..record };
    let text = Results::read(&record, folder.path()).to_string();
    assert!(!text.contains("Against the paper") && text.contains("Paper: −0.97†"), "{text}");
}

#[test]
fn columns_and_sections_make_one_line_of_several_rows() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    let mut record = record();
    record.about = None;
    record.partial = true;
    for (i, (section, column)) in
        [("A", "X"), ("A", "X"), ("A", "X"), ("A", "Y"), ("B", "Y")].into_iter().enumerate()
    {
        record.rows[i].section = Some(format!("{section} part"));
        record.rows[i].column = Some(column.into());
    }
    record.rows[3].label = "S = 1".into();
    insta::assert_snapshot!("results_columns", Results::read(&record, folder.path()).to_string());
}

/// One line for single networks, with two scores of the same runs, and one for the ensemble of them.
#[test]
fn a_row_shows_the_score_it_names_and_an_ensemble_is_one_result() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    let named = |name: &str, value: f64, unit: &str| Score {
        measure: Measure { name: name.into(), unit: unit.into(), better: Better::Higher },
        value,
        split: "test".into(),
        interval: Some(Interval {
            low: value - 0.0021,
            high: value + 0.0019,
            deviation: 0.001,
            replicates: 200,
        }),
    };
    let scores =
        |value: f64| vec![named("AUC", value, ""), named("significance", 4.0 * value, "σ")];
    let mut members = Vec::new();
    let mut data = Vec::new();
    for seed in 1..=5 {
        let path = folder.path().join(format!("net-relu/seed-{seed}"));
        let mut summary = apl_train::run::Summary::read(&path).unwrap();
        summary.scores = scores(0.8 + 0.0011 * f64::from(seed * seed));
        summary.write(&path).unwrap();
        let score = summary.score.map(|score| score.value);
        members.push(Member { seed, hash: summary.hash, score });
        data = summary.data;
    }
    let ensemble = Ensemble { format: FORMAT, members, data, scores: scores(0.8123) };
    let runs = folder.path().join("net-relu");
    ensemble.write(&runs).unwrap();
    let of = |id: &str, label: &str, column: &str, score: &str, paper| RecordRow {
        column: Some(column.into()),
        score: Some(score.into()),
        ensemble: label.contains("ensemble"),
        paper: Some(Paper { mean: paper, std: None, evidence: Evidence::Remembered }),
        ..row(id, label, Some("net-relu"), None)
    };
    let mut record = Record {
        about: None,
        contrasts: Vec::new(),
        rows: vec![
            of("auc", "one", "AUC", "AUC", 0.803),
            of("z", "one", "Z", "significance", 3.38),
            of("auc-5", "ensemble", "AUC", "AUC", 0.8031),
            of("z-5", "ensemble", "Z", "significance", 3.4),
        ],
        ..record()
    };
    let results = Results::read(&record, folder.path());
    assert!(results.complete());
    insta::assert_snapshot!("results_scores", results.to_string());
    // A score there is not, and members that are not those of the ensemble any more.
    record.rows[0].score = Some("accuracy".into());
    let results = Results::read(&record, folder.path());
    let problem = "without the score `accuracy`".to_string();
    assert_eq!(results.row("auc").unwrap().problems[0], (1, problem));
    let mut other = ensemble;
    other.members[3].score = Some(0.5);
    other.write(&runs).unwrap();
    let results = Results::read(&record, folder.path());
    let problem = &results.row("z-5").unwrap().problems[0].1;
    assert!(problem.ends_with("ensemble-of-5.json: not computed for these runs"), "{problem}");
}

#[test]
fn rows_on_other_examples_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    for seed in 1..=5 {
        let path = folder.path().join(format!("net-s1/seed-{seed}"));
        let mut summary = apl_train::run::Summary::read(&path).unwrap();
        summary.data[1].digest = "5a".repeat(32);
        summary.write(&path).unwrap();
    }
    let results = Results::read(&record(), folder.path());
    assert_eq!(results.differences()[0].verdict, Verdict::OtherData);
    let text = results.to_string();
    assert!(text.contains("**S = 1** against **ReLU**: not compared, the test examples differ"));
    // A seed on other data than the rest of its row does not count.
    let path = folder.path().join("net-s1/seed-5");
    let mut summary = apl_train::run::Summary::read(&path).unwrap();
    summary.data[0].digest = "00".repeat(32);
    summary.write(&path).unwrap();
    let results = Results::read(&record(), folder.path());
    assert_eq!(
        results.row("s1").unwrap().problems,
        [(5, "run on other data than the seeds before".to_string())]
    );
}

/// The same numbers wherever they stand: in full as comma-separated values, and in tables that a paper or a page includes.
#[test]
fn every_format_shows_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    let results = Results::read(&record(), folder.path());
    insta::assert_snapshot!("results_csv", results.csv().unwrap());
    insta::assert_snapshot!("results_differences_csv", results.differences_csv().unwrap());
    let columns = results.document(Claims::Columns);
    insta::assert_snapshot!("results_latex", columns.latex("effect-of-s"));
    insta::assert_snapshot!("results_html", columns.html("effect-of-s", 3).unwrap());
    insta::assert_snapshot!("results_terminal", columns.terminal(100));
}
