//! Speed and memory.

use std::{
    io::{stdin, stdout},
    process::ExitCode,
};

use apl_train::notice::notice;

use super::in_pool;
use crate::{
    arguments::{Bench, PeerName},
    output::{Failure, print, print_json},
};

pub fn bench(arguments: &Bench) -> Result<ExitCode, Failure> {
    let (threads, device, arithmetic) = (arguments.threads, arguments.device, arguments.arithmetic);
    if let Some(name) = &arguments.worker {
        in_pool(threads, || {
            apl_bench::serve(name, device, arithmetic, stdin().lock(), stdout().lock())
        })??;
        return Ok(ExitCode::SUCCESS);
    }
    let report = in_pool(threads, || {
        let threads = rayon::current_num_threads();
        let worker = move |name: &str| {
            let mut command = std::process::Command::new(std::env::current_exe()?);
            command.args(["bench", "--threads", &threads.to_string()]);
            command.args(["--device", &device.to_string()]);
            command.args(["--arithmetic", arithmetic.name(), "--worker", name]);
            Ok(command)
        };
        let request = apl_bench::Request {
            peer: arguments.peer.map(|PeerName::Pytorch| apl_bench::Peer::Pytorch {
                python: arguments.python.clone(),
            }),
            forms: arguments.forms.clone(),
            rounds: arguments.rounds,
            threads,
            only: arguments.only.clone(),
            device,
            arithmetic,
            worker: Box::new(worker),
        };
        apl_bench::run(&request, &mut notice)
    })??;
    if arguments.json {
        print_json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
