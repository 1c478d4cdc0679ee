//! What the figures ought to be.

use crate::{OperationLine, StepLine, Target, operations::activation_name};

/// PyTorch's fastest form may take no less than so many times our step.
const RATIOS: [(&str, &str, f64); 5] = [
    ("cnn-relu", "CNN, ReLU: PyTorch's time over ours", 1.4),
    ("cnn-apl", "CNN, APL S=5: PyTorch's time over ours", 1.8),
    ("nin-apl", "NIN, APL S=2: PyTorch's time over ours", 1.15),
    ("higgs-relu", "Higgs, ReLU: PyTorch's time over ours", 1.5),
    ("higgs-apl", "Higgs, APL S=2: PyTorch's time over ours", 2.0),
];

/// The same on a GPU, where both use the same libraries for their products.
const GPU_RATIOS: [(&str, &str, f64); 4] = [
    ("cnn-apl", "CNN, APL S=5: PyTorch's time over ours", 1.0),
    ("nin-apl", "NIN, APL S=2: PyTorch's time over ours", 1.0),
    ("higgs-relu", "Higgs, ReLU: PyTorch's time over ours", 1.0),
    ("higgs-apl", "Higgs, APL S=2: PyTorch's time over ours", 1.0),
];

/// The targets whose figures were measured, on a GPU or on the processor.
pub fn judge(steps: &[StepLine], operations: &[OperationLine], gpu: bool) -> Vec<Target> {
    let step = |name: &str| steps.iter().find(|step| step.name == name);
    let mut targets = Vec::new();
    let (ratios, over_relu) = if gpu { (&GPU_RATIOS[..], 1.05) } else { (&RATIOS[..], 1.12) };
    for &(name, what, limit) in ratios {
        if let Some(peer) = step(name).and_then(|step| step.peer.as_ref()) {
            targets.push(at_least(what, limit, peer.ratio.median));
        }
    }
    if let Some(ratio) = step("cnn-apl").and_then(|step| step.over_relu) {
        targets.push(at_most(
            "CNN: time of an APL S=5 step over a ReLU step",
            over_relu,
            ratio.median,
        ));
    }
    // What is resident on the processor's side says nothing of a GPU's memory.
    let memory = step("cnn-apl").filter(|_| !gpu).and_then(|ours| {
        let peer = ours.peer.as_ref()?;
        Some(ours.peak_mb? / peer.peak_mb?)
    });
    if let Some(found) = memory {
        targets.push(at_most("CNN, APL S=5: our peak memory over PyTorch's", 0.6, found));
    }
    let operation = |hinges: usize| {
        operations
            .iter()
            .find(|line| line.name == activation_name(hinges))
            .map(|line| line.ms.median)
    };
    if let (Some(apl), Some(relu)) = (operation(32), operation(0)) {
        targets.push(at_most("APL S=32 over ReLU, forward + backward", 6.0, apl / relu));
    }
    targets
}

fn at_least(name: &str, limit: f64, found: f64) -> Target {
    Target { name: name.into(), wanted: format!(">= {limit}"), found, met: found >= limit }
}

fn at_most(name: &str, limit: f64, found: f64) -> Target {
    Target { name: name.into(), wanted: format!("<= {limit}"), found, met: found <= limit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spread;

    fn step(name: &str, over_relu: Option<f64>) -> StepLine {
        let ms = Spread::of(vec![100.0]);
        StepLine {
            over_relu: over_relu.map(|ratio| Spread::of(vec![ratio])),
            name: name.into(),
            ms,
            gflop: 1.0,
            gflops: 1.0,
            matmul_share: 1.0,
            peak_mb: None,
            peer: None,
        }
    }

    #[test]
    fn only_what_was_measured_is_judged() {
        assert_eq!(judge(&[], &[], false), []);
        let targets = judge(&[step("cnn-relu", None), step("cnn-apl", Some(1.11))], &[], false);
        let [target] = targets.as_slice() else { panic!("{targets:?}") };
        assert_eq!((target.wanted.as_str(), target.met), ("<= 1.12", true));
        assert!(!judge(&[step("cnn-apl", Some(1.13))], &[], false)[0].met);
        assert!(!judge(&[step("cnn-apl", Some(1.06))], &[], true)[0].met);
    }
}
