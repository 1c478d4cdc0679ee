//! One layer with fewer hinges.

use apl_core::{
    activation::{Sharing, piecewise::Unit},
    nn::{Apl, Layer, Relu},
};
use candle_core::{Device, Tensor};

use crate::{Result, run::activations::Units};

/// The units of a layer, each as it is needed between its smallest and its largest input.
pub struct Pruned {
    units: Vec<Unit>,
    /// The shape of one hinge's parameters.
    shape: Vec<usize>,
}

impl Pruned {
    /// Drops hinges as [`Unit::pruned`] does, unit by unit; `ranges` are the units' smallest and largest inputs.
    ///
    /// # Errors
    /// A parameter or an input that is not finite.
    pub fn new(units: &Units, ranges: &[(f32, f32)], tolerance: f64) -> apl_core::Result<Self> {
        let pruned = ranges.iter().enumerate().map(|(i, &(low, high))| {
            unit(units, i)?.pruned(f64::from(low), f64::from(high), tolerance)
        });
        Ok(Self { units: pruned.collect::<apl_core::Result<_>>()?, shape: units.shape.clone() })
    }

    /// Hinges of all units together.
    pub fn hinges(&self) -> usize {
        self.units.iter().map(Unit::hinges).sum()
    }

    /// Hinges of the unit that has most: those of the layer, S'.
    pub fn most(&self) -> usize {
        self.units.iter().map(Unit::hinges).max().unwrap_or(0)
    }

    /// The layer, on a device: an APL activation with S' hinges, of which units that need fewer have some with `a = b = 0`, or a ReLU where no unit needs any.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn layer(&self, name: &str, sharing: Sharing, device: &Device) -> Result<Box<dyn Layer>> {
        if self.most() == 0 {
            return Ok(Box::new(Relu::new(name)));
        }
        let shape = [&[self.most()], self.shape.as_slice()].concat();
        let packed = |of: fn(&Unit) -> &[f64]| {
            let hinge = |s: usize| self.units.iter().map(move |unit| of(unit).get(s));
            let values = (0..self.most()).flat_map(hinge);
            let values: Vec<f32> = values.map(|v| v.map_or(0.0, |&v| v as f32)).collect();
            Tensor::from_vec(values, shape.as_slice(), device)
        };
        let (slopes, offsets) = (packed(Unit::slopes)?, packed(Unit::offsets)?);
        Ok(Box::new(Apl::from_tensors(name, slopes, offsets, sharing)?))
    }
}

/// How many hinges each of these units needs between `low` and `high`: the fewest with which it is what it is there, see [`Unit::within`].
///
/// # Errors
/// A parameter that is not finite; numbers that are no interval.
pub fn hinges_within(units: &Units, low: f64, high: f64) -> Result<Vec<usize>> {
    let needed = (0..units.count()).map(|i| Ok(unit(units, i)?.within(low, high)?.hinges()));
    needed.collect()
}

fn unit(units: &Units, index: usize) -> apl_core::Result<Unit> {
    let (slopes, offsets): (Vec<f64>, Vec<f64>) = units.unit(index).into_iter().unzip();
    Unit::new(&slopes, &offsets)
}

#[cfg(test)]
mod tests {
    use apl_core::{
        nn::Context,
        random::{Purpose, Streams},
    };

    use super::*;

    const COUNT: usize = 40;

    /// Units of three hinges, and the grid of inputs each of them sees.
    fn units() -> (Units, Vec<(f32, f32)>) {
        let mut stream = Streams::new(1).named(Purpose::Sample, "units");
        let mut normal = |count| (0..count).map(|_| stream.normal() as f32).collect::<Vec<f32>>();
        let (slopes, offsets) = (normal(3 * COUNT), normal(3 * COUNT));
        let units = Units { slopes, offsets, shape: vec![COUNT], kept: None };
        let ranges = normal(COUNT).into_iter().zip(normal(COUNT));
        (units, ranges.map(|(low, width)| (low, low + width.abs())).collect())
    }

    /// What the layer makes of the grid, `[101, COUNT]`.
    fn outputs(layer: &mut dyn Layer, ranges: &[(f32, f32)]) -> Vec<f32> {
        let grid = (0..=100).flat_map(|step| {
            ranges.iter().map(move |(low, high)| low + (high - low) * step as f32 / 100.0)
        });
        let x = Tensor::from_vec(grid.collect::<Vec<f32>>(), (101, COUNT), &Device::Cpu).unwrap();
        let y = x.zeros_like().unwrap();
        layer.forward(&x, &y, &Context::evaluation()).unwrap();
        y.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_pruned_layer_is_smaller_and_differs_by_less_than_the_tolerance() {
        let (units, ranges) = units();
        let of =
            |values: &[f32]| Tensor::from_vec(values.to_vec(), (3, COUNT), &Device::Cpu).unwrap();
        let (slopes, offsets) = (of(&units.slopes), of(&units.offsets));
        let mut whole = Apl::from_tensors("act", slopes, offsets, Sharing::Unit).unwrap();
        let expected = outputs(&mut whole, &ranges);
        let mut last = usize::MAX;
        for tolerance in [0.0, 0.01, 0.1, 0.5] {
            let pruned = Pruned::new(&units, &ranges, tolerance).unwrap();
            let mut layer = pruned.layer("act", Sharing::Unit, &Device::Cpu).unwrap();
            assert_eq!(layer.activation().unwrap().hinges(), pruned.most());
            let found = outputs(layer.as_mut(), &ranges);
            let change = found.iter().zip(&expected).map(|(a, b)| f64::from((a - b).abs()));
            let change = change.fold(0.0, f64::max);
            assert!(change < tolerance + 1e-5, "{change} with {tolerance}");
            assert!(pruned.hinges() < last, "{} with {tolerance}", pruned.hinges());
            last = pruned.hinges();
        }
        assert!(last < 2 * COUNT);
        let relu = Pruned::new(&units, &ranges, 1e9).unwrap();
        assert_eq!((relu.most(), relu.hinges()), (0, 0));
        assert_eq!(relu.layer("act", Sharing::Unit, &Device::Cpu).unwrap().kind(), "relu");
    }

    #[test]
    fn units_tell_how_many_hinges_they_need() {
        let units = Units {
            slopes: vec![1.0, 0.5, 0.0, 1.0, 2.0, 0.0],
            offsets: vec![0.5, 3.0, 1.0, 0.5, 4.0, -1.0],
            shape: vec![3],
            kept: None,
        };
        assert_eq!(hinges_within(&units, -1.0, 1.0).unwrap(), [1, 1, 0]);
        assert_eq!(hinges_within(&units, -1.0, 3.5).unwrap(), [1, 2, 0]);
        assert_eq!(hinges_within(&units, 3.5, 9.0).unwrap(), [0, 1, 0]);
        assert!(hinges_within(&units, 1.0, 0.0).is_err());
    }
}
