//! Initial values, seeded by name.

use candle_core::{DType, Device, Tensor};

use crate::{
    Error, Result,
    ops::check,
    random::{Purpose, Streams},
};

/// How a parameter starts. The names follow Caffe's fillers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// The same value everywhere.
    Constant(f64),
    /// Normal with mean 0 and this deviation.
    Normal(f64),
    /// Uniform in `[-width, width)`.
    Uniform(f64),
}

impl Init {
    /// Normal with deviation `sqrt(2 / inputs of a unit)` (He et al. 2015, "Delving Deep into Rectifiers").
    pub fn he(inputs: usize) -> Self {
        Init::Normal((2.0 / inputs as f64).sqrt())
    }

    /// A tensor whose values depend on the seed and on `name` only.
    ///
    /// Values are drawn in row-major order in f64 and rounded to `dtype`.
    ///
    /// # Errors
    /// [`Error::Setting`] where a deviation or width is negative or not finite; a shape beyond what memory can have.
    pub fn tensor(
        &self,
        name: &str,
        shape: &[usize],
        streams: Streams,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        self.check(name)?;
        let count = check::count(name, shape)?;
        let mut stream = streams.named(Purpose::Init, name);
        let values: Vec<f64> = match *self {
            Init::Constant(value) => vec![value; count],
            Init::Normal(std) => (0..count).map(|_| std * stream.normal()).collect(),
            Init::Uniform(width) => {
                (0..count).map(|_| width * (2.0 * stream.uniform() - 1.0)).collect()
            }
        };
        let values = Tensor::from_vec(values, shape, &Device::Cpu)?;
        Ok(values.to_dtype(dtype)?.to_device(device)?)
    }

    /// Refuses a number that is not finite, and a deviation or width below 0.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        let (Init::Constant(scale) | Init::Normal(scale) | Init::Uniform(scale)) = *self;
        let signed = matches!(self, Init::Constant(_));
        if scale.is_finite() && (scale >= 0.0 || signed) {
            return Ok(());
        }
        Err(Error::Setting {
            place: format!("initialiser of {name}"),
            found: format!("{self:?}"),
            expected: "a finite number, not negative for a deviation or a width".into(),
        })
    }
}
