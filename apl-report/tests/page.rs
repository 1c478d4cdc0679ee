//! The page as a whole.

#![allow(clippy::unwrap_used)]

mod support;

#[test]
fn a_page_of_the_example_runs() {
    let folder = tempfile::tempdir().unwrap();
    let paths = support::example(folder.path());
    let report = apl_report::write(&paths, &folder.path().join("out")).unwrap();
    assert_eq!((report.runs, report.rows, report.damaged), (8, 4, 1));
    let html = std::fs::read_to_string(&report.page).unwrap();
    assert!(html.contains("cifar10-cnn-relu") && !html.contains("<script"));
    assert!(report.figures.iter().all(|figure| figure.exists()));
    if let Some(look) = std::env::var_os("APL_LOOK") {
        apl_report::write(&paths, std::path::Path::new(&look)).unwrap();
    }
}
