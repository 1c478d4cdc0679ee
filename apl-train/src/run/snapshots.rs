//! `snapshots.safetensors`: a sample of units of every layer, at steps 0, 1, 2, 4, 8, ... and the last.
//!
//! Arrays `steps` `[T]`; for layer `L`: `L.units` `[U]` (positions among one hinge's parameters), `L.slopes` and `L.offsets` `[T, S, U]`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    run::tensors::{self, Array, Arrays},
};

/// How units changed during training.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshots {
    /// After how many steps each was taken, ascending.
    pub steps: Vec<u64>,
    /// The layers with parameters.
    pub layers: Vec<LayerSnapshots>,
}

/// The sampled units of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSnapshots {
    /// The layer's name.
    pub layer: String,
    /// S.
    pub hinges: usize,
    /// Which units.
    pub units: Vec<u32>,
    /// Slopes, `[T, S, U]` flattened.
    pub slopes: Vec<f32>,
    /// Offsets, the same.
    pub offsets: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
struct About {
    layers: Vec<(String, usize)>,
}

const FILE: &str = "snapshots.safetensors";

impl Snapshots {
    /// Whether a snapshot is due after `step` steps: at 0, at powers of two, and at the end.
    pub fn due(step: u64, last: u64) -> bool {
        step == 0 || step.is_power_of_two() || step == last
    }

    /// How many snapshots a run of so many steps takes.
    pub fn count(steps: u64) -> u64 {
        let powers = steps.checked_ilog2().map_or(0, |last| u64::from(last) + 1);
        1 + powers + u64::from(steps > 0 && !steps.is_power_of_two())
    }

    /// Forgets what was taken after `step` steps.
    pub fn cut_back(&mut self, step: u64) {
        self.steps.retain(|&taken| taken <= step);
        for layer in &mut self.layers {
            let kept = self.steps.len() * layer.hinges * layer.units.len();
            layer.slopes.truncate(kept);
            layer.offsets.truncate(kept);
        }
    }

    /// Leaves of a layer only the units of these positions, ascending, as far as they are here.
    pub fn keep(&mut self, layer: &str, positions: &[u32]) {
        let Some(layer) = self.layers.iter_mut().find(|known| known.layer == layer) else { return };
        let wanted = |unit: &u32| positions.binary_search(unit).is_ok();
        let here: Vec<usize> =
            (0..layer.units.len()).filter(|&i| wanted(&layer.units[i])).collect();
        let thin = |values: &[f32]| -> Vec<f32> {
            let hinges = values.chunks_exact(layer.units.len().max(1));
            hinges.flat_map(|hinge| here.iter().map(|&i| hinge[i])).collect()
        };
        (layer.slopes, layer.offsets) = (thin(&layer.slopes), thin(&layer.offsets));
        layer.units = here.iter().map(|&i| layer.units[i]).collect();
    }

    /// What a run directory holds; `None` where it holds none.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let (arrays, about): (Arrays, About) = tensors::read(&path)?;
        let missing = |what: &str| Error::run(&path, format!("damaged: no array {what}"));
        let steps = arrays.get("steps").and_then(Array::to_u64).ok_or_else(|| missing("steps"))?;
        let layers = about.layers.into_iter().map(|(layer, hinges)| {
            let get = |what: &str| arrays.get(&format!("{layer}.{what}"));
            let units = get("units").and_then(Array::to_u32).ok_or_else(|| missing("units"))?;
            let numbers =
                |what: &str| get(what).and_then(Array::to_f32).ok_or_else(|| missing(what));
            let (slopes, offsets) = (numbers("slopes")?, numbers("offsets")?);
            let expected = steps.len() * hinges * units.len();
            if slopes.len() != expected || offsets.len() != expected {
                return Err(missing("of the right size"));
            }
            Ok(LayerSnapshots { hinges, units, slopes, offsets, layer })
        });
        let layers = layers.collect::<Result<_>>()?;
        Ok(Some(Self { steps, layers }))
    }

    /// Writes them into a run directory.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let steps = self.steps.len();
        let mut arrays = Arrays::from([("steps".into(), Array::from_u64(&[steps], &self.steps))]);
        for LayerSnapshots { layer, hinges, units, slopes, offsets } in &self.layers {
            let shape = [steps, *hinges, units.len()];
            arrays.insert(format!("{layer}.units"), Array::from_u32(&[units.len()], units));
            arrays.insert(format!("{layer}.slopes"), Array::from_f32(&shape, slopes));
            arrays.insert(format!("{layer}.offsets"), Array::from_f32(&shape, offsets));
        }
        let layers = self.layers.iter().map(|layer| (layer.layer.clone(), layer.hinges)).collect();
        tensors::write(&directory.join(FILE), &arrays, &About { layers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_can_be_cut_back() {
        let directory = tempfile::tempdir().unwrap();
        let numbers = |shift: f32| (0..12).map(|i| i as f32 + shift).collect::<Vec<_>>();
        let layer = LayerSnapshots {
            layer: "act1".into(),
            hinges: 2,
            units: vec![4, 9],
            slopes: numbers(0.0),
            offsets: numbers(0.5),
        };
        let mut all = Snapshots { steps: vec![0, 1, 2], layers: vec![layer] };
        all.write(directory.path()).unwrap();
        assert_eq!(Snapshots::read(directory.path()).unwrap(), Some(all.clone()));
        let mut thinned = all.clone();
        thinned.keep("act1", &[2, 4, 9]);
        assert_eq!(thinned, all);
        thinned.keep("act1", &[2, 4]);
        assert_eq!(thinned.layers[0].units, [4]);
        assert_eq!(thinned.layers[0].slopes, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        all.cut_back(1);
        assert_eq!(all.steps, [0, 1]);
        assert_eq!(all.layers[0].slopes, numbers(0.0)[..8]);
        for steps in [1, 2, 3, 19, 20, 1024] {
            let taken = (0..=steps).filter(|&step| Snapshots::due(step, steps)).count();
            assert_eq!(Snapshots::count(steps), taken as u64, "{steps}");
        }
        let due: Vec<u64> = (0..=20).filter(|&step| Snapshots::due(step, 19)).collect();
        assert_eq!(due, [0, 1, 2, 4, 8, 16, 19]);
    }
}
