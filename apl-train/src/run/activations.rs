//! `activations.safetensors`: the parameters of every unit and what flows through every activation, before and after training.
//!
//! The metadata lists the layers. For layer `L` and moment `M` (`before`, `after`) the file holds
//!
//! | array | shape | what |
//! |---|---|---|
//! | `L.slopes.M`, `L.offsets.M` | `[S, unit shape...]` | the parameters, where there are any |
//! | `L.inputs.M`, `L.outputs.M` | `[bins + 6]` | a [`Histogram`] of pre-activations and of outputs |
//! | `L.units` | `[U]` | in a compact run, which units `L.slopes.M` and `L.offsets.M` `[S, U]` are about |
//! | `L.x.M`, `L.mean.M`, `L.deviation.M` | `[points]` | mean and deviation over units of `h(x)` along x, where there are parameters |

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    run::tensors::{self, Array, Arrays},
};

/// Bins of a histogram.
pub const BINS: usize = 96;

/// Everything recorded about the activations of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Activations {
    /// Activation layers in the order of the network.
    pub layers: Vec<LayerActivations>,
}

/// What an activation layer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerDescription {
    /// The layer's name.
    pub name: String,
    /// `relu`, `leaky-relu` or `apl`.
    pub kind: String,
    /// S; 0 where the shape is fixed.
    pub hinges: usize,
    /// `unit`, `channel` or `layer`, where there are parameters.
    pub sharing: Option<String>,
    /// The slope for negative inputs of a fixed activation.
    pub negative_slope: Option<f64>,
    /// The shape of one example's units.
    pub unit: Vec<usize>,
}

impl LayerDescription {
    /// The shape of one hinge's parameters.
    fn shape_of_parameters(&self) -> Vec<usize> {
        match self.sharing.as_deref() {
            Some("layer") => Vec::new(),
            Some("channel") => self.unit.iter().take(1).copied().collect(),
            _ => self.unit.clone(),
        }
    }
}

/// An activation layer before training and after, if it has come to that.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerActivations {
    /// What it is.
    pub about: LayerDescription,
    /// At step 0.
    pub before: Moment,
    /// At the end.
    pub after: Option<Moment>,
}

/// One layer at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Slopes and offsets, where there are any.
    pub units: Option<Units>,
    /// Pre-activations on a sample of examples.
    pub inputs: Histogram,
    /// Outputs on the same examples.
    pub outputs: Histogram,
    /// How units differ, where there are parameters.
    pub spread: Option<Spread>,
}

/// The parameters of a layer's units: `slopes[s * count + unit]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    /// Slopes `a`, hinge-major.
    pub slopes: Vec<f32>,
    /// Offsets `b`, hinge-major.
    pub offsets: Vec<f32>,
    /// The shape of one hinge's parameters: the unit shape, the channels, or empty.
    pub shape: Vec<usize>,
    /// Which of the units are here, ascending, where a compact run kept only some.
    pub kept: Option<Vec<u32>>,
}

impl Units {
    /// How many units are here.
    pub fn count(&self) -> usize {
        self.kept.as_ref().map_or_else(|| self.total(), Vec::len)
    }

    /// How many units have parameters of their own.
    pub fn total(&self) -> usize {
        self.shape.iter().product()
    }

    /// The position of a unit that is here among all units of its layer.
    pub fn position(&self, index: usize) -> usize {
        let kept = self.kept.as_ref().and_then(|kept| kept.get(index));
        kept.map_or(index, |&unit| unit as usize)
    }

    /// Leaves only the units of these positions, ascending, as far as they are here.
    pub fn keep(&mut self, positions: &[u32]) {
        let count = self.count();
        let wanted = |i: usize| positions.binary_search(&(self.position(i) as u32)).is_ok();
        let here = (0..count).filter(|&i| wanted(i));
        let here: Vec<usize> = here.collect();
        if here.len() == count {
            return;
        }
        let thin = |values: &[f32]| -> Vec<f32> {
            let hinges = values.chunks_exact(count.max(1));
            hinges.flat_map(|hinge| here.iter().map(|&i| hinge[i])).collect()
        };
        let kept = here.iter().map(|&i| self.position(i) as u32).collect();
        (self.slopes, self.offsets) = (thin(&self.slopes), thin(&self.offsets));
        self.kept = Some(kept);
    }

    /// S.
    pub fn hinges(&self) -> usize {
        self.slopes.len() / self.count().max(1)
    }

    /// The slopes and offsets of one unit, hinge by hinge.
    pub fn unit(&self, index: usize) -> Vec<(f64, f64)> {
        let hinge = |s: usize| {
            let at = s * self.count() + index;
            (f64::from(self.slopes[at]), f64::from(self.offsets[at]))
        };
        (0..self.hinges()).map(hinge).collect()
    }
}

/// Counts of values in equal bins, with what fell outside and the moments of all values.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Left edge of the first bin.
    pub low: f64,
    /// Right edge of the last bin.
    pub high: f64,
    /// Values below `low`.
    pub below: f64,
    /// Values at or above `high`.
    pub above: f64,
    /// Mean of all values.
    pub mean: f64,
    /// Standard deviation of all values.
    pub deviation: f64,
    /// Values in each bin.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// The histogram of some values between their 0.1 % and 99.9 % quantiles; a range of no width is widened. Values that are not finite are left out.
    pub fn of(values: &[f32]) -> Self {
        let mut sorted: Vec<f64> =
            values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len();
        let quantile = |q: f64| sorted.get(((n as f64 - 1.0) * q).round() as usize).copied();
        let (mut low, mut high) = (quantile(0.001).unwrap_or(0.0), quantile(0.999).unwrap_or(0.0));
        if high - low <= 1e-9 * low.abs().max(high.abs()) {
            let half = low.abs().max(1e-6) * 0.5;
            (low, high) = (low - half, high + half);
        }
        let mean = sorted.iter().sum::<f64>() / n.max(1) as f64;
        let square = sorted.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        let mut histogram = Self {
            low,
            high,
            below: 0.0,
            above: 0.0,
            mean,
            deviation: (square / n.max(1) as f64).sqrt(),
            counts: vec![0.0; BINS],
        };
        for value in sorted {
            let place = (value - low) / (high - low) * BINS as f64;
            if place < 0.0 {
                histogram.below += 1.0;
            } else if let Some(count) = histogram.counts.get_mut(place as usize) {
                *count += 1.0;
            } else {
                histogram.above += 1.0;
            }
        }
        histogram
    }

    fn to_array(&self) -> Array {
        let Self { low, high, below, above, mean, deviation, counts } = self;
        let values =
            [&[*low, *high, *below, *above, *mean, *deviation], counts.as_slice()].concat();
        Array::from_f64(&[values.len()], &values)
    }

    fn from_array(array: &Array) -> Option<Self> {
        match array.to_f64()?.as_slice() {
            &[low, high, below, above, mean, deviation, ref counts @ ..] => {
                let counts = counts.to_vec();
                Some(Self { low, high, below, above, mean, deviation, counts })
            }
            _ => None,
        }
    }
}

/// Mean and standard deviation over units of `h(x)`, along x. The paper's figure 4 shows this by overlaid curves; the numbers are this project's
/// reading of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Where.
    pub x: Vec<f64>,
    /// Mean over units.
    pub mean: Vec<f64>,
    /// Standard deviation over units.
    pub deviation: Vec<f64>,
}

const FILE: &str = "activations.safetensors";

impl Activations {
    /// What a run directory holds; `None` where it holds nothing of the kind.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let (arrays, layers): (Arrays, Vec<LayerDescription>) = tensors::read(&path)?;
        let layers = layers.into_iter().map(|about| {
            let before = read_moment(&arrays, &about, "before");
            let before = before.ok_or_else(|| {
                Error::run(
                    &path,
                    format!("damaged: no arrays of layer {} before training", about.name),
                )
            })?;
            let after = read_moment(&arrays, &about, "after");
            Ok(LayerActivations { about, before, after })
        });
        Ok(Some(Self { layers: layers.collect::<Result<_>>()? }))
    }

    /// Writes them into a run directory.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let mut arrays = Arrays::new();
        for LayerActivations { about, before, after } in &self.layers {
            write_moment(&mut arrays, about, "before", before);
            if let Some(after) = after {
                write_moment(&mut arrays, about, "after", after);
            }
        }
        let about: Vec<&LayerDescription> = self.layers.iter().map(|layer| &layer.about).collect();
        tensors::write(&directory.join(FILE), &arrays, &about)
    }
}

fn write_moment(arrays: &mut Arrays, about: &LayerDescription, when: &str, moment: &Moment) {
    if let Some(kept) = moment.units.as_ref().and_then(|units| units.kept.as_ref()) {
        arrays.insert(format!("{}.units", about.name), Array::from_u32(&[kept.len()], kept));
    }
    let mut put = |what: &str, array| arrays.insert(format!("{}.{what}.{when}", about.name), array);
    if let Some(units) = &moment.units {
        let shape = match &units.kept {
            Some(kept) => vec![units.hinges(), kept.len()],
            None => [&[units.hinges()], units.shape.as_slice()].concat(),
        };
        put("slopes", Array::from_f32(&shape, &units.slopes));
        put("offsets", Array::from_f32(&shape, &units.offsets));
    }
    put("inputs", moment.inputs.to_array());
    put("outputs", moment.outputs.to_array());
    if let Some(Spread { x, mean, deviation }) = &moment.spread {
        for (what, values) in [("x", x), ("mean", mean), ("deviation", deviation)] {
            put(what, Array::from_f64(&[values.len()], values));
        }
    }
}

fn read_moment(arrays: &Arrays, about: &LayerDescription, when: &str) -> Option<Moment> {
    let get = |what: &str| arrays.get(&format!("{}.{what}.{when}", about.name));
    let units = get("slopes").zip(get("offsets")).and_then(|(slopes, offsets)| {
        let found = slopes.shape().get(1..)?.to_vec();
        let same = slopes.shape() == offsets.shape();
        let (slopes, offsets) = (slopes.to_f32()?, offsets.to_f32()?);
        let units = match arrays.get(&format!("{}.units", about.name)).map(Array::to_u32) {
            None => Units { slopes, offsets, shape: found, kept: None },
            Some(kept) => {
                let kept = kept.filter(|kept| found == [kept.len()])?;
                Units { slopes, offsets, shape: about.shape_of_parameters(), kept: Some(kept) }
            }
        };
        same.then_some(units)
    });
    let numbers = |what: &str| get(what).and_then(Array::to_f64);
    let spread = || {
        Some(Spread { x: numbers("x")?, mean: numbers("mean")?, deviation: numbers("deviation")? })
    };
    Some(Moment {
        units,
        inputs: Histogram::from_array(get("inputs")?)?,
        outputs: Histogram::from_array(get("outputs")?)?,
        spread: spread(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(shift: f32) -> Moment {
        let values: Vec<f32> = (0..1000).map(|i| i as f32 / 100.0 + shift).collect();
        Moment {
            units: Some(Units {
                slopes: (0..6).map(|i| i as f32 + shift).collect(),
                offsets: (0..6).map(|i| -(i as f32)).collect(),
                shape: vec![3],
                kept: None,
            }),
            inputs: Histogram::of(&values),
            outputs: Histogram::of(&[1.0, 1.0]),
            spread: Some(Spread {
                x: vec![0.0, 1.0],
                mean: vec![2.0, 3.0],
                deviation: vec![0.5, 0.0],
            }),
        }
    }

    fn description() -> LayerDescription {
        LayerDescription {
            name: "act1".into(),
            kind: "apl".into(),
            hinges: 2,
            sharing: Some("unit".into()),
            negative_slope: None,
            unit: vec![3],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Activations::read(directory.path()).unwrap(), None);
        let about = description();
        let fixed = Moment { units: None, spread: None, ..moment(0.0) };
        let relu = LayerDescription {
            name: "act2".into(),
            kind: "relu".into(),
            hinges: 0,
            sharing: None,
            ..about.clone()
        };
        let all = Activations {
            layers: vec![
                LayerActivations { about, before: moment(0.0), after: Some(moment(1.0)) },
                LayerActivations { about: relu, before: fixed, after: None },
            ],
        };
        all.write(directory.path()).unwrap();
        assert_eq!(Activations::read(directory.path()).unwrap(), Some(all.clone()));
        let units = all.layers[0].before.units.as_ref().unwrap();
        assert_eq!((units.hinges(), units.unit(1)), (2, vec![(1.0, -1.0), (4.0, -4.0)]));
    }

    #[test]
    fn some_units_can_be_kept_and_know_their_places() {
        let directory = tempfile::tempdir().unwrap();
        let about = description();
        let (mut before, mut after) = (moment(0.0), moment(1.0));
        for moment in [&mut before, &mut after] {
            moment.units.as_mut().unwrap().keep(&[0, 2, 7]);
        }
        let units = before.units.as_ref().unwrap();
        assert_eq!((units.count(), units.total(), units.hinges()), (2, 3, 2));
        assert_eq!((units.position(0), units.position(1)), (0, 2));
        assert_eq!(units.unit(1), vec![(2.0, -2.0), (5.0, -5.0)]);
        let all =
            Activations { layers: vec![LayerActivations { about, before, after: Some(after) }] };
        all.write(directory.path()).unwrap();
        assert_eq!(Activations::read(directory.path()).unwrap(), Some(all.clone()));
        // Of those that are left some can be kept again.
        let mut fewer = all.layers[0].before.units.clone().unwrap();
        fewer.keep(&[1, 2]);
        assert_eq!((fewer.kept, fewer.slopes), (Some(vec![2]), vec![2.0, 5.0]));
    }

    #[test]
    fn a_histogram_counts_every_finite_value_once() {
        let values: Vec<f32> = (0..5000).map(|i| (i as f32).sin()).chain([f32::NAN, 1e9]).collect();
        let histogram = Histogram::of(&values);
        assert_eq!(
            histogram.counts.iter().sum::<f64>() + histogram.below + histogram.above,
            5001.0
        );
        assert!(histogram.low >= -1.0 && histogram.high <= 1.0);
        for constant in [0.0, 3.0, -3.0] {
            let histogram = Histogram::of(&[constant; 7]);
            assert_eq!(histogram.counts.iter().sum::<f64>(), 7.0, "{constant}");
        }
        assert_eq!(Histogram::of(&[]).counts.iter().sum::<f64>(), 0.0);
    }
}
