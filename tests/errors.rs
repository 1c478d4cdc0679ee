//! What a user is told when something is wrong: one message with the place and a hint, the right exit code, nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;

use command::Bench;

#[test]
fn mistakes_in_a_file_are_shown_in_their_line() {
    let bench = Bench::new();
    bench.config_with("weight-decay", "weight-dcay");
    bench.train(&[]).fails(
        2,
        "error: small/net.toml: TOML parse error at line 25, column 1
   |
25 | weight-dcay = 0.001
   | ^^^^^^^^^^^
unknown field `weight-dcay`, expected one of `batch`, `momentum`, `weight-decay`, `rates`, `groups`, `loss-limit`",
    );
    bench.config_with("hinges = 2", "hinges = \"two\"");
    bench.train(&[]).fails(
        2,
        "error: small/net.toml: TOML parse error at line 20, column 10
   |
20 | hinges = \"two\"
   |          ^^^^^
invalid type: string \"two\", expected usize",
    );
    bench.config_with("seed = 1", "seed = ");
    bench.train(&[]).fails_with(2, &["small/net.toml: TOML parse error at line 2", "seed = "]);
    bench.config_with("task = \"vision\"", "task = \"visoin\"");
    let expected =
        "error: small/net.toml: task: found \"visoin\", expected \"vision\" or \"higgs\"";
    bench.train(&[]).fails(2, expected);
    bench.config_with("task = \"vision\"", "");
    bench.train(&[]).fails_with(2, &["small/net.toml: found no key `task`", "hint: begin"]);
    bench.config_with("widths = [4, 4, 8]", "widths = [4, 0, 8]");
    bench.train(&[]).fails(
        2,
        "error: small/net.toml: network.widths: found [4, 0, 8], expected numbers from 1 to 8192",
    );
    bench.config_with("validation = 30", "validation = 300");
    bench.train(&[]).fails(
        2,
        "error: small/net.toml: data.validation: found 300, expected less than the 300 training images",
    );
    bench.apl(&["train", "none.toml"]).fails(
        2,
        "error: none.toml: cannot read the configuration: No such file or directory (os error 2)
hint: configurations of this project are in `configs/`",
    );
    assert!(!bench.path("runs").exists());
}

#[test]
fn mistakes_in_an_argument_name_the_argument() {
    let bench = Bench::new();
    let table: [(&[&str], &str); 14] = [
        (
            &["--set", "task=higgs"],
            "--set task=higgs: the task of a configuration cannot change\nhint: begin with a configuration of that task",
        ),
        (
            &["--set", "optimizer.batch=100000"],
            "--set optimizer.batch=100000: optimizer.batch: found 100000, expected 1 to 65536",
        ),
        (
            &["--set", "optimizer.loss-limit=inf"],
            "--set optimizer.loss-limit=inf: optimizer.loss-limit: found inf, expected a finite number above 0",
        ),
        (
            &["--set", "optimizer.rates=[{until=24,lr=1e39}]"],
            "--set optimizer.rates=[{until=24,lr=1e39}]: optimizer.rates[0].lr: found 1000000000000000000000000000000000000000, expected a number that f32 holds, times every group's lr",
        ),
        (
            &["--set", "activation.hinges=0"],
            "--set activation.hinges=0: activation.hinges: found 0, expected 1 to 64",
        ),
        (
            &["--set", "optimizer.batch=ten"],
            "--set optimizer.batch=ten: invalid type: string \"ten\", expected usize",
        ),
        (
            &["--set", "optimiser.batch=10"],
            "--set optimiser.batch=10: unknown field `optimiser`, expected one of `task`, `seed`, `arithmetic`, `data`, `network`, `activation`, `optimizer`, `record`",
        ),
        (
            &["--set", "arithmetic=tf32"],
            "--set arithmetic=tf32: arithmetic: found tf32, expected f32 where the processor computes\nhint: give --device cuda, or leave the key out",
        ),
        (
            &["--set", "seed"],
            "--set seed: expected key=value\nhint: for example --set activation.hinges=2",
        ),
        (&["--set", "seed.x=1"], "--set seed.x=1: `seed` is a value, not a table of keys"),
        (&["--set", "a..b=1"], "--set a..b=1: an empty part in the key"),
        (&["--threads", "0"], "--threads 0: expected at least 1"),
        (
            &["--set", "optimizer.momentum={from=0.5,to=0.9}"],
            "--set optimizer.momentum={from=0.5,to=0.9}: optimizer.momentum.steps: is missing beside `to`\nhint: the authors used 10000",
        ),
        (
            &["--set", "activation.kind=relu"],
            "small/net.toml: activation.hinges: has no meaning for kind = \"relu\"\nhint: remove it, set kind = \"apl\", or replace the section: --set 'activation={kind=\"relu\"}'",
        ),
    ];
    for (arguments, message) in table {
        bench.train(arguments).fails(2, &format!("error: {message}"));
    }
    let pattern = "optimizer.groups=[{match=\"conv9.*\",lr=2.0}]";
    bench.train(&["--set", pattern]).fails_with(
        2,
        &[
            "\"conv9.*\" matches no parameter",
            "hint: the network has conv1.weight, conv1.bias, act1.slopes",
        ],
    );
    let large = ["--set", "network.widths=[2048, 8, 8]", "--set", "optimizer.batch=65536"];
    bench.train(&large).fails_with(
        2,
        &[
            "--set optimizer.batch=65536: optimizer.batch: found 65536, whose steps need ",
            " GiB of memory; this machine has ",
            "hint: choose smaller batches or a narrower network",
        ],
    );
    bench.train(&["--set", "activation={kind=\"relu\"}", "--no-progress"]).ok();
    bench.train(&["--sed", "1"]).fails_with(2, &["unexpected argument '--sed'"]);
    bench.train(&["--device", "tpu"]).fails_with(2, &["invalid value 'tpu'"]);
    bench.train(&["--seed", "-1"]).fails_with(2, &["unexpected argument"]);
}

/// Whatever command computes says so before it does anything else.
#[cfg(not(feature = "cuda"))]
#[test]
fn a_program_without_cuda_refuses_a_gpu() {
    let bench = Bench::new();
    let config = std::fs::read_to_string(bench.path("small/net.toml")).unwrap();
    bench.write("configs/small/net.toml", &config);
    bench.write(
        "configs/one.toml",
        "title = \"One\"\nseeds = { small = 1 }\ncontrasts = []\n\n[[row]]\nid = \"one\"\nlabel = \"one\"\nconfig = \"net\"\n",
    );
    bench.train(&["--no-progress"]).ok();
    let run = bench.run("runs");
    let run = run.to_str().unwrap();
    let plan = ["reproduce", "one", "--scale", "small", "--dry-run", "--device", "cuda"];
    for (arguments, device) in [
        (&["train", "small/net.toml", "--device", "cuda"][..], "cuda"),
        (&["evaluate", run, "--device", "cuda:1"], "cuda:1"),
        (&["evaluate", run, "--prune", "0.1", "--device", "cuda"], "cuda"),
        // Those of a study are counted.
        (&plan, "cuda:0"),
    ] {
        let expected = format!("--device {device}: this program was built without CUDA");
        bench.apl(arguments).fails_with(2, &[&expected, "hint: build it with"]);
    }
}

#[test]
fn data_that_cannot_be_read_is_named() {
    let bench = Bench::new();
    bench.train(&["--data", "nowhere"]).fails_with(1, &["nowhere: found nothing", "hint: "]);
    std::fs::create_dir(bench.path("empty")).unwrap();
    bench.train(&["--data", "empty"]).fails_with(
        1,
        &["empty: found a folder with nothing in it, expected the images of cifar10", "hint: "],
    );
    bench.train(&["--data", "hub"]).fails_with(
        1,
        &[
            "huggingface/hub/datasets--uoft-cs--cifar10/snapshots/",
            "found nothing",
            "--data embedded",
        ],
    );
    bench.write("torn/plain_text/train-00000-of-00001.parquet", "PAR1 and then nothing");
    bench.write("torn/plain_text/test-00000-of-00001.parquet", "PAR1 and then nothing");
    bench.train(&["--data", "torn"]).fails_with(1, &["torn/plain_text/t", ".parquet: found"]);
    assert!(!bench.path("runs").exists());
}

#[test]
fn folders_that_cannot_be_written_are_named_and_nothing_is_lost() {
    let bench = Bench::new();
    bench.write("file", "");
    let parts = ["file/x/small/net/seed-1: cannot be written: ", "hint: choose a folder"];
    bench.train(&["--runs", "file/x"]).fails_with(1, &parts);
    bench.train(&["--no-progress"]).ok();
    let model = bench.bytes("runs", "model.safetensors");
    // Another configuration under the same name does not overwrite the run.
    bench.config_with("seed = 1", "seed = 1 # the same");
    bench.train(&["--no-progress"]).ok();
    bench.config_with("weight-decay = 0.001", "weight-decay = 0.002");
    bench.train(&[]).fails_with(
        1,
        &[
            "runs/small/net/seed-1: holds a run of another configuration or other data (hash ",
            "hint: choose another folder with --runs, or move this run aside and start anew with --fresh",
        ],
    );
    assert!(bench.bytes("runs", "model.safetensors") == model);
    bench.apl(&["evaluate", "runs"]).fails(
        2,
        "error: runs: not a run directory: found no config.toml in it\nhint: a run's directory is printed when it ends: runs/SCALE/NAME/seed-N",
    );
    let run = bench.run("runs");
    std::fs::write(run.join("model.safetensors"), &model[..model.len() - 1]).unwrap();
    let run = run.to_str().unwrap();
    bench.apl(&["evaluate", run]).fails_with(1, &["model.safetensors: damaged: "]);
    std::fs::remove_file(bench.run("runs").join("model.safetensors")).unwrap();
    bench.write("runs/small/net/seed-2/thesis.txt", "years of work");
    let somebody = "runs/small/net/seed-2: holds files but no summary.json: not a run directory";
    bench.train(&["--seed", "2"]).fails_with(1, &[somebody, "hint: choose another folder"]);
    assert!(bench.path("runs/small/net/seed-2/thesis.txt").exists());
    bench.apl(&["evaluate", run]).fails_with(1, &["no network to score", "hint: "]);
    bench.apl(&["report", "nowhere"]).fails_with(1, &["nowhere"]);
    std::fs::create_dir(bench.path("no-runs")).unwrap();
    bench.apl(&["report", "no-runs"]).fails_with(1, &["no-runs: found no run", "hint: train one"]);
}

/// A limit on the size of files stands in for a full disk: a write fails half way.
#[test]
#[cfg(unix)]
fn a_full_disk_stops_the_run_and_leaves_the_last_checkpoint() {
    let bench = Bench::new();
    // A checkpoint of the narrow network fits, the record of activations at the end does not.
    bench.train(&["--no-progress", "--runs", "whole"]).ok();
    let largest = |file: &str| bench.bytes("whole", file).len() / 512;
    let (model, record) = (largest("model.safetensors"), largest("activations.safetensors"));
    assert!(record > model);
    let limited = |blocks: usize| {
        let apl = env!("CARGO_BIN_EXE_apl");
        // A shell that ignores the signal of the limit hands that on, and writing gives an error instead.
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {apl} train small/net.toml --no-progress"
        );
        let mut command = std::process::Command::new("sh");
        let output = command.args(["-c", &script]).current_dir(bench.path("")).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, message) = limited(record * 9 / 10);
    assert_eq!(code, Some(1), "{message}");
    assert!(
        message.contains("runs/small/net/seed-1/activations.safetensors: cannot be written: "),
        "{message}"
    );
    assert!(message.contains("File too large"), "{message}");
    bench.train(&["--no-progress"]).ok();
    for file in ["model.safetensors", "activations.safetensors"] {
        assert!(bench.bytes("runs", file) == bench.bytes("whole", file), "{file}");
    }
    let leftovers = std::fs::read_dir(bench.run("runs")).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".writing")
    });
    assert_eq!(leftovers.count(), 0);
}

#[test]
fn a_training_that_diverges_says_where() {
    let bench = Bench::new();
    let rates = "optimizer.rates=[{until=6,lr=0.01},{until=24,lr=1e30}]";
    let ended = bench.train(&["--set", rates, "--no-progress", "--runs", "fast"]);
    ended.fails_with(
        1,
        &[
            "error: step ",
            "training diverged: ",
            "first in layer ",
            "checkpoint, of step ",
            "hint: lower optimizer.rates",
        ],
    );
    let folder = std::fs::read_dir(bench.path("fast/small")).unwrap().next().unwrap().unwrap();
    let summary = std::fs::read_to_string(folder.path().join("seed-1/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let why = summary["status"]["failed"]["why"].as_str().unwrap();
    assert!(why.contains("training diverged"), "{why}");
    assert!(folder.path().join("seed-1/checkpoint.safetensors").exists());
    let limit = ["--set", "optimizer.loss-limit=0.5", "--no-progress", "--runs", "limit"];
    bench.train(&limit).fails_with(
        1,
        &[
            "step 0: training diverged: the loss is ",
            "(limit 0.5), first in layer loss; there is no earlier checkpoint",
        ],
    );
}
