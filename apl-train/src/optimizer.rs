//! Stochastic gradient descent with momentum over the parameters of a network, by Caffe's rule.

use apl_core::{
    nn::Parameter,
    ops::{
        dials::Dials,
        sgd::{self, Moved, Step, Together},
    },
};
use candle_core::Tensor;
use rayon::prelude::*;

use crate::{
    Error, Result,
    config::{GroupSection, OptimizerSection},
    pattern::matches,
};

/// The parameters that training changes, each with its velocity and multipliers.
#[derive(Debug)]
pub struct Sgd {
    slots: Vec<Slot>,
    /// All of them, where a GPU moves them.
    together: Option<Together>,
}

#[derive(Debug)]
struct Slot {
    parameter: Parameter,
    velocity: Tensor,
    rate: f64,
    decay: f64,
}

impl Sgd {
    /// An optimiser at rest. Parameters that are frozen, by themselves or by a group, are left out; the others take the multipliers of the first
    /// group whose pattern matches, or 1.
    ///
    /// # Errors
    /// A pattern that matches no parameter.
    pub fn new(parameters: &[Parameter], section: &OptimizerSection) -> Result<Self> {
        check_patterns(parameters, section)?;
        let mut slots = Vec::new();
        for (parameter, group) in learned(parameters, section) {
            let (rate, decay) = group.map_or((1.0, 1.0), |group| (group.lr, group.decay));
            slots.push(Slot {
                velocity: parameter.value.zeros_like()?,
                parameter: parameter.clone(),
                rate,
                decay: decay * section.weight_decay,
            });
        }
        let moved = |Slot { parameter, velocity, rate, decay }: &Slot| Moved {
            value: parameter.value.clone(),
            gradient: parameter.gradient.clone(),
            velocity: velocity.clone(),
            rate: *rate,
            decay: *decay,
        };
        let moved: Vec<Moved> = slots.iter().map(moved).collect();
        Ok(Self { slots, together: Together::new(&moved)? })
    }

    /// [`step`](Self::step) of a GPU, by the rate and the momentum that the dials show.
    ///
    /// # Errors
    /// What the operation reports.
    pub fn step_by(&self, dials: &Dials) -> apl_core::Result<()> {
        match &self.together {
            Some(together) => together.step_by(dials),
            None => Ok(()),
        }
    }

    /// Moves every parameter by its gradient.
    ///
    /// # Errors
    /// What the operation reports.
    pub fn step(&self, lr: f64, momentum: f64) -> Result<()> {
        if let Some(together) = &self.together {
            return Ok(together.step(lr, momentum)?);
        }
        let step = |slot: &Slot| {
            let Slot { parameter, velocity, rate, decay } = slot;
            let step = Step { rate: lr * rate, momentum, decay: *decay };
            sgd::step(&parameter.value, &parameter.gradient, velocity, step)
                .map_err(|error| error.in_layer(&parameter.name).into())
        };
        // One sweep over all of them: many parameters are too small to share out among threads one by one.
        self.slots.par_iter().with_max_len(1).map(step).collect()
    }

    /// The velocities by the names of their parameters.
    pub fn velocities(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.slots.iter().map(|slot| (slot.parameter.name.as_str(), &slot.velocity))
    }
}

/// Refuses a group whose pattern matches no parameter: a typo would go unnoticed.
///
/// # Errors
/// [`Error::Usage`] naming the group.
pub fn check_patterns(parameters: &[Parameter], section: &OptimizerSection) -> Result<()> {
    for (i, group) in section.groups.iter().enumerate() {
        if !parameters.iter().any(|parameter| matches(&group.pattern, &parameter.name)) {
            let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
            let problem = format!("\"{}\" matches no parameter", group.pattern);
            return Err(Error::usage(format!("optimizer.groups[{i}].match"), problem)
                .with_hint(format!("the network has {}", names.join(", "))));
        }
    }
    Ok(())
}

/// The parameters that training changes, each with the first group whose pattern matches.
pub fn learned<'a>(
    parameters: &'a [Parameter],
    section: &'a OptimizerSection,
) -> impl Iterator<Item = (&'a Parameter, Option<&'a GroupSection>)> {
    let grouped = parameters.iter().filter(|parameter| parameter.learned).map(|parameter| {
        let matching = |group: &&GroupSection| matches(&group.pattern, &parameter.name);
        (parameter, section.groups.iter().find(matching))
    });
    grouped.filter(|(_, group)| !group.is_some_and(|group| group.frozen))
}

#[cfg(test)]
mod tests {
    use apl_core::{
        nn::{Init, Role, Setup},
        random::Streams,
    };
    use candle_core::{DType, Device};

    use super::*;
    use crate::config::{GroupSection, MomentumSection, RateSection};

    fn numbers(optimizer: &Sgd) -> usize {
        optimizer.velocities().map(|(_, velocity)| velocity.elem_count()).sum()
    }

    fn parameter(name: &str) -> Parameter {
        let setup = Setup { streams: Streams::new(1), dtype: DType::F64, device: Device::Cpu };
        let parameter =
            Parameter::new(name.into(), Role::Weight, &[2], Init::Constant(1.0), &setup).unwrap();
        let gradient = Tensor::full(0.5, 2, &Device::Cpu).unwrap();
        Parameter { gradient, ..parameter }
    }

    fn section(groups: &[(&str, f64, f64, bool)]) -> OptimizerSection {
        let group = |&(pattern, lr, decay, frozen): &(&str, f64, f64, bool)| GroupSection {
            pattern: pattern.into(),
            lr,
            decay,
            frozen,
        };
        OptimizerSection {
            batch: 1,
            momentum: MomentumSection { from: 0.0, to: None, steps: None },
            weight_decay: 0.1,
            rates: vec![RateSection { until: 1, lr: 1.0, gamma: None }],
            groups: groups.iter().map(group).collect(),
            loss_limit: 1.0,
        }
    }

    fn value(parameter: &Parameter) -> f64 {
        parameter.value.to_vec1::<f64>().unwrap()[0]
    }

    /// Two steps of `v = m v + lr rate (g + decay w); w -= v`, by hand.
    #[test]
    fn the_first_matching_group_gives_the_multipliers() {
        let parameters = ["conv1.weight", "conv1.bias", "ip1.bias", "act1.slopes"].map(parameter);
        let groups = [("ip1.*", 1.0, 1.0, true), ("*.bias", 2.0, 0.0, false)];
        let optimizer = Sgd::new(&parameters, &section(&groups)).unwrap();
        assert_eq!(numbers(&optimizer), 6);
        optimizer.step(0.1, 0.9).unwrap();
        optimizer.step(0.01, 0.9).unwrap();
        let weight = |rate: f64, decay: f64| {
            let v = 0.1 * rate * (0.5 + decay);
            let w = 1.0 - v;
            w - (0.9 * v + 0.01 * rate * (0.5 + decay * w))
        };
        assert!((value(&parameters[0]) - weight(1.0, 0.1)).abs() < 1e-15);
        assert!((value(&parameters[1]) - weight(2.0, 0.0)).abs() < 1e-15);
        assert_eq!(value(&parameters[2]), 1.0);
        assert!((value(&parameters[3]) - weight(1.0, 0.1)).abs() < 1e-15);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let parameters = ["conv1.weight"].map(parameter);
        let error = Sgd::new(&parameters, &section(&[("*.biass", 1.0, 1.0, false)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "optimizer.groups[0].match: \"*.biass\" matches no parameter\nhint: the network has conv1.weight"
        );
    }

    #[test]
    fn frozen_parameters_stay() {
        let frozen = Parameter { learned: false, ..parameter("act1.slopes") };
        let optimizer = Sgd::new(std::slice::from_ref(&frozen), &section(&[])).unwrap();
        optimizer.step(0.1, 0.9).unwrap();
        assert_eq!((numbers(&optimizer), value(&frozen)), (0, 1.0));
    }
}
