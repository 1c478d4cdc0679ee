//! The section `[activation]`.

use apl_core::{
    activation::{AplConfig, ParameterConfig, Sharing},
    nn::{ActivationConfig, Init},
};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// `[activation]`: what stands wherever the baseline has a ReLU.
///
/// | key | for | default | range |
/// |---|---|---|---|
/// | `kind` | all | | `relu`, `leaky-relu`, `apl` |
/// | `slope` | leaky-relu | 0.01 (Maas et al. 2013; the paper does not say) | finite |
/// | `hinges` | apl | | 1 to 64 |
/// | `sharing` | apl | `unit` | `unit`, `channel`, `layer` |
/// | `slopes` | apl | uniform in ±0.5/S, learned | [`ParameterSection`] |
/// | `offsets` | apl | normal with deviation 0.5, learned | [`ParameterSection`] |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ActivationSection {
    /// Which activation.
    pub kind: Kind,
    /// The slope of a leaky ReLU for negative inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<f64>,
    /// S.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hinges: Option<usize>,
    /// Which inputs share parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing: Option<SharingName>,
    /// Slopes `a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slopes: Option<ParameterSection>,
    /// Offsets `b`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offsets: Option<ParameterSection>,
}

/// The kinds of activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `max(0, x)`.
    Relu,
    /// `max(0, x) + slope min(0, x)`.
    LeakyRelu,
    /// The adaptive piecewise linear unit.
    Apl,
}

impl Kind {
    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Relu => "relu",
            Kind::LeakyRelu => "leaky-relu",
            Kind::Apl => "apl",
        }
    }
}

/// The names of [`Sharing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharingName {
    /// Every unit has its own parameters.
    Unit,
    /// The positions of a feature map share theirs.
    Channel,
    /// A layer shares one set.
    Layer,
}

impl From<SharingName> for Sharing {
    fn from(name: SharingName) -> Self {
        match name {
            SharingName::Unit => Sharing::Unit,
            SharingName::Channel => Sharing::Channel,
            SharingName::Layer => Sharing::Layer,
        }
    }
}

/// How slopes or offsets start and whether they are learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ParameterSection {
    /// Initial values; the kind's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<InitName>,
    /// `false` freezes them.
    #[serde(default = "yes")]
    pub learned: bool,
}

/// Initial values: `{ uniform = w }` in ±w, `{ normal = s }` with deviation s, `{ constant = c }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitName {
    /// Uniform between minus and plus this width.
    Uniform(f64),
    /// Normal with mean 0 and this deviation.
    Normal(f64),
    /// This value.
    Constant(f64),
}

impl From<InitName> for Init {
    fn from(name: InitName) -> Self {
        match name {
            InitName::Uniform(width) => Init::Uniform(width),
            InitName::Normal(deviation) => Init::Normal(deviation),
            InitName::Constant(value) => Init::Constant(value),
        }
    }
}

/// More hinges than this are a mistake of the pen.
const MOST_HINGES: usize = 64;

impl ActivationSection {
    /// Fills in every default, so that the section says all there is to say.
    pub fn resolve(&mut self) {
        match self.kind {
            Kind::Relu => {}
            Kind::LeakyRelu => {
                self.slope.get_or_insert(0.01);
            }
            Kind::Apl => {
                let width = 0.5 / self.hinges.unwrap_or(1).max(1) as f64;
                self.sharing.get_or_insert(SharingName::Unit);
                for (parameter, init) in [
                    (&mut self.slopes, InitName::Uniform(width)),
                    (&mut self.offsets, InitName::Normal(0.5)),
                ] {
                    let fresh = ParameterSection { init: None, learned: true };
                    parameter.get_or_insert(fresh).init.get_or_insert(init);
                }
            }
        }
    }

    /// The activation, checked.
    ///
    /// # Errors
    /// A key that means nothing for the kind, or one out of its range.
    pub fn check(&self) -> Result<ActivationConfig> {
        let fits = |key: &str, present: bool, kind: Kind| {
            if present && self.kind != kind {
                let problem = format!("has no meaning for kind = \"{}\"", self.kind.name());
                let hint = format!(
                    "remove it, set kind = \"{}\", or replace the section: --set 'activation={{kind=\"{}\"}}'",
                    kind.name(),
                    self.kind.name()
                );
                return Err(Error::usage(format!("activation.{key}"), problem).with_hint(hint));
            }
            Ok(())
        };
        fits("slope", self.slope.is_some(), Kind::LeakyRelu)?;
        fits("hinges", self.hinges.is_some(), Kind::Apl)?;
        fits("sharing", self.sharing.is_some(), Kind::Apl)?;
        fits("slopes", self.slopes.is_some(), Kind::Apl)?;
        fits("offsets", self.offsets.is_some(), Kind::Apl)?;
        match self.kind {
            Kind::Relu => Ok(ActivationConfig::Relu),
            Kind::LeakyRelu => {
                let slope = self.slope.unwrap_or(0.01);
                if !slope.is_finite() {
                    return Err(out_of_range("slope", slope, "a finite number"));
                }
                Ok(ActivationConfig::LeakyRelu { slope })
            }
            Kind::Apl => self.check_apl().map(ActivationConfig::Apl),
        }
    }

    fn check_apl(&self) -> Result<AplConfig> {
        let Some(hinges) = self.hinges else {
            let error =
                Error::usage("activation.hinges", "is missing, expected the number of hinges S");
            return Err(error.with_hint(
                "the paper used 5 (CIFAR-10 CNN), 2 (CIFAR-100 CNN, Higgs) and 1 or 2 (NIN)",
            ));
        };
        if !(1..=MOST_HINGES).contains(&hinges) {
            return Err(out_of_range("hinges", hinges, &format!("1 to {MOST_HINGES}")));
        }
        let mut config = AplConfig::new(hinges);
        if let Some(sharing) = self.sharing {
            config.sharing = sharing.into();
        }
        for (key, section, parameter) in [
            ("slopes", self.slopes, &mut config.slopes),
            ("offsets", self.offsets, &mut config.offsets),
        ] {
            let Some(ParameterSection { init, learned }) = section else { continue };
            let init = init.map_or(parameter.init, Init::from);
            if let Init::Uniform(size) | Init::Normal(size) = init
                && !(size.is_finite() && size >= 0.0)
            {
                return Err(out_of_range(
                    &format!("{key}.init"),
                    size,
                    "a finite number, at least 0",
                ));
            }
            if let Init::Constant(value) = init
                && !value.is_finite()
            {
                return Err(out_of_range(&format!("{key}.init"), value, "a finite number"));
            }
            *parameter = ParameterConfig { init, learned };
        }
        Ok(config)
    }
}

fn out_of_range(key: &str, found: impl std::fmt::Display, expected: &str) -> Error {
    Error::usage(format!("activation.{key}"), format!("found {found}, expected {expected}"))
}

fn yes() -> bool {
    true
}
