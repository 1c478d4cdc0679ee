//! The page as a whole, from runs on disk to text.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::{Path, PathBuf};

use apl_report::{Error, write};
use support::{
    Recipe,
    markup::{attributes, balanced, linked},
};

fn page(paths: &[PathBuf], out: &Path) -> String {
    std::fs::read_to_string(write(paths, out).unwrap().page).unwrap()
}

fn part<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let start = html.find(from).unwrap();
    &html[start..start + html[start..].find(to).unwrap() + to.len()]
}

#[test]
fn the_summary_says_what_was_learned_and_what_it_beat() {
    let folder = tempfile::tempdir().unwrap();
    let paths = support::example(folder.path());
    let html = page(&paths, &folder.path().join("out"));
    insta::assert_snapshot!(
        "headlines",
        balanced(part(&html, "<ul class=\"headlines\">", "</ul>"))
    );
    insta::assert_snapshot!("table", balanced(part(&html, "<table>", "</table>")));
    let problems = balanced(part(&html, "<dl class=\"problems\">", "</dl>"));
    let place = folder.path().display().to_string();
    insta::assert_snapshot!("problems", problems.replace(&place, "[runs]"));
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let paths = support::example(folder.path());
    let report = write(&paths, &folder.path().join("out")).unwrap();
    assert_eq!((report.runs, report.rows, report.damaged), (8, 4, 1));
    let html = std::fs::read_to_string(&report.page).unwrap();
    balanced(&html);
    linked(&html);
    for outside in ["<script", "src=", "@import", "url(", "<link", "http:", "https:"] {
        assert!(!html.contains(outside), "{outside}");
    }
    // Every picture has a name.
    let pictures = html.matches("role=\"img\"").count();
    assert_eq!(pictures, html.matches("<title>").count() - 1);
    assert!(attributes(&html, "aria-label").iter().all(|label| !label.is_empty()));
    for figure in &report.figures {
        let svg = std::fs::read_to_string(figure).unwrap();
        balanced(&svg);
        assert!(svg.starts_with("<svg xmlns=") && !svg.contains("var("), "{}", figure.display());
    }
}

#[test]
fn names_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = Recipe::new("<b onload='x'>&amp;\"", "apl", 1, 7, 20.0);
    recipe.layers = vec![("<i>act</i>", vec![4])];
    let path = recipe.write(folder.path());
    let mut summary = recipe.summary();
    summary.warnings = vec!["<script>alert(1)</script>".into()];
    summary.write(&path).unwrap();
    std::fs::write(path.join("config.toml"), "# </pre><script>").unwrap();
    let html = page(&[path], &folder.path().join("out"));
    for tag in ["<b onload", "<i>", "<script", "</pre><"] {
        assert!(!html.contains(tag), "{tag}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;") && html.contains("&lt;i&gt;act&lt;"));
    balanced(&html);
    linked(&html);
}

#[test]
fn nothing_to_report_on_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = write(&[], folder.path()).unwrap_err();
    assert!(matches!(error, Error::NoRuns), "{error}");
    assert!(error.to_string().contains("hint: "), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Recipe::new("a", "relu", 0, 1, 9.0).write(folder.path());
    let file = folder.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let error = write(&[path], &file).unwrap_err().to_string();
    assert!(error.contains("taken"), "{error}");
}

#[test]
fn what_is_damaged_is_named_and_the_rest_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = Recipe::new("a", "apl", 1, 1, 9.0).write(folder.path());
    std::fs::write(path.join("activations.safetensors"), "torn").unwrap();
    std::fs::write(path.join("metrics.jsonl"), "{}\n{}\n").unwrap();
    std::fs::write(path.join("curves.json"), "[").unwrap();
    std::fs::remove_file(path.join("config.toml")).unwrap();
    let nothing = folder.path().join("nothing");
    let html = page(&[path, nothing], &folder.path().join("out"));
    for problem in ["metrics.jsonl: line 1", "curves.json: not a list", "config.toml", "nothing"] {
        assert!(html.contains(problem), "{problem}");
    }
    assert!(html.contains("activations.safetensors: damaged"));
    assert!(html.contains("9.00 % (n = 1)"));
    balanced(&html);
}

#[test]
fn a_run_counts_once_and_equal_names_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let recipe = Recipe::new("same", "relu", 0, 1, 9.0);
    let paths = [recipe.write(&one), recipe.write(&one), recipe.write(&two)];
    let report = write(&paths, &folder.path().join("out")).unwrap();
    assert_eq!((report.runs, report.rows), (2, 2));
    let html = std::fs::read_to_string(report.page).unwrap();
    assert!(html.contains("two&#x2f;quick&#x2f;same") || html.contains("two/quick/same"));
    linked(&html);
}

#[test]
fn seeds_of_different_settings_are_pointed_out() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [1, 2].map(|seed| Recipe::new("a", "apl", 2, seed, 9.0).write(folder.path()));
    let config = std::fs::read_to_string(paths[1].join("config.toml")).unwrap();
    std::fs::write(paths[1].join("config.toml"), config.replace("batch = 100", "batch = 50"))
        .unwrap();
    let html = page(&paths, &folder.path().join("out"));
    assert!(html.contains("seeds 1 and 2 differ in optimizer.batch"));
}

#[test]
fn a_baseline_of_other_settings_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let relu = Recipe::new("relu", "relu", 0, 1, 10.0).write(folder.path());
    let apl = Recipe::new("apl", "apl", 2, 1, 10.5).write(folder.path());
    let html = page(&[relu.clone(), apl.clone()], &folder.path().join("out"));
    assert!(html.contains("0.50 worse than relu."));
    let config = std::fs::read_to_string(relu.join("config.toml")).unwrap();
    std::fs::write(relu.join("config.toml"), config.replace("batch = 100", "batch = 50")).unwrap();
    let html = page(&[relu, apl], &folder.path().join("out"));
    assert!(html.contains("0.50 worse than relu (other settings differ too)."));
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let paths = support::example(folder.path());
    let all = |name: &str| {
        let report = write(&paths, &folder.path().join(name)).unwrap();
        let files = std::iter::once(report.page).chain(report.figures);
        files.map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    assert!(all("one") == all("two"));
}

#[test]
fn the_papers_network_makes_a_page_that_can_be_mailed() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = Recipe::new("cifar10-cnn-apl", "apl", 5, 1, 11.4);
    recipe.layers = vec![
        ("act1", vec![96, 32, 32]),
        ("act2", vec![128, 16, 16]),
        ("act3", vec![256, 8, 8]),
        ("act4", vec![2048]),
        ("act5", vec![2048]),
    ];
    let path = recipe.write(folder.path());
    let html = page(&[path], &folder.path().join("out"));
    assert!(html.contains("1\u{202f}000 of 98\u{202f}304 units"));
    assert!(html.len() < 3_000_000, "{}", html.len());
}
