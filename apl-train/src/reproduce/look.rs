//! How far a run is, from its directory alone.

use std::path::Path;

use crate::{
    reproduce::PlannedRun,
    run::{Status, Summary, is_owned},
};

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// There is nothing.
    Missing,
    /// It was begun: after so many of so many steps it was interrupted or killed.
    Begun {
        /// Steps done at the last checkpoint.
        step: u64,
        /// Steps of the whole run.
        steps: u64,
    },
    /// Another process has it in hand.
    Busy,
    /// It is complete; a compact run too.
    Done(Box<Summary>),
    /// It ended with an error.
    Failed(String),
    /// What is there is another run or none.
    Refused(String),
}

/// Looks at a run's directory in a folder of runs. Whether a run is the one that is planned is judged by its configuration and the digests of the data
/// that it names itself: so a finished run counts where its data is not at hand.
pub fn look(run: PlannedRun, runs: &Path) -> State {
    let directory = run.directory(runs);
    let unlike = |what: String| State::Refused(format!("{}: {what}", directory.display()));
    // Before the summary is read: an owner that ends in between has written its last one.
    let owned = is_owned(&directory);
    if !Summary::is_in(&directory) {
        return if owned { State::Busy } else { State::Missing };
    }
    let summary = match Summary::read(&directory) {
        Ok(summary) => summary,
        Err(error) => return State::Refused(error.to_string()),
    };
    match run.fingerprint().hash(&summary.data) {
        Ok(hash) if hash == summary.hash => {}
        Ok(_) => {
            return unlike(
                "holds a run of another configuration\nhint: choose another folder with --runs, or move this run away"
                    .into(),
            );
        }
        Err(error) => return unlike(error.to_string()),
    }
    match &summary.status {
        Status::Done => State::Done(Box::new(summary)),
        _ if owned => State::Busy,
        Status::Failed { why } => State::Failed(why.clone()),
        Status::Running | Status::Interrupted => {
            State::Begun { step: summary.step, steps: summary.steps }
        }
    }
}
