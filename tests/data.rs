//! `apl data`: what there is, what it holds, another form of it, and a look at it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use command::Bench;

#[test]
fn the_sets_are_listed_with_where_they_are() {
    let bench = Bench::new();
    let ended = bench.apl(&["data", "list"]).ok();
    for part in [
        "cifar10: uoft-cs/cifar10 at 0b27149, not in the hub's cache; `apl data fetch cifar10` downloads it",
        "cifar100: uoft-cs/cifar100 at aadb3af, not in the hub's cache",
        "embedded: generated images",
        "the hub's cache: <folder>/huggingface/hub",
        "decoded data: <folder>/cache",
    ] {
        assert!(ended.out.contains(part), "{part}\n{}", ended.out);
    }
}

#[test]
fn what_is_imported_is_the_same_and_trains_the_same() {
    let bench = Bench::new();
    let import = ["data", "import", "cifar10", "--data", "embedded", "--out", "copy"];
    let ended = bench.apl(&import).ok();
    assert_eq!(ended.out, "copy\ngive it as `--data copy`\n");
    let verify = |source: &str| {
        let ended = bench.apl(&["data", "verify", "cifar10", "--data", source, "--json"]);
        let found: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        (ended.code, found)
    };
    let (generated, copied) = (verify("embedded"), verify("copy"));
    for split in ["train", "test"] {
        assert_eq!(copied.1[split], generated.1[split]);
    }
    assert_eq!(copied.1["train"]["images"], 5000);
    // Generated images are nobody's original; files that are called CIFAR-10 and are not are an error.
    assert_eq!((generated.0, copied.0), (Some(0), Some(1)));
    let text = bench.apl(&["data", "verify", "cifar10", "--data", "copy"]).out;
    assert!(text.starts_with("cifar10, 10 classes, from an imported data set\n"), "{text}");
    assert!(text.contains("train 5000 images, 500 a class\n"), "{text}");
    bench.apl(&import).fails_with(1, &["copy"]);
}

#[test]
fn a_contact_sheet_is_a_png() {
    let bench = Bench::new();
    let ended =
        bench.apl(&["data", "show", "cifar100", "--data", "embedded", "--images", "3"]).ok();
    assert_eq!(ended.out, "sheet.png\n");
    let bytes = std::fs::read(bench.path("sheet.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert!(reader.info().width > 300 && reader.info().height > 300);
}

#[test]
fn what_cannot_be_used_is_named() {
    let bench = Bench::new();
    for (arguments, code, expected) in [
        (&["data", "verify", "images", "--data", "x"][..], 2, "data.classes"),
        (&["data", "verify", "cifar10", "--data", "absent"], 1, "absent"),
        (
            &["data", "show", "cifar10", "--data", "embedded", "--images", "0"],
            2,
            "images a class: found 0, expected 1 to 50",
        ),
        (&["data", "fetch", "mnist"], 2, "[possible values: cifar10, cifar100, images, higgs]"),
        (&["data", "fetch", "images"], 2, "data.set: found `images`, a set of one's own"),
    ] {
        bench.apl(arguments).fails_with(code, &[expected]);
    }
}
