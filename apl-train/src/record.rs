//! What is recorded about activations: samples of what flows through them, and their parameters before, during and after training.

use std::collections::BTreeMap;

use apl_core::{
    nn::{Activation, Chain, Layer, Observer},
    random::{Purpose, Streams},
};
use candle_core::{DType, Tensor};

use crate::{
    Result, Task,
    evaluate::evaluate,
    feed::Batches,
    interrupt::Interrupt,
    plan::Plan,
    run::{
        LayerSnapshots, Snapshots,
        activations::{
            Activations, Histogram, LayerActivations, LayerDescription, Moment, Spread, Units,
        },
    },
    task::Split,
};

/// Values kept of every layer's input and of its output.
const VALUES: usize = 200_000;
/// Points at which units are compared.
const POINTS: usize = 161;

/// Samples what goes into and comes out of every activation.
pub struct Sampler {
    /// Values kept of a batch.
    share: usize,
    seen: BTreeMap<String, [Vec<f32>; 2]>,
}

impl Sampler {
    /// A sampler for so many batches.
    pub fn new(batches: usize) -> Self {
        Self { share: VALUES.div_ceil(batches.max(1)), seen: BTreeMap::new() }
    }

    fn take(&mut self, layer: &dyn Layer, side: usize, tensor: &Tensor) -> apl_core::Result<()> {
        if layer.activation().is_none() {
            return Ok(());
        }
        let values: Vec<f32> = tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1()?;
        let kept = &mut self.seen.entry(layer.name().to_string()).or_default()[side];
        let step = coprime_step(values.len());
        let count = self.share.min(values.len());
        kept.extend((0..count).map(|i| values[(i * step) % values.len()]));
        Ok(())
    }
}

/// A step, near the golden section, that visits every position before any twice: an even sample over examples and units alike.
fn coprime_step(len: usize) -> usize {
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let start = (len as f64 * 0.618_033_988_75) as usize;
    (start.max(1)..).find(|&step| divisor(len, step) == 1).unwrap_or(1)
}

impl Observer for Sampler {
    fn input(&mut self, layer: &dyn Layer, input: &Tensor) -> apl_core::Result<()> {
        self.take(layer, 0, input)
    }

    fn output(&mut self, layer: &dyn Layer, output: &Tensor) -> apl_core::Result<()> {
        self.take(layer, 1, output)
    }
}

/// Shows the network the first test images and samples what flows through its activations.
///
/// # Errors
/// What the task or a layer reports.
pub fn observe<T: Task>(
    plan: &Plan<T>,
    data: &T::Dataset,
    network: &mut Chain,
    batches: &Batches,
) -> Result<Sampler> {
    let examples = plan.config.record.sample.min(T::examples(data, Split::Test));
    let mut sampler = Sampler::new(examples.div_ceil(batches.size()));
    let (split, limit, never) = (Split::Test, Some(examples), Interrupt::default());
    evaluate::<T>(network, data, split, limit, batches, Some(&mut sampler), &never)?;
    Ok(sampler)
}

/// The activations of a network now, with what the sampler saw, as the state before training.
///
/// # Errors
/// What Candle reports.
pub fn before(network: &Chain, sampler: &Sampler) -> Result<Activations> {
    let mut layers = Vec::new();
    for (layer, shape) in network.layers().zip(network.shapes()) {
        let Some(activation) = layer.activation() else { continue };
        let about = LayerDescription {
            name: layer.name().to_string(),
            kind: activation.kind().to_string(),
            hinges: activation.hinges(),
            sharing: activation.sharing().map(|sharing| sharing.name().to_string()),
            negative_slope: activation.negative_slope(),
            unit: shape.clone(),
        };
        layers.push(LayerActivations {
            before: moment(layer.name(), activation, sampler)?,
            about,
            after: None,
        });
    }
    Ok(Activations { layers })
}

/// Adds the state now as the state after training.
///
/// # Errors
/// What Candle reports.
pub fn after(activations: &mut Activations, network: &Chain, sampler: &Sampler) -> Result<()> {
    let layers = network.layers().filter_map(|layer| Some((layer.name(), layer.activation()?)));
    for (record, (name, activation)) in activations.layers.iter_mut().zip(layers) {
        record.after = Some(moment(name, activation, sampler)?);
    }
    Ok(())
}

fn moment(name: &str, activation: &dyn Activation, sampler: &Sampler) -> Result<Moment> {
    let empty = [Vec::new(), Vec::new()];
    let [inputs, outputs] = sampler.seen.get(name).unwrap_or(&empty);
    let inputs = Histogram::of(inputs);
    let units = units(activation)?;
    let spread = units.as_ref().map(|units| spread(units, inputs.low, inputs.high));
    Ok(Moment { units, spread, outputs: Histogram::of(outputs), inputs })
}

/// The parameters of the layers that have some, by the layer's name.
///
/// # Errors
/// What Candle reports.
pub fn parameters(network: &Chain) -> Result<Vec<(String, Units)>> {
    let layers = network.layers().filter_map(|layer| Some((layer.name(), layer.activation()?)));
    let named = layers.filter_map(|(name, activation)| {
        let units = units(activation).transpose()?;
        Some(units.map(|units| (name.to_string(), units)))
    });
    named.collect()
}

/// The parameters of an activation's units now, where it has any.
///
/// # Errors
/// What Candle reports.
pub fn units(activation: &dyn Activation) -> Result<Option<Units>> {
    let parameters = activation.slopes().zip(activation.offsets());
    let units = parameters.map(|(slopes, offsets)| {
        Ok(Units {
            shape: slopes.dims().get(1..).unwrap_or_default().to_vec(),
            slopes: numbers(slopes)?,
            offsets: numbers(offsets)?,
            kept: None,
        })
    });
    units.transpose()
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}

/// Mean and deviation over units of `h(x)` between `low` and `high`.
fn spread(units: &Units, low: f64, high: f64) -> Spread {
    let count = units.count();
    let x: Vec<f64> =
        (0..POINTS).map(|i| low + (high - low) * i as f64 / (POINTS - 1) as f64).collect();
    let at = |&x: &f64| {
        let mut values = vec![x.max(0.0); count];
        let hinges = units.slopes.chunks_exact(count).zip(units.offsets.chunks_exact(count));
        for (slopes, offsets) in hinges {
            for ((value, &a), &b) in values.iter_mut().zip(slopes).zip(offsets) {
                *value += f64::from(a) * (f64::from(b) - x).max(0.0);
            }
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        (mean, (square / count as f64).sqrt())
    };
    let (mean, deviation) = x.iter().map(at).unzip();
    Spread { x, mean, deviation }
}

/// Takes the snapshot of a step, of the same units every time: drawn by [`Purpose::Sample`] from the layer's name, whatever the seed.
///
/// # Errors
/// What Candle reports.
pub fn snapshot(snapshots: &mut Snapshots, network: &Chain, step: u64, units: usize) -> Result<()> {
    let layers = network.layers().filter_map(|layer| {
        let activation = layer.activation()?;
        Some((layer.name(), activation.slopes()?, activation.offsets()?))
    });
    for (i, (name, slopes, offsets)) in layers.enumerate() {
        let (slopes, offsets) = (numbers(slopes)?, numbers(offsets)?);
        if snapshots.layers.len() == i {
            let hinges = network.layers().find(|layer| layer.name() == name);
            let hinges = hinges.and_then(Layer::activation).map_or(0, Activation::hinges);
            snapshots.layers.push(LayerSnapshots {
                layer: name.to_string(),
                hinges,
                units: sample(name, slopes.len() / hinges.max(1), units),
                slopes: Vec::new(),
                offsets: Vec::new(),
            });
        }
        let layer = &mut snapshots.layers[i];
        let count = slopes.len() / layer.hinges.max(1);
        for s in 0..layer.hinges {
            let at = |unit: &u32| s * count + *unit as usize;
            layer.slopes.extend(layer.units.iter().map(|unit| slopes[at(unit)]));
            layer.offsets.extend(layer.units.iter().map(|unit| offsets[at(unit)]));
        }
    }
    snapshots.steps.push(step);
    Ok(())
}

/// Up to `most` of `count` units of a layer, ascending, the same in every run.
pub fn sample(layer: &str, count: usize, most: usize) -> Vec<u32> {
    let mut units: Vec<u32> = (0..count as u32).collect();
    Streams::new(0).named(Purpose::Sample, layer).shuffle(&mut units);
    units.truncate(most);
    units.sort_unstable();
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_visits_every_position_once() {
        for len in [1, 2, 3, 10, 97, 100, 98_304] {
            let step = coprime_step(len);
            let mut seen = vec![false; len];
            (0..len).for_each(|i| seen[(i * step) % len] = true);
            assert!(seen.iter().all(|&s| s), "{len}");
        }
    }

    #[test]
    fn the_spread_is_that_of_the_units() {
        let units =
            Units { slopes: vec![1.0, -1.0], offsets: vec![0.0, 0.0], shape: vec![2], kept: None };
        let spread = spread(&units, -1.0, 1.0);
        assert_eq!((spread.mean[0], spread.deviation[0]), (0.0, 1.0));
        assert_eq!((spread.mean[POINTS - 1], spread.deviation[POINTS - 1]), (1.0, 0.0));
    }

    #[test]
    fn the_units_of_a_layer_are_the_same_in_every_run() {
        assert_eq!(sample("act1", 1000, 5), sample("act1", 1000, 5));
        assert_eq!(sample("act1", 3, 5), [0, 1, 2]);
    }
}
