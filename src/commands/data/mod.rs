//! Data sets: what there is, where it is, what it holds.

mod events;
mod images;

use std::process::ExitCode;

use apl_train::{Environment, Result};

use crate::{
    arguments::{Data, DataCommand, DataSource, SetName},
    output::{Failure, print},
};

pub fn data(arguments: &Data) -> std::result::Result<ExitCode, Failure> {
    let events = |source: &DataSource| source.set == SetName::Higgs;
    match &arguments.command {
        DataCommand::List => list()?,
        DataCommand::Fetch(arguments) => images::fetch(arguments)?,
        DataCommand::Verify(arguments) if events(&arguments.source) => events::verify(arguments)?,
        DataCommand::Verify(arguments) => return Ok(images::verify(arguments)?),
        DataCommand::Import(arguments) if events(&arguments.source) => events::import(arguments)?,
        DataCommand::Import(arguments) => images::import(arguments)?,
        DataCommand::Generate(arguments) => events::generate(arguments)?,
        DataCommand::Show(arguments) if events(&arguments.source) => events::show(arguments)?,
        DataCommand::Show(arguments) => images::show(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The data sets and where they are on this machine.
fn list() -> Result<()> {
    let environment = Environment::read();
    let mut lines = images::list(&environment)?;
    lines.push("higgs: collisions, generated, or from a file of your own with --data".into());
    lines.push(
        "embedded: generated images of 10 or 100 classes and generated collisions, always at hand"
            .into(),
    );
    lines.push(format!("the hub's cache: {}", environment.hub_cache.display()));
    lines.push(format!("decoded data: {}", environment.cache.display()));
    print(&lines.join("\n"))
}
