//! The tasks by name.

use apl_higgs::Higgs;
use apl_train::{Error, Result, Task, config::Document};
use apl_vision::Vision;

/// Something to do for whichever task a configuration names.
pub trait Action {
    type Output;

    fn run<T: Task>(self) -> Result<Self::Output>;
}

/// Does it for the task that the document names.
pub fn with_task<A: Action>(document: &Document, action: A) -> Result<A::Output> {
    let name = document.task()?;
    match name.as_str() {
        Vision::NAME => action.run::<Vision>(),
        Higgs::NAME => action.run::<Higgs>(),
        _ => {
            let (vision, higgs) = (Vision::NAME, Higgs::NAME);
            let problem = format!("found \"{name}\", expected \"{vision}\" or \"{higgs}\"");
            Err(document.blame(Error::usage("task", problem)))
        }
    }
}
