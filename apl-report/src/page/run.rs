//! The details of a run.

use apl_train::run::{DataSummary, Host, Software, Status};
use serde::Serialize;

use super::{Gallery, Shown, figure_name};
use crate::{
    figure,
    format::{self, count, duration, number},
    load::Run,
    row::Row,
};

#[derive(Debug, Serialize)]
pub(super) struct Details {
    title: String,
    facts: Vec<Fact>,
    data: Vec<Split>,
    warnings: Vec<String>,
    curves: Vec<Shown>,
    config: String,
}

#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
struct Split {
    name: String,
    examples: String,
    digest: String,
}

/// Why a run is not done; `None` where it is.
pub(super) fn unfinished(run: &Run) -> Option<String> {
    let summary = &run.summary;
    let place = format!("step {} of {}", summary.step, summary.steps);
    match &summary.status {
        Status::Done => None,
        Status::Running => Some(format!("running, or killed, at {place}")),
        Status::Interrupted => {
            Some(format!("interrupted at {place}; the same command goes on from there"))
        }
        Status::Failed { why } => Some(format!("failed at {place}: {why}")),
    }
}

pub(super) fn details(row: &Row, run: &Run, gallery: &mut Gallery) -> Details {
    let summary = &run.summary;
    let seed = summary.seed;
    let curves = run.curves.iter().enumerate().map(|(i, curve)| {
        let name = format!("seed-{seed}-{}-{}", i + 1, curve.name);
        gallery.show(5, figure::task(&figure_name(row, &name), curve))
    });
    let curves = curves.collect();
    let data = summary.data.iter().map(|DataSummary { split, examples, digest, .. }| Split {
        name: split.clone(),
        examples: count(*examples),
        digest: digest.clone(),
    });
    Details {
        title: format!("Seed {seed}: {}", state(run)),
        facts: facts(run),
        data: data.collect(),
        warnings: summary.warnings.clone(),
        curves,
        config: run.config.clone(),
    }
}

/// `done, test error 11.38 %`, or the status.
fn state(run: &Run) -> String {
    let status = run.summary.status.name().to_string();
    let Some(score) = &run.summary.score else { return status };
    let digits = format::decimals(&score.measure.unit, score.value);
    let (name, unit) = (&score.measure.name, &score.measure.unit);
    let text = format!("{status}, {} {name} {} {unit}", score.split, number(score.value, digits));
    text.trim_end().into()
}

fn facts(run: &Run) -> Vec<Fact> {
    let summary = &run.summary;
    let Host { cpu, level, threads, device, system } = &summary.host;
    let Software { version, git } = &summary.software;
    let time = &summary.time;
    let program = match git {
        Some(git) => format!("apl {version}, commit {git}"),
        None => format!("apl {version}"),
    };
    let parameters = &summary.parameters;
    let mut facts = vec![
        ("directory", run.path.display().to_string()),
        ("task", summary.task.clone()),
        ("steps", format!("{} of {}, batches of {}", summary.step, summary.steps, summary.batch)),
        (
            "time",
            format!(
                "{} training, {} evaluation, {} examples/s",
                duration(time.training),
                duration(time.evaluation),
                number(time.examples_per_second, 0)
            ),
        ),
        (
            "parameters",
            format!(
                "{} weights, {} slopes and offsets; {} learned",
                count(parameters.weights),
                count(parameters.activation),
                count(parameters.learned)
            ),
        ),
        ("machine", format!("{cpu} ({level}), {threads} threads, {device}, {system}")),
        ("program", program),
        ("hash", summary.hash.clone()),
    ];
    if let Some(why) = unfinished(run) {
        facts.insert(0, ("status", why));
    }
    facts.into_iter().map(|(name, value)| Fact { name, value }).collect()
}
