//! The adaptive piecewise linear activation as a layer of a chain.

use candle_core::Tensor;

use crate::{
    Error, Result,
    activation::{AplConfig, Sharing},
    nn::{Activation, Context, Layer, Parameter, Role, Setup},
    ops::{apl, check},
};

/// `h(x) = max(0, x) + sum_s a_s max(0, -x + b_s)`, see [`apl`](crate::ops::apl). Parameters `slopes` and `offsets`.
pub struct Apl {
    name: String,
    sharing: Sharing,
    parameters: [Parameter; 2],
}

impl Apl {
    /// An activation for units of the given shape, with parameters drawn by name.
    ///
    /// # Errors
    /// No hinges, an initialiser out of range.
    pub fn new(name: &str, unit: &[usize], config: AplConfig, setup: &Setup) -> Result<Self> {
        let shape = config.parameter_shape(unit)?;
        let parameter = |suffix, role, config: crate::activation::ParameterConfig| {
            let parameter =
                Parameter::new(format!("{name}.{suffix}"), role, &shape, config.init, setup)?;
            Ok::<_, Error>(Parameter { learned: config.learned, ..parameter })
        };
        let slopes = parameter("slopes", Role::Slopes, config.slopes)?;
        let offsets = parameter("offsets", Role::Offsets, config.offsets)?;
        Ok(Self { name: name.into(), sharing: config.sharing, parameters: [slopes, offsets] })
    }

    /// An activation with these slopes and offsets, `[S, ...]` each.
    ///
    /// # Errors
    /// Slopes without a dimension of hinges, or none of them; offsets of another shape.
    pub fn from_tensors(
        name: &str,
        slopes: Tensor,
        offsets: Tensor,
        sharing: Sharing,
    ) -> Result<Self> {
        if slopes.dims().first().is_none_or(|&hinges| hinges == 0) {
            let (place, found) = (format!("{name}.slopes"), slopes.dims().to_vec());
            return Err(Error::Shape { place, found, expected: "[S, ...], S at least 1".into() });
        }
        check::shape(("apl: offsets", &offsets), slopes.dims())?;
        let parameter =
            |suffix, role, value| Parameter::with_value(format!("{name}.{suffix}"), role, value);
        let slopes = parameter("slopes", Role::Slopes, slopes)?;
        let offsets = parameter("offsets", Role::Offsets, offsets)?;
        Ok(Self { name: name.into(), sharing, parameters: [slopes, offsets] })
    }
}

impl Activation for Apl {
    fn kind(&self) -> &'static str {
        "apl"
    }

    fn hinges(&self) -> usize {
        self.parameters[0].value.dims()[0]
    }

    fn sharing(&self) -> Option<Sharing> {
        Some(self.sharing)
    }

    fn slopes(&self) -> Option<&Tensor> {
        Some(&self.parameters[0].value)
    }

    fn offsets(&self) -> Option<&Tensor> {
        Some(&self.parameters[1].value)
    }
}

impl Layer for Apl {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "apl"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        apl::check_unit(input, self.parameters[0].value.dims(), self.sharing)?;
        Ok(input.to_vec())
    }

    fn algorithm(&self, batch: usize, input: &[usize]) -> Option<String> {
        let form = apl::form(&[&[batch], input].concat(), self.hinges(), self.sharing);
        Some(form.name().into())
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn activation(&self) -> Option<&dyn Activation> {
        Some(self)
    }

    fn forward(&mut self, input: &Tensor, output: &Tensor, _: &Context) -> Result<()> {
        let [slopes, offsets] = &self.parameters;
        apl::forward(input, &slopes.value, &offsets.value, self.sharing, output)
    }

    fn backward(
        &mut self,
        input: &Tensor,
        output_gradient: &Tensor,
        input_gradient: Option<&Tensor>,
        _: &Context,
    ) -> Result<()> {
        let [slopes, offsets] = &self.parameters;
        let learned = slopes.learned || offsets.learned;
        let gradients = learned.then_some((&slopes.gradient, &offsets.gradient));
        apl::backward(
            input,
            &slopes.value,
            &offsets.value,
            self.sharing,
            output_gradient,
            input_gradient,
            gradients,
        )
    }
}
