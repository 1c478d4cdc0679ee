use super::*;
use crate::run::activations::{self, LayerDescription, Moment};

fn layer(name: &str, units: Option<Units>) -> LayerActivations {
    let outputs = activations::Histogram::of(&[0.0, 1.0, 2.0]);
    let before = Moment { units, inputs: outputs.clone(), outputs, spread: None };
    let about = LayerDescription {
        name: name.into(),
        kind: "apl".into(),
        hinges: 1,
        sharing: None,
        negative_slope: None,
        unit: vec![2],
    };
    LayerActivations { about, after: Some(before.clone()), before }
}

fn units(step: u64) -> Units {
    let slopes = vec![step as f32, 1.0];
    Units { slopes, offsets: vec![0.5, -2.0], shape: vec![2], kept: None }
}

fn activations() -> Activations {
    Activations { layers: vec![layer("act1", Some(units(0))), layer("act2", None)] }
}

fn line(step: u64, split: &str) -> Evaluation {
    Evaluation {
        step,
        epoch: 1.0,
        split: split.into(),
        loss: step as f64 / 3.0,
        score: (split == "test").then_some(2.0),
        lr: 0.1,
        momentum: 0.9,
        seconds: 1.0,
    }
}

fn lines(step: u64) -> Vec<Evaluation> {
    vec![line(step, "train"), line(step, "test")]
}

fn open(directory: &Path, before: u64, evaluations: &[Evaluation]) -> Events {
    let activations = &activations();
    Events::open(directory, "error", Known { before, evaluations, activations }).unwrap()
}

fn evaluate(events: &Events, step: u64) {
    events.evaluated(&lines(step), &[("act1".into(), units(step))]).unwrap();
}

fn bytes(directory: &Path) -> Vec<u8> {
    std::fs::read(directory.join(FILE)).unwrap()
}

/// Steps of the events, and the events without their times; nothing may stand behind them.
fn events(directory: &Path) -> Vec<(u64, Vec<u8>)> {
    let bytes = bytes(directory);
    let records: Vec<(&[u8], usize)> = record::whole(&bytes).collect();
    assert_eq!(records.last().map(|(_, end)| *end), Some(bytes.len()));
    let event = |(event, _): (&[u8], usize)| (message::step(event).unwrap(), event[9..].to_vec());
    records.into_iter().map(event).collect()
}

/// What a run of three evaluations writes, left alone.
fn whole() -> Vec<(u64, Vec<u8>)> {
    let directory = tempfile::tempdir().unwrap();
    let run = open(directory.path(), 1, &[]);
    (1..=3).for_each(|step| evaluate(&run, step));
    run.ended(3, &activations()).unwrap();
    events(directory.path())
}

#[test]
fn a_run_has_a_version_step_0_and_an_event_an_evaluation() {
    let steps: Vec<u64> = whole().into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [0, 0, 1, 2, 3, 3]);
}

#[test]
fn later_events_and_a_torn_one_are_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let run = open(directory.path(), 1, &[]);
    evaluate(&run, 1);
    let first = bytes(directory.path()).len();
    evaluate(&run, 2);
    let all = bytes(directory.path());
    // Nothing to cut, a torn head, torn data, a torn checksum, a whole event too many.
    for more in [0, 5, 200, all.len() - first - 1, all.len() - first] {
        std::fs::write(directory.path().join(FILE), &all[..first + more]).unwrap();
        open(directory.path(), 2, &lines(1));
        assert_eq!(bytes(directory.path()), all[..first], "{more}");
    }
    let run = open(directory.path(), 2, &lines(1));
    (2..=3).for_each(|step| evaluate(&run, step));
    run.ended(3, &activations()).unwrap();
    assert_eq!(events(directory.path()), whole());
}

/// Torn in its version or in step 0, or no event file at all: it begins anew.
#[test]
fn a_file_without_a_beginning_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path(), 1, &[]);
    let beginning = events(directory.path());
    let all = bytes(directory.path());
    let torn = [0, 11, 39, 40, 41, all.len() - 1].map(|end| &all[..end]);
    for found in torn.into_iter().chain([&b"something else"[..]]) {
        std::fs::write(directory.path().join(FILE), found).unwrap();
        open(directory.path(), 1, &[]);
        assert_eq!(events(directory.path()), beginning);
    }
}

#[test]
fn evaluations_that_the_file_lacks_get_their_scalars() {
    let directory = tempfile::tempdir().unwrap();
    let known = [lines(1), lines(2)].concat();
    open(directory.path(), 3, &known);
    let complete = events(directory.path());
    let steps: Vec<u64> = complete.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [0, 0, 1, 2]);
    open(directory.path(), 3, &known);
    assert_eq!(events(directory.path()), complete);
}

/// The paper's network for CIFAR-10: S = 5, a unit a position.
#[test]
#[ignore = "is about time alone"]
fn an_evaluation_of_the_papers_network() {
    let layers = [96 * 32 * 32, 128 * 16 * 16, 256 * 8 * 8, 2048, 2048].into_iter().enumerate();
    let units = |count: usize| {
        let values: Vec<f32> = (0..5 * count).map(|i| (i as f32).sin()).collect();
        Units { slopes: values.clone(), offsets: values, shape: vec![count], kept: None }
    };
    let layers: Vec<_> = layers.map(|(i, count)| (format!("act{}", i + 1), units(count))).collect();
    let numbers: usize = layers.iter().map(|(_, units)| 2 * units.slopes.len()).sum();
    let directory = tempfile::tempdir().unwrap();
    let run = open(directory.path(), 1, &[]);
    let before = bytes(directory.path()).len();
    let started = std::time::Instant::now();
    (1..=20).for_each(|step| run.evaluated(&lines(step), &layers).unwrap());
    let milliseconds = started.elapsed().as_secs_f64() * 1e3 / 20.0;
    let written = (bytes(directory.path()).len() - before) / 20;
    println!(
        "{numbers} slopes and offsets: {milliseconds:.1} ms and {written} bytes an evaluation"
    );
}
