//! How far the readings scatter over splits of this size.

use apl_core::random::{Purpose, Streams};
use rayon::prelude::*;

use crate::metrics::{
    poisson::Poisson,
    scored::Scored,
    significance::{Choices, Readings},
};

/// Replicates enough for a deviation to 5 % of itself.
pub const REPLICATES: usize = 200;

/// The layer of the random streams, 0 being that of streams with a name.
const LAYER: u32 = 1;

/// What the interval leaves out on either side.
const TAIL: f64 = 0.025;

/// How far a number scatters over the replicates of a bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The standard deviation.
    pub deviation: f64,
    /// The 2.5 % quantile, linear between replicates.
    pub low: f64,
    /// The 97.5 % quantile.
    pub high: f64,
    /// Over how many replicates: those that had the number at all.
    pub replicates: usize,
}

/// How far the [`Readings`] of a split scatter; `None` where fewer than two replicates had one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spreads {
    /// The area under the ROC curve.
    pub auc: Option<Spread>,
    /// The significance of reading (A).
    pub cut: Option<Spread>,
    /// The significance of reading (B).
    pub binned: Option<Spread>,
}

impl Choices {
    /// Reads `replicates` resampled splits: in each, every event's weight is multiplied by a Poisson number of mean 1, as if the simulation had been run
    /// again. Threshold and bins stay as they were chosen.
    ///
    /// The event at position `i` of the sorted split takes the `i`-th 32 bits of the stream ([`Purpose::Sample`], layer 1, index `replicate`), so the
    /// result depends on the seed and not on the threads. A replicate is one pass and copies no data.
    ///
    /// # Source
    /// N. Chamandy, O. Muralidharan, A. Najmi, S. Naidu, "Estimating uncertainty for massive data streams", Google, 2012; B. Efron, "Bootstrap methods:
    /// another look at the jackknife", Annals of Statistics 7, 1979.
    pub fn bootstrap(&self, split: &Scored, replicates: usize, streams: &Streams) -> Spreads {
        let readings: Vec<Readings> = (0..replicates as u64)
            .into_par_iter()
            .map(|replicate| {
                let stream = streams.stream(Purpose::Sample, LAYER, replicate);
                let mut numbers = Poisson::new(stream);
                self.of(split.groups_times(|| f64::from(numbers.draw())))
            })
            .collect();
        let spread = |value: fn(&Readings) -> Option<f64>| {
            Spread::of(readings.iter().filter_map(value).collect())
        };
        Spreads {
            auc: spread(|readings| readings.auc),
            cut: spread(|readings| readings.cut.map(|cut| cut.z)),
            binned: spread(|readings| readings.binned.as_ref().map(|binned| binned.z)),
        }
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        let replicates = values.len();
        if replicates < 2 {
            return None;
        }
        let n = replicates as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
        values.sort_unstable_by(f64::total_cmp);
        let [low, high] = [TAIL, 1.0 - TAIL].map(|share| quantile(&values, share));
        Some(Self { deviation: (square / (n - 1.0)).sqrt(), low, high, replicates })
    }
}

/// The quantile of ascending values at `share (n - 1)`, linear between neighbours (Hyndman and Fan's type 7).
fn quantile(values: &[f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests;
