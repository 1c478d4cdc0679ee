//! What goes into every unit: its smallest and its largest pre-activation.

use std::collections::BTreeMap;

use apl_core::{
    Error,
    nn::{Layer, Observer},
};
use candle_core::{DType, Tensor};

/// Sees batches go through a network and keeps, for every unit with parameters of its own, between which inputs it is used. Positions that share
/// parameters are one unit.
#[derive(Debug, Default)]
pub struct Ranges(BTreeMap<String, Vec<(f32, f32)>>);

impl Ranges {
    /// The smallest and the largest input of a layer's units, in the order of their parameters.
    ///
    /// # Errors
    /// A layer that no batch went through.
    pub fn of(&self, layer: &str) -> apl_core::Result<&[(f32, f32)]> {
        self.0.get(layer).map(Vec::as_slice).ok_or_else(|| Error::Setting {
            place: format!("layer {layer}: inputs"),
            found: "none".into(),
            expected: "those of a pass through the network".into(),
        })
    }
}

impl Observer for Ranges {
    fn input(&mut self, layer: &dyn Layer, input: &Tensor) -> apl_core::Result<()> {
        let sharing = layer.activation().and_then(|activation| activation.sharing());
        let (Some(sharing), Some(unit)) = (sharing, input.dims().get(1..)) else { return Ok(()) };
        let count: usize = sharing.parameter_shape(unit).iter().product();
        let values = unit.iter().product::<usize>();
        if count == 0 || values == 0 {
            return Ok(());
        }
        let nothing = || vec![(f32::INFINITY, f32::NEG_INFINITY); count];
        let ranges = self.0.entry(layer.name().to_string()).or_insert_with(nothing);
        let inputs: Vec<f32> = input.flatten_all()?.to_dtype(DType::F32)?.to_vec1()?;
        for example in inputs.chunks_exact(values) {
            for (range, positions) in ranges.iter_mut().zip(example.chunks_exact(values / count)) {
                for &x in positions {
                    *range = (range.0.min(x), range.1.max(x));
                }
            }
        }
        Ok(())
    }

    fn output(&mut self, _: &dyn Layer, _: &Tensor) -> apl_core::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use apl_core::{
        activation::{AplConfig, Sharing},
        nn::{Apl, Relu, Setup},
        random::Streams,
    };
    use candle_core::Device;

    use super::*;

    /// Two examples of two channels with two positions each, then one more batch.
    fn seen(sharing: Sharing) -> Vec<(f32, f32)> {
        let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu };
        let config = AplConfig { sharing, ..AplConfig::new(1) };
        let layer = Apl::new("act1", &[2, 1, 2], config, &setup).unwrap();
        let mut ranges = Ranges::default();
        let batch =
            |values: Vec<f32>| Tensor::from_vec(values, (2, 2, 1, 2), &Device::Cpu).unwrap();
        ranges.input(&layer, &batch(vec![1.0, 2.0, 3.0, 4.0, -1.0, 5.0, 3.0, 0.0])).unwrap();
        ranges.input(&layer, &batch(vec![0.0, 0.0, 9.0, 1.0, 0.5, 2.5, 3.0, 1.0])).unwrap();
        ranges.input(&Relu::new("act2"), &batch(vec![7.0; 8])).unwrap();
        assert!(ranges.of("act2").unwrap_err().to_string().contains("layer act2: inputs"));
        ranges.of("act1").unwrap().to_vec()
    }

    #[test]
    fn positions_that_share_parameters_are_one_unit() {
        let every = [(-1.0, 1.0), (0.0, 5.0), (3.0, 9.0), (0.0, 4.0)];
        assert_eq!(seen(Sharing::Unit), every);
        assert_eq!(seen(Sharing::Channel), [(-1.0, 5.0), (0.0, 9.0)]);
        assert_eq!(seen(Sharing::Layer), [(-1.0, 9.0)]);
    }
}
