//! What is made of finished runs.

use std::{path::PathBuf, process::ExitCode};

use apl_report::Sources;
use apl_train::{
    Error, Result,
    compact::MOST_UNITS,
    notice::notice,
    run::{Status, Summary},
};

use crate::{
    arguments::{Compact, Report},
    output::{Failure, print},
};

pub fn compact(arguments: &Compact) -> std::result::Result<ExitCode, Failure> {
    if arguments.units == 0 {
        return Err(Error::usage("--units 0", "expected at least 1").into());
    }
    let (mut written, mut bytes) = (0, 0);
    for folder in &arguments.runs {
        for run in apl_train::run::find(folder)? {
            let status = Summary::read(&run)?.status;
            if status != Status::Done {
                notice(&format!("{}: {}, left out", run.display(), status.name()));
                continue;
            }
            let compact = apl_train::compact::compact(&run, &arguments.out, arguments.units)?;
            if compact.units < arguments.units.min(MOST_UNITS) {
                let (path, units) = (compact.path.display(), compact.units);
                notice(&format!("{path}: {units} units a layer, to stay below 500 kB"));
            }
            (written, bytes) = (written + 1, bytes + compact.bytes);
        }
    }
    let out = arguments.out.display();
    print(&format!("{out}: {written} compact runs, {:.1} MB", bytes as f64 / 1e6))?;
    Ok(ExitCode::SUCCESS)
}

pub fn report(arguments: &Report) -> std::result::Result<ExitCode, Failure> {
    let unit = arguments.unit.as_deref().map(parse_unit).transpose()?;
    if arguments.check {
        return check(&arguments.runs);
    }
    let sources = Sources::find(&arguments.runs)?;
    let report = apl_report::write(&sources, &arguments.out, &arguments.format)?;
    for damaged in &report.damaged {
        notice(damaged);
    }
    print(&report.to_string())?;
    if let (Some((layer, index)), Some(run)) = (unit, sources.runs.first()) {
        let path = arguments.out.join("unit.svg");
        apl_report::write_unit(run, layer, index, &path)?;
        print(&path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(folders: &[PathBuf]) -> std::result::Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for folder in folders {
        let checked = apl_report::check(folder)?;
        print(&format!("{}: {checked}", folder.display()))?;
        if !checked.problems.is_empty() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// `act5` or `act5:12`.
fn parse_unit(unit: &str) -> Result<(&str, Option<usize>)> {
    let Some((layer, index)) = unit.split_once(':') else { return Ok((unit, None)) };
    let index = index.parse().map_err(|_| {
        let place = format!("--unit {unit}");
        Error::usage(place, "expected a layer's name, or its name, a colon and a number")
    })?;
    Ok((layer, Some(index)))
}
