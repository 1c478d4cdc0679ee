//! The operations of the networks one by one.

mod layers;

use std::time::Instant;

use apl_core::{
    activation::Sharing,
    ops::{apl, relu},
};

use crate::{
    Result, Spread,
    workload::{ALL, normal},
};

/// What a round of an operation lasts at least, in seconds.
const ROUND: f64 = 0.02;

/// An operation on buffers of its own.
pub type Work = Box<dyn Fn() -> Result<()>>;

/// An operation that can be made and measured.
pub struct Operation {
    /// The network, the layer and the pass.
    pub name: String,
    /// Floating-point operations, where it is a matrix product.
    pub flops: f64,
    /// The fewest bytes it can move: each input read and each output written once.
    pub bytes: f64,
    make: Box<dyn Fn() -> Result<Work>>,
}

impl Operation {
    fn new(
        name: String,
        flops: f64,
        elements: usize,
        make: impl Fn() -> Result<Work> + 'static,
    ) -> Self {
        Self { name, flops, bytes: (4 * elements) as f64, make: Box::new(make) }
    }
}

/// Every operation of the paper's networks at batch 100, one of each shape, and the activations alone on a large tensor.
pub fn all() -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for workload in ALL.into_iter().filter(|workload| workload.hinges == 0) {
        let apl = ALL.into_iter().find(|w| w.network == workload.network && w.hinges > 0);
        layers::of_network(workload, apl.map_or(1, |apl| apl.hinges), &mut operations)?;
    }
    operations.extend([0, 5, 32].map(activation));
    Ok(operations)
}

/// Forward and backward, with every gradient, on the output of the CNN's first convolution at batch 64; 0 hinges stand for ReLU.
fn activation(hinges: usize) -> Operation {
    const SHAPE: [usize; 4] = [64, 96, 32, 32];
    let values: usize = SHAPE.iter().product();
    let parameters = 2 * hinges * values / SHAPE[0];
    let name = activation_name(hinges);
    // x and y, then x, g and dx; the parameters twice and their gradients once.
    Operation::new(name, 0.0, 5 * values + 3 * parameters, move || {
        let (x, g) = (normal("x", &SHAPE)?, normal("gradient", &SHAPE)?);
        let (y, dx) = (x.zeros_like()?, x.zeros_like()?);
        if hinges == 0 {
            return Ok(Box::new(move || {
                relu::forward(&x, 0.0, &y)?;
                Ok(relu::backward(&x, 0.0, &g, &dx)?)
            }));
        }
        let unit = [hinges, SHAPE[1], SHAPE[2], SHAPE[3]];
        let (a, b) = ((normal("slopes", &unit)? * 0.2)?, (normal("offsets", &unit)? * 0.5)?);
        let (da, db) = (a.zeros_like()?, b.zeros_like()?);
        Ok(Box::new(move || {
            apl::forward(&x, &a, &b, Sharing::Unit, &y)?;
            let gradients = Some((&da, &db));
            Ok(apl::backward(&x, &a, &b, Sharing::Unit, &g, Some(&dx), gradients)?)
        }))
    })
}

/// The name of the activation alone.
pub fn activation_name(hinges: usize) -> String {
    match hinges {
        0 => "activation/relu/both".into(),
        hinges => format!("activation/apl-{hinges}/both"),
    }
}

/// Whether two operations are compared with each other, and so take turns.
pub fn compared(one: &Operation, other: &Operation) -> bool {
    one.name.starts_with("activation/") && other.name.starts_with("activation/")
}

/// The seconds of operations that take turns.
pub fn measure(operations: &[Operation], rounds: usize) -> Result<Vec<Spread>> {
    let mut runs = Vec::new();
    for operation in operations {
        let work = (operation.make)()?;
        work()?;
        let once = seconds(&*work, 1)?;
        let repeats = ((ROUND / once.max(1e-9)).ceil() as usize).clamp(1, 10_000);
        runs.push((work, repeats, Vec::new()));
    }
    for _ in 0..rounds {
        for (work, repeats, times) in &mut runs {
            times.push(seconds(&**work, *repeats)?);
        }
    }
    Ok(runs.into_iter().map(|(_, _, times)| Spread::of(times)).collect())
}

/// Seconds of one call, over so many.
fn seconds(work: &dyn Fn() -> Result<()>, repeats: usize) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..repeats {
        work()?;
    }
    Ok(start.elapsed().as_secs_f64() / repeats as f64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_layer_and_pass_has_a_name_of_its_own() {
        let all = all().unwrap();
        let names: BTreeSet<&str> = all.iter().map(|operation| operation.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for name in [
            "cnn/conv1/forward",
            "cnn/conv1/dW",
            "cnn/conv3/dX",
            "cnn/act1/apl-forward",
            "cnn/act1/relu-backward",
            "cnn/drop1/forward",
            "cnn/pool2/backward",
            "cnn/ip1/dX",
            "cnn/loss/both",
            "cnn/sgd/update",
            "nin/cccp1/dX",
            "nin/conv3/dW",
            "higgs/ip2/forward",
            "higgs/loss/both",
            "activation/apl-32/both",
        ] {
            assert!(names.contains(name), "{name}");
        }
        assert!(!names.contains("cnn/conv1/dX") && !names.contains("higgs/ip3/forward"));
    }

    #[test]
    fn small_operations_can_be_measured() {
        for operation in all().unwrap().iter().filter(|o| o.name.starts_with("higgs/")) {
            let seconds = measure(std::slice::from_ref(operation), 1).unwrap()[0].median;
            assert!(seconds > 0.0 && operation.bytes > 0.0, "{}", operation.name);
        }
    }
}
