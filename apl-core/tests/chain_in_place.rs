//! Chains whose first, last or successive layers work in place, against Candle's tape over the composed operations.

#![allow(clippy::unwrap_used)]

use apl_core::{
    activation::{AplConfig, Sharing},
    nn::{Apl, Chain, Context, Dropout, Init, Layer, Linear, LinearConfig, Relu, Setup},
    ops::{apl, dropout, dropout::Mask, linear, relu},
    random::{Purpose, Streams},
};
use candle_core::{DType, Device, Tensor, Var};

const UNITS: usize = 6;
const STEP: u64 = 3;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Linear,
    Relu(f64),
    Dropout,
    Apl,
}

fn streams() -> Streams {
    Streams::new(5)
}

fn chain(kinds: &[Kind]) -> Chain {
    let setup = Setup { streams: streams(), dtype: DType::F64, device: Device::Cpu };
    let (weight, bias) = (Init::Normal(0.7), Init::Normal(0.3));
    let full = LinearConfig { inputs: UNITS, outputs: UNITS, weight, bias };
    let layer = |(i, kind): (usize, &Kind)| -> Box<dyn Layer> {
        let name = format!("layer{i}");
        match *kind {
            Kind::Linear => Box::new(Linear::new(&name, full, &setup).unwrap()),
            Kind::Relu(slope) => Box::new(Relu::leaky(&name, slope)),
            Kind::Dropout => Box::new(Dropout::new(&name, 0.5, i as u32).unwrap()),
            Kind::Apl => Box::new(Apl::new(&name, &[UNITS], AplConfig::new(2), &setup).unwrap()),
        }
    };
    let layers = kinds.iter().enumerate().map(layer).collect();
    Chain::new(layers, &[UNITS], DType::F64, &Device::Cpu).unwrap()
}

/// The same network on the tape: its scores, given its parameters in order.
fn composed(kinds: &[Kind], x: &Tensor, parameters: &[Var]) -> Tensor {
    let mut next = parameters.iter();
    let mut pair = || (next.next().unwrap().as_tensor(), next.next().unwrap().as_tensor());
    kinds.iter().enumerate().fold(x.clone(), |h, (i, kind)| {
        let h = match *kind {
            Kind::Linear => {
                let (weight, bias) = pair();
                linear::composed(&h, weight, bias)
            }
            Kind::Relu(slope) => relu::composed(&h, slope),
            Kind::Dropout => {
                let mask = Mask::new(0.5, streams(), i as u32, STEP).unwrap();
                dropout::composed(&h, mask)
            }
            Kind::Apl => {
                let (slopes, offsets) = pair();
                apl::composed(&h, slopes, offsets, Sharing::Unit)
            }
        };
        h.unwrap()
    })
}

fn normal(name: &str, count: usize) -> Tensor {
    let mut stream = streams().named(Purpose::Sample, name);
    let values: Vec<f64> = (0..count * UNITS).map(|_| stream.normal()).collect();
    Tensor::from_vec(values, (count, UNITS), &Device::Cpu).unwrap()
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

#[test]
fn every_place_of_a_layer_in_place_equals_the_tape() {
    use Kind::{Apl, Dropout, Linear, Relu};
    let (relu, leaky, falling) = (Relu(0.0), Relu(0.1), Relu(-0.5));
    let networks: [&[Kind]; 13] = [
        &[relu],
        &[Dropout],
        &[Apl],
        &[relu, Dropout],
        &[Linear, relu],
        &[Linear, Dropout],
        &[Linear, relu, Dropout],
        &[Linear, Dropout, leaky],
        &[Linear, leaky, relu, Dropout, Linear],
        &[Linear, falling, Dropout, falling],
        &[Dropout, Linear, Apl, Dropout],
        &[Apl, relu, Linear, Dropout, relu],
        &[relu, Apl, Apl, leaky, Linear, leaky],
    ];
    for kinds in networks {
        let mut chain = chain(kinds);
        // A larger batch first: the views are then parts of the buffers.
        for count in [7, 4] {
            let (x, g) = (normal("x", count), normal("gradient", count));
            let before = x.copy().unwrap();
            let mut context = Context::training(STEP, streams());
            let scores = chain.forward(&x, &mut context).unwrap();
            let parameters = chain.parameters().iter();
            let vars: Vec<Var> =
                parameters.map(|p| Var::from_tensor(&p.value.copy().unwrap()).unwrap()).collect();
            let expected = composed(kinds, &x, &vars);
            assert!(distance(&scores, &expected) < 1e-13, "{kinds:?}: scores");
            chain.backward(&x, &g, &mut context).unwrap();
            assert_eq!(distance(&x, &before), 0.0, "{kinds:?}: the input was changed");
            assert_eq!(distance(&g, &normal("gradient", count)), 0.0, "{kinds:?}: the gradient");
            if vars.is_empty() {
                continue;
            }
            let tape = (expected * &g).unwrap().sum_all().unwrap().backward().unwrap();
            for (parameter, var) in chain.parameters().iter().zip(&vars) {
                let error = distance(&parameter.gradient, tape.get(var).unwrap());
                assert!(error < 1e-12, "{kinds:?}: {}: {error}", parameter.name);
            }
        }
    }
}
