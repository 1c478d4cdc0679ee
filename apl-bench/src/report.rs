//! What was measured, as a document and as text.

use std::fmt;

use apl_train::run::Host;
use serde::Serialize;

use crate::Spread;

/// Every figure of a measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What it was measured on.
    pub machine: Machine,
    /// Rounds of every figure.
    pub rounds: usize,
    /// Training steps.
    pub steps: Vec<StepLine>,
    /// Operations.
    pub operations: Vec<OperationLine>,
    /// What was wanted of the figures that were measured, and whether it was found.
    pub targets: Vec<Target>,
    /// Whether every target of the list is met.
    pub all_targets_met: bool,
}

/// A load from which the figures of a measurement are others' too.
const BUSY: f64 = 0.5;

/// What this machine can do.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor and threads.
    #[serde(flatten)]
    pub host: Host,
    /// What the factors of products are rounded to.
    pub arithmetic: &'static str,
    /// Processes that wanted to compute before the measurement began, over its last minute; `None` where the system does not tell.
    pub load: Option<f64>,
    /// A product of 2048 x 2048 matrices in f32, through the same `gemm`.
    pub matmul_gflops: Spread,
    /// A copy of 256 MB, read and written bytes together.
    pub copy_gbs: Spread,
}

/// A training step.
#[derive(Debug, Clone, Serialize)]
pub struct StepLine {
    /// The network and its activation.
    pub name: String,
    /// Milliseconds.
    pub ms: Spread,
    /// Arithmetic of its matrix products.
    pub gflop: f64,
    /// Rate of that arithmetic.
    pub gflops: f64,
    /// That rate over the machine's matrix product.
    pub matmul_share: f64,
    /// The most memory that was resident, in MB.
    pub peak_mb: Option<f64>,
    /// The time of a step with APL over that of the same network with ReLU, which took turns: of the medians, and the least and the greatest of a
    /// round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_relu: Option<Spread>,
    /// The same in PyTorch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerLine>,
}

/// A training step in PyTorch.
#[derive(Debug, Clone, Serialize)]
pub struct PeerLine {
    /// PyTorch's version.
    pub version: String,
    /// Its forms.
    pub forms: Vec<PeerForm>,
    /// The fastest form.
    pub fastest: String,
    /// Milliseconds of the fastest.
    pub ms: Spread,
    /// The fastest one's time over ours: of the medians, and the least and the greatest of a round.
    pub ratio: Spread,
    /// The fastest one's fastest round over our fastest round: nearer to a quiet machine's ratio where this one is busy.
    pub ratio_of_lows: f64,
    /// The most memory that the fastest one had resident, in MB.
    pub peak_mb: Option<f64>,
}

/// A form of PyTorch.
#[derive(Debug, Clone, Serialize)]
pub struct PeerForm {
    /// eager, channels-last, compile or compile-channels-last.
    pub form: String,
    /// Milliseconds.
    pub ms: Spread,
    /// Whether it took turns with ours; the others were too slow in a first round, which is all that was measured of them.
    pub in_turn: bool,
}

/// An operation.
#[derive(Debug, Clone, Serialize)]
pub struct OperationLine {
    /// The network, the layer and the pass.
    pub name: String,
    /// Milliseconds.
    pub ms: Spread,
    /// Rate of arithmetic, for a matrix product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
    /// That rate over the machine's matrix product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matmul_share: Option<f64>,
    /// The fewest bytes it can move, in MB.
    pub megabytes: f64,
    /// Rate of those bytes.
    pub gbs: f64,
    /// That rate over the machine's copy.
    pub copy_share: f64,
}

/// What a figure ought to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// The figure.
    pub name: String,
    /// Such as `>= 1.4`.
    pub wanted: String,
    /// What was measured.
    pub found: f64,
    /// Whether that is as wanted.
    pub met: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { host, arithmetic, load, matmul_gflops, copy_gbs } = &self.machine;
        writeln!(
            f,
            "{}, {}, {} threads, {} rounds",
            host.cpu, host.level, host.threads, self.rounds
        )?;
        if host.device != "cpu" {
            writeln!(f, "{}, products in {arithmetic}", host.device)?;
        }
        if let Some(load) = load.filter(|load| *load > BUSY) {
            writeln!(f, "this machine was busy (load {load:.1}): figures and targets say little")?;
        }
        writeln!(f, "matrix product 2048^3 {} GFLOP/s", spread(matmul_gflops, 0))?;
        writeln!(f, "memory copy {} GB/s, read and written", spread(copy_gbs, 1))?;
        if !self.steps.is_empty() {
            writeln!(f, "\n{:<12}{:>28}{:>10}{:>9}{:>9}", "step", "ms", "GFLOP/s", "share", "MB")?;
        }
        for step in &self.steps {
            let (ms, share) = (milliseconds(&step.ms), 100.0 * step.matmul_share);
            let peak = megabytes(step.peak_mb);
            writeln!(f, "{:<12}{ms:>28}{:>10.1}{share:>7.0} %{peak:>9}", step.name, step.gflops)?;
            if let Some(ratio) = &step.over_relu {
                writeln!(f, "  {} times the step with ReLU", spread(ratio, 2))?;
            }
            let Some(peer) = &step.peer else { continue };
            for form in &peer.forms {
                let fastest = form.form == peer.fastest;
                let rest = match (fastest, form.in_turn) {
                    (true, _) => {
                        format!(
                            "{:>9}  {} times ours, {:.2} by the fastest rounds",
                            megabytes(peer.peak_mb),
                            spread(&peer.ratio, 2),
                            peer.ratio_of_lows
                        )
                    }
                    (false, true) => String::new(),
                    (false, false) => " (one round)".into(),
                };
                let name = format!("  pytorch {}", form.form);
                writeln!(f, "{name:<31}{:>28}{rest}", milliseconds(&form.ms))?;
            }
        }
        if !self.operations.is_empty() {
            writeln!(
                f,
                "\n{:<28}{:>26}{:>10}{:>8}{:>9}{:>8}",
                "operation", "ms", "GFLOP/s", "share", "GB/s", "share"
            )?;
        }
        for line in &self.operations {
            write!(f, "{:<28}{:>26}", line.name, spread(&line.ms, 3))?;
            match (line.gflops, line.matmul_share) {
                (Some(rate), Some(share)) => write!(f, "{rate:>10.1}{:>6.0} %", 100.0 * share)?,
                _ => write!(f, "{:>18}", "")?,
            }
            writeln!(f, "{:>9.1}{:>6.0} %", line.gbs, 100.0 * line.copy_share)?;
        }
        if !self.targets.is_empty() {
            writeln!(f, "\n{:<56}{:>9}{:>9}", "target", "wanted", "found")?;
        }
        for Target { name, wanted, found, met } in &self.targets {
            let verdict = if *met { "met" } else { "MISSED" };
            writeln!(f, "{name:<56}{wanted:>9}{found:>9.2}  {verdict}")?;
        }
        Ok(())
    }
}

/// `12.3 (11.9 to 14.0)`.
fn spread(Spread { median, low, high }: &Spread, digits: usize) -> String {
    format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
}

/// Of a step: more digits of a short one.
fn milliseconds(ms: &Spread) -> String {
    spread(ms, if ms.median < 1.0 { 4 } else { 2 })
}

fn megabytes(number: Option<f64>) -> String {
    number.map_or_else(|| "-".into(), |number| format!("{number:.0}"))
}
