//! `apl bench` as a user calls it, on the smallest network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use command::Bench;

#[test]
fn one_document_has_every_figure_and_target() {
    let bench = Bench::new();
    let arguments = ["bench", "--rounds", "1", "--threads", "1", "--only", "higgs", "--json"];
    let text = bench.apl(&arguments).ok().out;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for pointer in [
        "/machine/threads",
        "/machine/matmul_gflops/median",
        "/machine/copy_gbs/low",
        "/steps/0/ms/high",
        "/steps/1/matmul_share",
        "/operations/0/gflops",
        "/operations/3/copy_share",
        "/targets",
        "/all_targets_met",
    ] {
        assert!(document.pointer(pointer).is_some(), "{pointer} in {text}");
    }
    let names = document["steps"].as_array().unwrap().iter().map(|step| step["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["higgs-relu", "higgs-apl"]);
}

#[test]
fn mistakes_are_usage_errors() {
    let bench = Bench::new();
    for (arguments, parts) in [
        (&["--rounds", "0"][..], &["--rounds 0", "hint: "][..]),
        (&["--only", "mlp"], &["--only mlp: nothing has this in its name", "hint: "]),
        (
            &["--only", "higgs", "--peer", "pytorch", "--python", "no/python"],
            &["--peer pytorch: cannot start no/python", "hint: install PyTorch: python3 -m venv"],
        ),
        (&["--worker", "mlp"], &["--worker mlp: found no such workload"]),
    ] {
        bench.apl(&[&["bench", "--threads", "1"], arguments].concat()).fails_with(2, parts);
    }
}
