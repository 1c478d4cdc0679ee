//! The operations behind a network's layers, from the shapes of its chain.

use std::collections::BTreeSet;

use apl_core::{
    activation::Sharing,
    nn::{Chain, Loss, Parameter},
    ops::{
        apl, conv2d,
        dropout::{self, Mask},
        linear, pool, relu,
    },
};
use apl_train::optimizer::Sgd;
use candle_core::{DType, Device, Tensor};

use super::Operation;
use crate::{
    Error, Result,
    workload::{BATCH, Workload, normal, streams},
};

/// Appends the operations of a network; a layer of the same shape as an earlier one adds none.
pub fn of_network(workload: Workload, hinges: usize, out: &mut Vec<Operation>) -> Result<()> {
    let chain = workload.chain(&Device::Cpu)?;
    let network = workload.name.split('-').next().unwrap_or(workload.name);
    let mut seen = BTreeSet::new();
    let mut before = chain.input_shape().to_vec();
    for (i, (layer, after)) in chain.layers().zip(chain.shapes()).enumerate() {
        let kernel = layer.parameters().first().map(|weight| weight.value.dims().to_vec());
        if seen.insert((layer.kind(), before.clone(), after.clone(), kernel)) {
            let place = Place {
                name: format!("{network}/{}", layer.name()),
                input: [&[BATCH], before.as_slice()].concat(),
                output: [&[BATCH], after.as_slice()].concat(),
                first: i == 0,
            };
            match (layer.kind(), layer.parameters()) {
                ("conv2d", [weight, bias]) => place.product(weight, bias, Product::Conv2d, out),
                ("linear", [weight, bias]) => place.product(weight, bias, Product::Linear, out),
                ("relu", _) => place.activation(hinges, out),
                ("dropout", _) => place.dropout(out),
                ("max-pool", _) => place.pool(pool::Kind::Max, out),
                ("average-pool", _) => place.pool(pool::Kind::Average, out),
                _ => {}
            }
        }
        before.clone_from(after);
    }
    loss(network, workload, &chain, out);
    update(network, workload, &chain, out);
    Ok(())
}

/// A layer and the shapes of its batch.
struct Place {
    name: String,
    input: Vec<usize>,
    output: Vec<usize>,
    first: bool,
}

#[derive(Clone, Copy)]
enum Product {
    Conv2d,
    Linear,
}

impl Product {
    fn forward(self, x: &Tensor, weight: &Tensor, bias: &Tensor, y: &Tensor) -> Result<()> {
        let done = match self {
            Product::Conv2d => conv2d::forward(x, weight, bias, window(weight), y),
            Product::Linear => linear::forward(x, weight, bias, y),
        };
        done.map_err(Error::from)
    }

    fn backward(
        self,
        x: &Tensor,
        weight: &Tensor,
        g: &Tensor,
        dx: Option<&Tensor>,
        parameters: Option<(&Tensor, &Tensor)>,
    ) -> Result<()> {
        let done = match self {
            Product::Conv2d => conv2d::backward(x, weight, window(weight), g, dx, parameters),
            Product::Linear => linear::backward(x, weight, g, dx, parameters),
        };
        done.map_err(Error::from)
    }
}

/// The paper's convolutions keep the size of the image.
fn window(weight: &Tensor) -> conv2d::Config {
    conv2d::Config { stride: 1, padding: weight.dims()[2] / 2 }
}

impl Place {
    fn elements(&self) -> [usize; 2] {
        [&self.input, &self.output].map(|shape| shape.iter().product())
    }

    fn product(
        &self,
        weight: &Parameter,
        bias: &Parameter,
        kind: Product,
        out: &mut Vec<Operation>,
    ) {
        let [inputs, outputs] = self.elements();
        let weights = weight.value.elem_count();
        let places: usize = self.output.iter().skip(2).product();
        let flops = 2.0 * (BATCH * weights * places) as f64;
        let elements = inputs + outputs + weights;
        let passes: &[&str] =
            if self.first { &["forward", "dW"] } else { &["forward", "dX", "dW"] };
        for &pass in passes {
            let (input, output) = (self.input.clone(), self.output.clone());
            let (weight, bias) = (weight.clone(), bias.clone());
            let name = format!("{}/{pass}", self.name);
            out.push(Operation::new(name, flops, elements, move || {
                let (x, y) = (normal("x", &input)?, normal("y", &output)?);
                let (w, b) = (weight.value.clone(), bias.value.clone());
                Ok(match pass {
                    "forward" => Box::new(move || kind.forward(&x, &w, &b, &y)),
                    "dX" => {
                        let dx = x.zeros_like()?;
                        Box::new(move || kind.backward(&x, &w, &y, Some(&dx), None))
                    }
                    _ => {
                        let (dw, db) = (weight.gradient.clone(), bias.gradient.clone());
                        Box::new(move || kind.backward(&x, &w, &y, None, Some((&dw, &db))))
                    }
                })
            }));
        }
    }

    /// ReLU as the chain runs it, in place, and the network's APL.
    fn activation(&self, hinges: usize, out: &mut Vec<Operation>) {
        let [values, _] = self.elements();
        let parameters = 2 * hinges * values / BATCH;
        for backward in [false, true] {
            let pass = if backward { "backward" } else { "forward" };
            let shape = self.input.clone();
            let elements = if backward { 3 * values } else { 2 * values };
            out.push(Operation::new(
                format!("{}/relu-{pass}", self.name),
                0.0,
                elements,
                move || {
                    let (x, g) = (normal("x", &shape)?, normal("gradient", &shape)?);
                    Ok(Box::new(move || {
                        let done = match backward {
                            false => relu::forward_in_place(&x, 0.0),
                            true => relu::backward_in_place(&x, 0.0, &g),
                        };
                        done.map_err(Error::from)
                    }))
                },
            ));
            let shape = self.input.clone();
            let elements = elements + if backward { 2 * parameters } else { parameters };
            out.push(Operation::new(
                format!("{}/apl-{pass}", self.name),
                0.0,
                elements,
                move || {
                    let unit = [&[hinges], &shape[1..]].concat();
                    let (x, g) = (normal("x", &shape)?, normal("gradient", &shape)?);
                    let (a, b) =
                        ((normal("slopes", &unit)? * 0.1)?, (normal("offsets", &unit)? * 0.5)?);
                    let (y, da, db) = (x.zeros_like()?, a.zeros_like()?, b.zeros_like()?);
                    let sharing = Sharing::Unit;
                    Ok(Box::new(move || {
                        let done = match backward {
                            false => apl::forward(&x, &a, &b, sharing, &y),
                            true => {
                                let gradients = Some((&da, &db));
                                apl::backward(&x, &a, &b, sharing, &g, Some(&y), gradients)
                            }
                        };
                        done.map_err(Error::from)
                    }))
                },
            ));
        }
    }

    fn dropout(&self, out: &mut Vec<Operation>) {
        let [values, _] = self.elements();
        let shape = self.input.clone();
        let name = format!("{}/forward", self.name);
        out.push(Operation::new(name, 0.0, 2 * values, move || {
            let x = Tensor::ones(shape.as_slice(), DType::F32, &Device::Cpu)?;
            let mask = Mask::new(0.25, streams(), 0, 0)?;
            // Kept values would grow without end.
            let source = normal("x", &shape)?;
            Ok(Box::new(move || Ok(dropout::forward(&source, mask, &x)?)))
        }));
    }

    fn pool(&self, kind: pool::Kind, out: &mut Vec<Operation>) {
        let [inputs, outputs] = self.elements();
        let config = match self.output[2] {
            // The mean of a whole map, at the end of the NIN.
            1 => pool::Config { kernel: self.input[2], stride: 1, padding: 0 },
            _ => pool::Config { kernel: 3, stride: 2, padding: 0 },
        };
        for backward in [false, true] {
            let pass = if backward { "backward" } else { "forward" };
            let (input, output) = (self.input.clone(), self.output.clone());
            let name = format!("{}/{pass}", self.name);
            out.push(Operation::new(name, 0.0, inputs + outputs, move || {
                let (x, y) = (normal("x", &input)?, normal("y", &output)?);
                let choice = Tensor::zeros(output.as_slice(), DType::U8, &Device::Cpu)?;
                Ok(Box::new(move || {
                    let done = match (kind, backward) {
                        (pool::Kind::Max, false) => pool::max_forward(&x, config, &y, &choice),
                        (pool::Kind::Max, true) => pool::max_backward(&y, &choice, config, &x),
                        (pool::Kind::Average, false) => pool::average_forward(&x, config, &y),
                        (pool::Kind::Average, true) => pool::average_backward(&y, config, &x),
                    };
                    done.map_err(Error::from)
                }))
            }));
        }
    }
}

/// The loss and its gradient.
fn loss(network: &str, workload: Workload, chain: &Chain, out: &mut Vec<Operation>) {
    let scores = chain.shapes().last().cloned().unwrap_or_default();
    let shape = [&[BATCH], scores.as_slice()].concat();
    let (loss, elements) = (workload.loss(), 2 * shape.iter().product::<usize>() + BATCH);
    out.push(Operation::new(format!("{network}/loss/both"), 0.0, elements, move || {
        let scores = normal("scores", &shape)?;
        let gradient = scores.zeros_like()?;
        let targets = match loss {
            Loss::SoftmaxCrossEntropy => Tensor::zeros(BATCH, DType::U32, &Device::Cpu)?,
            Loss::SigmoidCrossEntropy => scores.zeros_like()?,
        };
        Ok(Box::new(move || {
            loss.evaluate(&scores, &targets, None, Some(&gradient)).map(|_| ()).map_err(Into::into)
        }))
    }));
}

/// The update of every parameter but the activation's.
fn update(network: &str, workload: Workload, chain: &Chain, out: &mut Vec<Operation>) {
    let parameters = chain.parameters().to_vec();
    let count: usize = parameters.iter().map(|parameter| parameter.value.elem_count()).sum();
    out.push(Operation::new(format!("{network}/sgd/update"), 0.0, 5 * count, move || {
        let optimizer = Sgd::new(&parameters, &workload.optimizer())?;
        Ok(Box::new(move || Ok(optimizer.step(1e-6, 0.5)?)))
    }));
}
