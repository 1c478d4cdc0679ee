//! The adaptive piecewise linear activation as a module for Candle.

use candle_core::{Module, Tensor};
use candle_nn::VarBuilder;

use crate::{
    Error, Result,
    activation::Sharing,
    nn::Init,
    ops::{self, check},
};

/// How one kind of parameter, slopes or offsets, starts and whether training changes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterConfig {
    /// The initial values.
    pub init: Init,
    /// `false` freezes them at their initial values.
    pub learned: bool,
}

impl ParameterConfig {
    /// Learned, starting from `init`.
    pub const fn learned(init: Init) -> Self {
        Self { init, learned: true }
    }
}

/// The settings of an [`Apl`] activation.
///
/// | field | meaning | authors' layer |
/// |---|---|---|
/// | `hinges` | S, at least 1 | 2 |
/// | `sharing` | which inputs share parameters | unit |
/// | `slopes` | initial `a` | uniform in `[-0.5/S, 0.5/S)` |
/// | `offsets` | initial `b` | normal, deviation 0.5 |
///
/// The constants are what the authors' published networks used (repository `Learned-Activation-Functions-Source`, December 2014 unless said).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AplConfig {
    /// The number of hinges S.
    pub hinges: usize,
    /// How far the parameters are shared.
    pub sharing: Sharing,
    /// The slopes `a`.
    pub slopes: ParameterConfig,
    /// The offsets `b`.
    pub offsets: ParameterConfig,
}

impl AplConfig {
    /// CIFAR-10, convolutional network: S = 5, slopes in ±0.2.
    pub const CIFAR10_CNN: Self = Self::with_width(5, 0.2);
    /// The same in the release of May 2015: slopes in ±0.5.
    pub const CIFAR10_CNN_2015: Self = Self::with_width(5, 0.5);
    /// CIFAR-100, convolutional network: S = 2, slopes in ±0.5.
    pub const CIFAR100_CNN: Self = Self::with_width(2, 0.5);
    /// CIFAR-10, network in network: S = 1, slopes in ±0.1.
    pub const CIFAR10_NIN: Self = Self::with_width(1, 0.1);
    /// CIFAR-100, network in network: S = 1, slopes in ±0.5.
    pub const CIFAR100_NIN: Self = Self::with_width(1, 0.5);
    /// Higgs: S = 2, slopes in ±0.5.
    pub const HIGGS: Self = Self::with_width(2, 0.5);

    /// The authors' layer with S hinges and its default initial values.
    pub fn new(hinges: usize) -> Self {
        Self::with_width(hinges, 0.5 / hinges.max(1) as f64)
    }

    const fn with_width(hinges: usize, width: f64) -> Self {
        Self {
            hinges,
            sharing: Sharing::Unit,
            slopes: ParameterConfig::learned(Init::Uniform(width)),
            offsets: ParameterConfig::learned(Init::Normal(0.5)),
        }
    }

    /// The shape `[S, ...]` of slopes and of offsets, for units of the given shape (an example's, without the batch).
    ///
    /// # Errors
    /// No hinges, a unit shape that is empty or has a dimension 0, more parameters than memory can have.
    pub fn parameter_shape(&self, unit: &[usize]) -> Result<Vec<usize>> {
        if self.hinges == 0 {
            return Err(Error::Setting {
                place: "apl: hinges".into(),
                found: "0".into(),
                expected: "at least 1".into(),
            });
        }
        if unit.is_empty() || unit.contains(&0) {
            return Err(Error::Shape {
                place: "apl: unit".into(),
                found: unit.to_vec(),
                expected: "the shape of one example, no dimension 0".into(),
            });
        }
        let shape = [&[self.hinges], self.sharing.parameter_shape(unit)].concat();
        check::count("apl: slopes and offsets", &shape)?;
        Ok(shape)
    }
}

/// `h(x) = max(0, x) + sum_s a_s max(0, -x + b_s)` with slopes `a` and offsets `b` of its own for every unit (Agostinelli et al., equation 1).
///
/// # Shapes
/// - input and output: `[N, unit shape...]`
/// - `slopes`, `offsets`: `[S]` followed by [`Sharing::parameter_shape`] of the unit shape
///
/// ```
/// use apl_core::activation::{Apl, AplConfig};
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_nn::{VarBuilder, VarMap};
///
/// let device = Device::Cpu;
/// let variables = VarMap::new();
/// let builder = VarBuilder::from_varmap(&variables, DType::F32, &device);
/// // Feature maps of 8 channels, 16 by 16, each unit with two hinges of its own.
/// let activation = Apl::new(&[8, 16, 16], AplConfig::new(2), builder.pp("act1"))?;
/// let x = Tensor::randn(0f32, 1.0, (4, 8, 16, 16), &device)?;
/// let y = activation.forward(&x)?;
/// assert_eq!(y.dims(), x.dims());
/// // `act1.slopes` and `act1.offsets` train like any other variable.
/// let gradients = y.sqr()?.sum_all()?.backward()?;
/// assert_eq!(variables.all_vars().iter().filter(|v| gradients.get(v).is_some()).count(), 2);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Apl {
    slopes: Tensor,
    offsets: Tensor,
    sharing: Sharing,
}

impl Apl {
    /// An activation for units of the given shape, its variables `slopes` and `offsets` taken from (or made by) `builder`.
    ///
    /// New variables get Candle's random numbers, which cannot be seeded on the CPU; the networks of [`crate::nn`] use seeded ones.
    ///
    /// # Errors
    /// A setting out of range; what `builder` reports, such as a stored variable of another shape.
    pub fn new(unit: &[usize], config: AplConfig, builder: VarBuilder) -> Result<Self> {
        let shape = config.parameter_shape(unit)?;
        let variable = |name: &str, parameter: ParameterConfig| -> Result<Tensor> {
            parameter.init.check(name)?;
            let init = match parameter.init {
                Init::Uniform(0.0) => candle_nn::Init::Const(0.0),
                Init::Constant(value) => candle_nn::Init::Const(value),
                Init::Normal(stdev) => candle_nn::Init::Randn { mean: 0.0, stdev },
                Init::Uniform(width) => candle_nn::Init::Uniform { lo: -width, up: width },
            };
            let variable = builder.get_with_hints(shape.as_slice(), name, init)?;
            Ok(if parameter.learned { variable } else { variable.detach() })
        };
        let slopes = variable("slopes", config.slopes)?;
        let offsets = variable("offsets", config.offsets)?;
        Ok(Self { slopes, offsets, sharing: config.sharing })
    }

    /// An activation with given parameters; shapes are checked against the input when it runs.
    pub fn from_tensors(slopes: Tensor, offsets: Tensor, sharing: Sharing) -> Self {
        Self { slopes, offsets, sharing }
    }

    /// The slopes `a`.
    pub fn slopes(&self) -> &Tensor {
        &self.slopes
    }

    /// The offsets `b`.
    pub fn offsets(&self) -> &Tensor {
        &self.offsets
    }

    /// How far the parameters are shared.
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }
}

impl Module for Apl {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        Ok(ops::apl::apply(x, &self.slopes, &self.offsets, self.sharing)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::VarMap;

    use super::*;
    use crate::ops::testing::{assert_close, error_of, normal};

    fn build(unit: &[usize], config: AplConfig, variables: &VarMap) -> Result<Apl> {
        Apl::new(unit, config, VarBuilder::from_varmap(variables, DType::F64, &Device::Cpu))
    }

    #[test]
    fn a_frozen_part_gets_no_gradient() {
        for (slopes, offsets) in [(true, false), (false, true), (false, false)] {
            let variables = VarMap::new();
            let mut config = AplConfig::new(3);
            config.slopes.learned = slopes;
            config.offsets.learned = offsets;
            let apl = build(&[5], config, &variables).unwrap();
            let x = candle_core::Var::from_tensor(&normal("x", &[4, 5], DType::F64)).unwrap();
            let gradients = apl.forward(&x).unwrap().sqr().unwrap().sum_all().unwrap();
            let gradients = gradients.backward().unwrap();
            let data = variables.data().lock().unwrap();
            assert_eq!(gradients.get(&data["slopes"]).is_some(), slopes);
            assert_eq!(gradients.get(&data["offsets"]).is_some(), offsets);
            assert!(gradients.get(&x).is_some());
        }
    }

    /// paper.md section 1.3: leaky ReLU with slope 0.1 has S = 1, a = -0.1, b = 0.
    #[test]
    fn special_cases_are_the_known_functions() {
        let x = normal("x", &[6, 4], DType::F64);
        let unit = |slope: f64, sharing| {
            let slopes = Tensor::full(slope, 1, &Device::Cpu).unwrap();
            Apl::from_tensors(slopes.clone(), slopes.zeros_like().unwrap(), sharing)
        };
        let leaky = unit(-0.1, Sharing::Layer).forward(&x).unwrap();
        assert_close("leaky", &leaky, &ops::relu::apply(&x, 0.1).unwrap(), 1e-15);
        let absolute = unit(1.0, Sharing::Layer).forward(&x).unwrap();
        assert_close("absolute value", &absolute, &x.abs().unwrap(), 1e-15);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let variables = VarMap::new();
        assert_eq!(
            error_of(build(&[5], AplConfig::new(0), &variables)),
            "apl: hinges: found 0, expected at least 1"
        );
        assert_eq!(
            error_of(build(&[3, 0], AplConfig::new(1), &variables)),
            "apl: unit: found shape [3, 0], expected the shape of one example, no dimension 0"
        );
    }

    /// The table of initial values in the authors' repository.
    #[test]
    fn the_authors_networks_have_their_numbers() {
        assert_eq!(AplConfig::new(2).slopes.init, Init::Uniform(0.25));
        assert_eq!(AplConfig::CIFAR10_CNN.hinges, 5);
        assert_eq!(AplConfig::CIFAR10_CNN.slopes.init, Init::Uniform(0.2));
        assert_eq!(AplConfig::HIGGS.offsets.init, Init::Normal(0.5));
    }
}
