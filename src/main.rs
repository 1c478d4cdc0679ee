//! The `apl` command: reads its arguments, looks the task up, calls a crate, prints.

mod arguments;
mod commands;
mod output;
mod registry;

use std::process::ExitCode;

use apl_train::notice::notice;
use clap::Parser;

/// Training frees and takes large buffers; the system's allocator would give them back to the kernel every time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    let done = match &arguments.command {
        arguments::Command::Train(train) => commands::train(train),
        arguments::Command::Reproduce(reproduce) => commands::reproduce(reproduce),
        arguments::Command::Evaluate(evaluate) => commands::evaluate(evaluate),
        arguments::Command::Inspect(inspect) => commands::inspect(inspect),
        arguments::Command::Data(data) => commands::data(data),
        arguments::Command::Compact(compact) => commands::compact(compact),
        arguments::Command::Report(report) => commands::report(report),
        arguments::Command::Bench(bench) => commands::bench(bench),
    };
    done.unwrap_or_else(|failure| {
        notice(&format!("error: {failure}"));
        ExitCode::from(failure.exit_code())
    })
}
