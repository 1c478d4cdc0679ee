//! Sets of images.

use std::process::ExitCode;

use apl_train::{Environment, Error, Result, hub::Settings, interrupt::Interrupt, notice::notice};
use apl_vision::data::{
    self, DataConfig, Folders, Official, Set, Source,
    hub::{Published, cached, published},
};

use crate::{
    arguments::{DataSource, Fetch, Import, SetName, Show, Verify},
    output::{print, print_json},
};

/// The sets of the paper, which the hub has.
const SETS: [Set; 2] = [Set::Cifar10, Set::Cifar100];

/// The sets of the paper and where they are on this machine.
pub fn list(environment: &Environment) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for set in SETS {
        let Published { repository, commit, .. } = published(set)?;
        let name = set.name();
        match cached(set, None, &environment.hub_cache)? {
            Some(files) => {
                lines.push(format!("{name}: {repository}, in the hub's cache"));
                for file in files {
                    let mega = file.bytes as f64 / 1e6;
                    lines.push(format!("  {} ({mega:.0} MB)", file.path.display()));
                }
            }
            None => {
                let commit = commit.get(..7).unwrap_or(commit);
                let fetch = format!("`apl data fetch {name}` downloads it");
                lines.push(format!(
                    "{name}: {repository} at {commit}, not in the hub's cache; {fetch}"
                ));
            }
        }
    }
    Ok(lines)
}

pub fn fetch(arguments: &Fetch) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let settings = Settings::new(&Environment::read(), arguments.no_progress, &interrupt);
    let revision = arguments.revision.as_deref();
    for name in &arguments.sets {
        for file in data::hub::fetch(name.images()?, revision, &settings)? {
            let state = if file.downloaded { "downloaded" } else { "there already" };
            let mega = file.bytes as f64 / 1e6;
            print(&format!(
                "{} ({mega:.0} MB, {state})\n  sha256 {}",
                file.path.display(),
                file.sha256
            ))?;
        }
    }
    Ok(())
}

/// Fails where files that are said to be a known set are not.
pub fn verify(arguments: &Verify) -> Result<ExitCode> {
    let verified = with_folders(&arguments.source, data::verify)?;
    if arguments.json {
        print_json(&verified)?;
    } else {
        print(&verified.to_string())?;
    }
    let known = place(&arguments.source) != Source::Embedded;
    let other = [&verified.train, &verified.test].iter().any(|s| s.official == Official::No);
    Ok(ExitCode::from(u8::from(known && other)))
}

pub fn import(arguments: &Import) -> Result<()> {
    if arguments.columns.given() {
        let problem = "what columns of events are has no meaning for images";
        return Err(Error::usage("--label, --features, ...", problem));
    }
    let out = &arguments.out;
    let warnings =
        with_folders(&arguments.source, |config, folders| data::import(config, folders, out))?;
    warn(&warnings);
    print(&format!("{}\ngive it as `--data {0}`", out.display()))
}

pub fn show(arguments: &Show) -> Result<()> {
    let (out, images) = (&arguments.out, arguments.images);
    let warnings = with_folders(&arguments.source, |config, folders| {
        data::show(config, folders, images, out)
    })?;
    warn(&warnings);
    print(&out.display().to_string())
}

/// Reads a source; the hub's files are downloaded first where they are missing.
fn with_folders<T>(
    source: &DataSource,
    read: impl FnOnce(&DataConfig, Folders) -> apl_vision::Result<T>,
) -> Result<T> {
    let environment = Environment::read();
    let config = DataConfig {
        set: source.set.images()?,
        classes: source.classes,
        source: place(source),
        ..DataConfig::default()
    };
    config.check().map_err(Error::from)?;
    if config.source == Source::Hub {
        let settings = Settings::new(&environment, false, &Interrupt::install()?);
        data::hub::fetch(config.set, None, &settings)?;
    }
    Ok(read(&config, Folders::from(&environment))?)
}

fn warn(warnings: &[String]) {
    warnings.iter().for_each(|warning| notice(&format!("warning: {warning}")));
}

fn place(source: &DataSource) -> Source {
    Source::from(source.data.clone().unwrap_or_else(|| "hub".into()))
}

impl SetName {
    fn images(self) -> Result<Set> {
        match self {
            SetName::Cifar10 => Ok(Set::Cifar10),
            SetName::Cifar100 => Ok(Set::Cifar100),
            SetName::Images => Ok(Set::Images),
            SetName::Higgs => {
                let problem = "no set of images, and none that the hub has";
                Err(Error::usage("higgs", problem).with_hint("give a file of events as --data"))
            }
        }
    }
}
