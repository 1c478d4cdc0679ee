//! The tasks by name.

use apl_train::{Error, Result, Task};
use apl_vision::Vision;

/// Something to do for whichever task a configuration names.
pub trait Action {
    type Output;

    fn run<T: Task>(self) -> Result<Self::Output>;
}

/// Does it for the task of this name.
pub fn with_task<A: Action>(name: &str, action: A) -> Result<A::Output> {
    match name {
        Vision::NAME => action.run::<Vision>(),
        _ => {
            let problem = format!("found \"{name}\", expected \"{}\"", Vision::NAME);
            Err(Error::usage("task", problem))
        }
    }
}
