//! The page as a whole, from runs on disk to text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::{Path, PathBuf};

use apl_report::{Error, Format, Sources};
use support::{
    Recipe,
    markup::{attributes, balanced, linked},
    report,
};

fn page(paths: &[PathBuf], out: &Path) -> String {
    std::fs::read_to_string(report(paths, out).unwrap().page.unwrap()).unwrap()
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
    let report = report(&paths, &folder.path().join("out")).unwrap();
    assert_eq!((report.runs, report.rows, report.damaged.len()), (8, 4, 1));
    let html = std::fs::read_to_string(report.page.unwrap()).unwrap();
    balanced(&html);
    linked(&html);
    // Its own data and script, and a policy that keeps everything else out.
    assert_eq!(html.matches("<script").count(), 2);
    assert!(html.contains("content=\"default-src 'none'; "));
    for outside in [" src=", "@import", "url(", "<link", "http:", "https:"] {
        assert!(!html.contains(outside), "{outside}");
    }
    // Every picture has a name; that of the browser of units is another element.
    let pictures = html.matches("role=\"img\"").count();
    let titles = html.matches("<title>").count() - 1;
    assert_eq!(pictures, titles + html.matches("role=\"img\" aria-labelledby").count());
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
    assert_eq!(html.matches("<script").count(), 2);
    for tag in ["<b onload", "<i>", "<script>alert", "</pre><"] {
        assert!(!html.contains(tag), "{tag}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;") && html.contains("&lt;i&gt;act&lt;"));
    balanced(&html);
    linked(&html);
}

#[test]
fn nothing_to_report_on_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = report(&[], folder.path()).unwrap_err();
    assert!(matches!(error, Error::NoRuns), "{error}");
    assert!(error.to_string().contains("hint: "), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Recipe::new("a", "relu", 0, 1, 9.0).write(folder.path());
    let file = folder.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let error = report(&[path], &file).unwrap_err().to_string();
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
    let report = report(&paths, &folder.path().join("out")).unwrap();
    assert_eq!((report.runs, report.rows), (2, 2));
    let html = std::fs::read_to_string(report.page.unwrap()).unwrap();
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
        let report = report(&paths, &folder.path().join(name)).unwrap();
        let files = report.page.into_iter().chain(report.figures);
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

/// The records of tables that stand beside the runs.
#[test]
fn tables_are_on_the_page_and_in_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for seed in 1..=3 {
        Recipe::new("relu", "relu", 0, seed, 10.0 + f64::from(seed)).write(&runs);
        Recipe::new("apl", "apl", 2, seed, 9.0 + f64::from(seed * seed)).write(&runs);
    }
    Recipe::new("other", "apl", 1, 1, 12.0).write(&runs);
    let row = |id: &str| {
        format!("[[row]]\nid = \"{id}\"\nlabel = \"<{id}>\"\nrun = \"{id}\"\nseeds = [1, 2, 3]\n")
    };
    let record = format!(
        "format = 1\ntitle = \"A & B\"\nscale = \"quick\"\ncontrasts = [[\"apl\", \"relu\"]]\n{}{}",
        row("apl"),
        row("relu")
    );
    std::fs::write(runs.join("quick/ours.toml"), record).unwrap();
    std::fs::write(runs.join("quick/theirs.toml"), "[package]\nname = 'x'\n").unwrap();
    // A record brings its own runs alone.
    let of_table = Sources::find(&[runs.join("quick/ours.toml")]).unwrap();
    let run = |name: &str, seed: u32| runs.join(format!("quick/{name}/seed-{seed}"));
    let expected = ["apl", "relu"].into_iter().flat_map(|name| (1..=3).map(move |n| run(name, n)));
    assert_eq!(of_table.runs, expected.collect::<Vec<_>>());
    assert_eq!(of_table.tables, [runs.join("quick/ours.toml")]);
    let none = Sources::find(&[runs.join("quick/theirs.toml")]).unwrap_err().to_string();
    assert!(none.contains("theirs.toml: not a record of a table"), "{none}");
    let sources = Sources::find(&[runs.clone(), runs.clone()]).unwrap();
    assert_eq!(sources.tables, [runs.join("quick/ours.toml"), runs.join("quick/theirs.toml")]);
    let out = folder.path().join("out");
    let report = apl_report::write(&sources, &out, &Format::ALL).unwrap();
    let [damaged] = &report.damaged[..] else { panic!("{:?}", report.damaged) };
    assert!(damaged.contains("theirs.toml: not a record of a table"), "{damaged}");
    let html = std::fs::read_to_string(report.page.unwrap()).unwrap();
    assert!(html.contains("A &amp; B") && html.contains("&lt;apl&gt; against &lt;relu&gt;"));
    balanced(&html);
    linked(&html);
    let read = |name: &str| std::fs::read_to_string(out.join("tables").join(name)).unwrap();
    assert!(read("quick-ours.md").contains("| \\<apl> | 13.7 (4.0), n = 3 |"));
    assert!(read("quick-ours.tex").contains("\\label{tab:quick-ours}"));
    assert!(read("quick-ours.csv").contains("relu,<relu>,seeds,error,%,"));
    assert!(read("quick-ours-differences.csv").contains("quick,apl,relu,1.6"));
    // Every figure twice, and of one size.
    let (svg, png): (Vec<PathBuf>, Vec<PathBuf>) =
        report.figures.into_iter().partition(|path| path.extension().unwrap() == "svg");
    assert!(!svg.is_empty() && svg.len() == png.len());
    for picture in png {
        let bytes = std::fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n"), "{}", picture.display());
    }
    // Only what is asked for.
    let other = folder.path().join("other");
    let report = apl_report::write(&sources, &other, &[Format::Csv]).unwrap();
    assert_eq!((report.page, report.figures.len(), report.tables.len()), (None, 0, 2));
    assert_eq!(std::fs::read_dir(&other).unwrap().count(), 1);
}

/// What a page of a thousand runs takes: `cargo test --release --workspace --test page -- --ignored --nocapture`.
#[test]
#[ignore = "long: writes a thousand runs"]
fn a_thousand_runs_take_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for row in 0..200 {
        for seed in 1..=5 {
            let kind = if row % 4 == 0 { "relu" } else { "apl" };
            let hinges = [0, 1, 2, 5][row % 4];
            Recipe::new(&format!("row-{row}"), kind, hinges, seed, 9.0 + row as f64 / 100.0)
                .write(&runs);
        }
    }
    let started = std::time::Instant::now();
    let sources = Sources::find(&[runs]).unwrap();
    let report = apl_report::write(&sources, &folder.path().join("out"), &Format::USUAL).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    let bytes = std::fs::metadata(report.page.unwrap()).unwrap().len();
    println!("{} runs: {seconds:.1} s, {peak}, page {:.1} MB", report.runs, bytes as f64 / 1e6);
    assert_eq!((report.runs, report.rows), (1000, 200));
    assert!(seconds < 5.0, "{seconds}");
}
