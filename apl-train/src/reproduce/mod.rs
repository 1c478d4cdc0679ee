//! Whole tables: plans the runs of all their rows, does what is missing in processes side by side, and goes on where it was cut.
//!
//! A study is made of tables, tables of rows, rows of runs; rows of several tables that are the same configuration are the same runs. Each run is a
//! process `apl train` of its own, so a run that fails or is killed takes nothing with it. A run belongs to the process that holds its lock: two studies
//! in one folder share the work, each waiting for what the other is doing.

mod estimate;
mod look;
mod overview;
mod plan;
mod progress;
mod runner;
mod share;
mod worker;

pub use estimate::{Estimate, estimate};
pub use look::{State, look};
pub use overview::Overview;
pub use plan::{PlannedRow, PlannedRun, Request, Resolved, Study, plan, resolve};
pub use runner::{Crew, Outcome, run};
pub use share::{default_jobs, threads};
