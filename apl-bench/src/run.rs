//! The measurement from beginning to end.

use std::{path::PathBuf, process::Command};

use apl_core::ops::cuda::{Arithmetic, calculate_in};
use apl_train::{
    device::{self, Compute},
    run::Host,
};
use candle_core::Device;

use crate::{
    Error, Machine, OperationLine, PeerForm, PeerLine, Report, Result, Spread, StepLine, machine,
    operations::{self, Operation},
    process::Worker,
    pytorch::Pytorch,
    targets,
    workload::{self, Workload},
};

/// What a round of a step lasts at least, in seconds.
const ROUND: f64 = 0.4;
/// A form that takes so many times the fastest form's time in a first round is out.
const OUT: f64 = 1.25;

/// Who is measured beside us.
#[derive(Debug, Clone)]
pub enum Peer {
    /// PyTorch, by this interpreter or the one that is found.
    Pytorch {
        /// The interpreter.
        python: Option<PathBuf>,
    },
}

/// What to measure.
pub struct Request {
    /// Who is measured beside us.
    pub peer: Option<Peer>,
    /// The peer's ways to run a step that are measured, such as `eager`; all of them where absent.
    pub forms: Option<Vec<String>>,
    /// Rounds of every figure.
    pub rounds: usize,
    /// Threads of ours, which are those of the pool that [`run`] is called in, and of the peer.
    pub threads: usize,
    /// Only what has this in its name.
    pub only: Option<String>,
    /// What computes. On a GPU steps alone are measured, by blocks of ten.
    pub device: Compute,
    /// How products are rounded, ours and the peer's.
    pub arithmetic: Arithmetic,
    /// The command that ends in [`serve`](crate::serve()) of the workload whose name is its last argument.
    pub worker: StartWorker,
}

impl Request {
    /// The peer's forms of a workload that are measured.
    fn forms(&self, workload: Workload) -> Vec<&'static str> {
        let wanted = |form: &&str| match &self.forms {
            Some(forms) => forms.iter().any(|wanted| wanted == form),
            None => true,
        };
        Pytorch::forms(workload, self.device).iter().copied().filter(wanted).collect()
    }

    /// Refuses a form that no workload has.
    fn check_forms(&self) -> Result<()> {
        let all = || workload::ALL.into_iter().flat_map(|w| Pytorch::forms(w, self.device));
        for wanted in self.forms.iter().flatten() {
            if !all().any(|form| form == wanted) {
                let mut known: Vec<&str> = all().copied().collect();
                known.sort_unstable();
                known.dedup();
                let place = format!("--forms {wanted}");
                return Err(usage(
                    &place,
                    "found no such form",
                    &format!("there are {}", known.join(", ")),
                ));
            }
        }
        Ok(())
    }
}

/// The command that does a workload's steps, by the workload's name.
pub type StartWorker = Box<dyn Fn(&str) -> Result<Command>>;

/// Measures; `say` is told what is being measured.
///
/// # Errors
/// No rounds, a pattern that nothing matches, a peer that is not installed, a process that fails.
pub fn run(request: &Request, say: &mut dyn FnMut(&str)) -> Result<Report> {
    let rounds = request.rounds;
    if rounds == 0 {
        return Err(usage("--rounds 0", "expected at least 1", "leave it away for 7"));
    }
    request.check_forms()?;
    let chosen = |name: &str| request.only.as_ref().is_none_or(|only| name.contains(only));
    let workloads = workload::ALL.into_iter().filter(|workload| chosen(workload.name));
    let workloads: Vec<Workload> = workloads.collect();
    let device = request.device.open()?;
    calculate_in(&device, request.arithmetic)?;
    let mut operations = if device.is_cpu() { operations::all()? } else { Vec::new() };
    operations.retain(|operation| chosen(&operation.name));
    if workloads.is_empty() && operations.is_empty() {
        let place = format!("--only {}", request.only.as_deref().unwrap_or_default());
        let hint = "steps are named like cnn-apl, operations like cnn/conv1/forward";
        return Err(usage(&place, "nothing has this in its name", hint));
    }
    let pytorch = match &request.peer {
        Some(Peer::Pytorch { python }) => Some(Pytorch::find(python.as_deref())?),
        None => None,
    };
    let load = machine::load();
    say("this machine's matrix product and memory copy");
    let machine = Machine {
        host: Host::this(request.threads, &device::name(&device)),
        arithmetic: request.arithmetic.name(),
        load,
        matmul_gflops: machine::matmul_rate(rounds, &device)?,
        copy_gbs: match device.is_cpu() {
            true => machine::copy_rate(rounds),
            false => machine::gpu_copy_rate(rounds, &device)?,
        },
    };
    let mut steps = Vec::new();
    for workload in workloads {
        steps.push(step(workload, request, pytorch.as_ref(), &machine, say)?);
    }
    let mut lines = Vec::new();
    for turn in operations.chunk_by(operations::compared) {
        let names: Vec<&str> = turn.iter().map(|operation| operation.name.as_str()).collect();
        say(&names.join(", "));
        let seconds = operations::measure(turn, rounds)?.into_iter();
        lines.extend(turn.iter().zip(seconds).map(|(o, s)| operation_line(o, s, &machine)));
    }
    let targets = targets::judge(&steps, &lines, !device.is_cpu());
    let all_targets_met = targets.iter().all(|target| target.met);
    Ok(Report { machine, rounds, steps, operations: lines, targets, all_targets_met })
}

/// A process, how many steps it does in a round, and the seconds a step in every round.
struct Runner {
    name: String,
    worker: Worker,
    count: usize,
    rounds: Vec<f64>,
}

impl Runner {
    /// A process that is ready, after a first round that is not kept; its time.
    fn new(name: &str, mut worker: Worker) -> Result<(Self, f64)> {
        let once = Spread::of(worker.steps(3)?).low;
        let count = ((ROUND / once.max(1e-9)).ceil() as usize).clamp(1, 1000);
        let mut runner = Self { name: name.into(), worker, count, rounds: Vec::new() };
        runner.round()?;
        let first = runner.rounds.remove(0);
        runner.worker.reset_peak()?;
        Ok((runner, first))
    }

    fn round(&mut self) -> Result<()> {
        self.rounds.push(Spread::of(self.worker.steps(self.count)?).median);
        Ok(())
    }

    fn ms(&self) -> Spread {
        Spread::of(self.rounds.clone()).times(1e3)
    }

    /// The time over another's that took turns: of the medians, and the least and the greatest of a round.
    fn over(&self, other: &Runner) -> Spread {
        let ratios = self.rounds.iter().zip(&other.rounds).map(|(this, other)| this / other);
        let median = self.ms().median / other.ms().median;
        Spread { median, ..Spread::of(ratios.collect()) }
    }

    fn peak_mb(&mut self) -> Result<Option<f64>> {
        Ok(self.worker.peak()?.map(|bytes| 1e-6 * bytes as f64))
    }
}

fn step(
    workload: Workload,
    request: &Request,
    pytorch: Option<&Pytorch>,
    machine: &Machine,
    say: &mut dyn FnMut(&str),
) -> Result<StepLine> {
    let name = workload.name;
    let (mut forms, mut runners) = (Vec::new(), Vec::new());
    if let Some(pytorch) = pytorch {
        for form in request.forms(workload) {
            say(&format!("{name}: PyTorch {form}, a first round"));
            // Alone: what it chooses by measuring, it measures now.
            let worker = pytorch.start(workload, form, request);
            let (runner, seconds) = Runner::new(form, worker?)?;
            runners.push((runner, seconds));
            let best = runners.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
            // What is out ends at once: its memory may be needed.
            let (stay, out): (Vec<_>, Vec<_>) =
                runners.into_iter().partition(|(_, seconds)| *seconds <= OUT * best);
            forms.extend(out.iter().map(|(runner, seconds)| PeerForm {
                form: runner.name.clone(),
                ms: Spread::of(vec![1e3 * seconds]),
                in_turn: false,
            }));
            runners = stay;
        }
    }
    say(&format!("{name}: {} rounds", request.rounds));
    let start = |name: &str| -> Result<Runner> {
        let worker = Worker::start(name, (request.worker)(name)?)?;
        Ok(Runner::new(name, worker)?.0)
    };
    let mut ours = start(name)?;
    let mut relu = workload.with_relu().map(|relu| start(relu.name)).transpose()?;
    for _ in 0..request.rounds {
        ours.round()?;
        if let Some(relu) = &mut relu {
            relu.round()?;
        }
        for (runner, _) in &mut runners {
            runner.round()?;
        }
    }
    forms.extend(runners.iter().map(|(runner, _)| PeerForm {
        form: runner.name.clone(),
        ms: runner.ms(),
        in_turn: true,
    }));
    let fastest =
        runners.iter_mut().min_by(|(a, _), (b, _)| a.ms().median.total_cmp(&b.ms().median));
    let peer = match fastest {
        Some((fastest, _)) => Some(peer(fastest, &ours, forms)?),
        None => None,
    };
    let (ms, gflop) = (ours.ms(), 1e-9 * workload::flops(&workload.chain(&Device::Cpu)?));
    let gflops = gflop / (1e-3 * ms.median);
    let matmul_share = gflops / machine.matmul_gflops.median;
    let peak_mb = ours.peak_mb()?;
    let over_relu = relu.map(|relu| ours.over(&relu));
    Ok(StepLine { name: name.into(), ms, gflop, gflops, matmul_share, peak_mb, over_relu, peer })
}

fn peer(fastest: &mut Runner, ours: &Runner, forms: Vec<PeerForm>) -> Result<PeerLine> {
    Ok(PeerLine {
        version: fastest.worker.version().into(),
        forms,
        fastest: fastest.name.clone(),
        ms: fastest.ms(),
        ratio: fastest.over(ours),
        ratio_of_lows: fastest.ms().low / ours.ms().low,
        peak_mb: fastest.peak_mb()?,
    })
}

fn operation_line(operation: &Operation, seconds: Spread, machine: &Machine) -> OperationLine {
    let gflops = (operation.flops > 0.0).then(|| 1e-9 * operation.flops / seconds.median);
    let gbs = 1e-9 * operation.bytes / seconds.median;
    OperationLine {
        name: operation.name.clone(),
        ms: seconds.times(1e3),
        gflops,
        matmul_share: gflops.map(|rate| rate / machine.matmul_gflops.median),
        megabytes: 1e-6 * operation.bytes,
        gbs,
        copy_share: gbs / machine.copy_gbs.median,
    }
}

fn usage(place: &str, problem: &str, hint: &str) -> Error {
    Error::Usage { place: place.into(), problem: problem.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(rounds: usize, only: &str) -> Request {
        let worker = Box::new(|_: &str| Ok(Command::new("no-such-command")));
        let (only, device) = (Some(only.into()), Compute::Cpu);
        let arithmetic = Arithmetic::F32;
        let (peer, forms) = (None, None);
        Request { peer, forms, rounds, threads: 1, only, device, arithmetic, worker }
    }

    #[test]
    fn forms_that_there_are_not_are_named() {
        let forms = Some(vec!["eager".to_string(), "graphs".into()]);
        let error = run(&Request { forms, ..request(1, "cnn") }, &mut |_| {}).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--forms graphs: found no such form\nhint: there are channels-last, compile, compile-channels-last, eager"
        );
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (rounds, only, message) in [
            (0, "cnn", "--rounds 0: expected at least 1"),
            (1, "mlp", "--only mlp: nothing has this in its name"),
        ] {
            let error = run(&request(rounds, only), &mut |_| {}).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
