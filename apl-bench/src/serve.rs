//! The other end of [`process`](crate::process): training steps on request.

use std::{
    io::{BufRead, Write},
    time::Instant,
};

use apl_core::ops::cuda::{Arithmetic, calculate_in};
use apl_train::{device::Compute, trial::Trial};

use crate::{
    Error, Result, memory,
    process::{Answer, HINT},
    workload::Workload,
};

/// Steps before the first request.
const WARM_UP: usize = 3;

/// Does training steps of the workload of this name, as `requests` ask for, and writes an answer to each into `answers`.
///
/// # Errors
/// A name that no workload has, a failed step, an end that has gone away.
pub fn serve(
    name: &str,
    device: Compute,
    arithmetic: Arithmetic,
    requests: impl BufRead,
    mut answers: impl Write,
) -> Result<()> {
    let workload = Workload::named(name).ok_or_else(|| Error::Usage {
        place: format!("--worker {name}"),
        problem: "found no such workload".into(),
        hint: HINT.into(),
    })?;
    let device = device.open()?;
    calculate_in(&device, arithmetic)?;
    let mut trial = workload.trial(&device)?;
    for _ in 0..WARM_UP {
        trial.step()?;
    }
    let version = Some(env!("CARGO_PKG_VERSION").into());
    answer(&mut answers, &Answer { version, ..Answer::default() })?;
    for request in requests.lines() {
        let request = request?;
        let mut words = request.split_whitespace();
        let reply = match (words.next(), words.next().map(str::parse)) {
            (Some("steps"), Some(Ok(count))) => {
                Answer { seconds: Some(time(&mut trial, count)?), ..Answer::default() }
            }
            (Some("reset"), None) => {
                memory::reset_peak();
                Answer::default()
            }
            (Some("peak"), None) => Answer { peak: memory::peak(), ..Answer::default() },
            _ => {
                let problem = format!("found request \"{request}\", expected steps N, reset, peak");
                return Err(Error::Process { process: format!("--worker {name}"), problem });
            }
        };
        answer(&mut answers, &reply)?;
    }
    Ok(())
}

/// Steps that a GPU does between two looks at the clock: it is kept busy, as in training.
const BLOCK: usize = 10;

fn time(trial: &mut Trial, count: usize) -> Result<Vec<f64>> {
    if !trial.device().is_cpu() {
        let mut seconds = Vec::with_capacity(count);
        while seconds.len() < count {
            let block = BLOCK.min(count - seconds.len());
            let start = Instant::now();
            trial.steps(block)?;
            let each = start.elapsed().as_secs_f64() / block as f64;
            seconds.resize(seconds.len() + block, each);
        }
        return Ok(seconds);
    }
    let once = |_| {
        let start = Instant::now();
        trial.step()?;
        Ok(start.elapsed().as_secs_f64())
    };
    (0..count).map(once).collect()
}

fn answer(out: &mut impl Write, answer: &Answer) -> Result<()> {
    let text = serde_json::to_string(answer).map_err(std::io::Error::from)?;
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_answered_in_order() {
        let mut out = Vec::new();
        serve(
            "higgs-relu",
            Compute::Cpu,
            Arithmetic::F32,
            &b"reset\nsteps 2\npeak\n"[..],
            &mut out,
        )
        .unwrap();
        let text = String::from_utf8(out).unwrap();
        let answers: Vec<Answer> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), 4);
        assert!(answers[0].version.is_some());
        assert_eq!(answers[2].seconds.as_ref().unwrap().len(), 2);
        assert_eq!(answers[3].peak.is_some(), cfg!(target_os = "linux"));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let error = serve("mlp", Compute::Cpu, Arithmetic::F32, &b""[..], Vec::new()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let error = serve("higgs-relu", Compute::Cpu, Arithmetic::F32, &b"dance\n"[..], Vec::new())
            .unwrap_err();
        assert!(error.to_string().contains("found request \"dance\""), "{error}");
    }
}
