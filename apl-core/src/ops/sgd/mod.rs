//! One step of stochastic gradient descent with momentum, by Caffe's rule, in place and in one pass.

mod cpu;
mod cuda;

use candle_core::{DType, Tensor};

use crate::{
    Result,
    ops::{
        access::{Named, apart, read, write2},
        check, cuda as gpu,
        dials::Dials,
        real::{Real, with_real},
    },
};

/// The numbers of a step, multipliers of the parameter's group included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Learning rate.
    pub rate: f64,
    /// Share of the velocity that is kept.
    pub momentum: f64,
    /// Weight decay, the factor of the value in the gradient.
    pub decay: f64,
}

/// `velocity = momentum velocity + rate (gradient + decay value)`, then `value = value - velocity`.
///
/// The rate stands inside the velocity, as in Caffe (solver.cpp): when it drops, what was gathered at the old rate still counts in full.
///
/// ```
/// use apl_core::ops::sgd::{Step, step};
/// use candle_core::{Device, Tensor};
/// let value = Tensor::new(&[1f64], &Device::Cpu)?;
/// let (gradient, velocity) = (value.copy()?, value.zeros_like()?);
/// step(&value, &gradient, &velocity, Step { rate: 0.25, momentum: 0.5, decay: 1.0 })?;
/// assert_eq!(velocity.to_vec1::<f64>()?, [0.5]);
/// assert_eq!(value.to_vec1::<f64>()?, [0.5]);
/// # Ok::<(), apl_core::Error>(())
/// ```
///
/// # Shapes
/// All three tensors have the same.
///
/// # Errors
/// Different shapes or dtypes, tensors that share memory, a rate, momentum or decay that is not finite.
pub fn step(value: &Tensor, gradient: &Tensor, velocity: &Tensor, step: Step) -> Result<()> {
    let (value, gradient) = (("sgd: value", value), ("sgd: gradient", gradient));
    let velocity = ("sgd: velocity", velocity);
    for (name, number) in [("rate", step.rate), ("momentum", step.momentum), ("decay", step.decay)]
    {
        finite(name, number)?;
    }
    check::shape(gradient, value.1.dims())?;
    check::shape(velocity, value.1.dims())?;
    let dtype = check::same_dtype(&[value, gradient, velocity])?;
    apart(&[value, velocity], &[gradient])?;
    let count = value.1.elem_count();
    if let Some(done) = gpu::run([value, gradient, velocity].map(Some), |machine, at| {
        cuda::step_one(machine, at, step, count, dtype)
    }) {
        return done;
    }
    with_real!("sgd", dtype, T => read::<T, _, 1>([gradient], |[gradient]| {
        write2(value, velocity, |value, velocity| {
            let [rate, momentum, decay] = [step.rate, step.momentum, step.decay].map(T::of);
            cpu::step(value, gradient, velocity, rate, momentum, decay);
            Ok(())
        })
    }))
}

/// A parameter that is moved, with its velocity and the multipliers of its group.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Of any shape, as are the others.
    pub value: Tensor,
    /// Its gradient.
    pub gradient: Tensor,
    /// What it moves by.
    pub velocity: Tensor,
    /// The factor of the learning rate.
    pub rate: f64,
    /// Weight decay.
    pub decay: f64,
}

/// Parameters that a GPU moves together, by one launch however many they are.
#[derive(Debug)]
pub struct Together {
    table: Tensor,
    /// Of the table, and of the launch.
    slots: usize,
    blocks: usize,
    dtype: DType,
    /// What the table's addresses are of.
    _tensors: Vec<Moved>,
}

impl Together {
    /// `None` where a processor computes, or where there is nothing to move: [`step`] does it there.
    ///
    /// # Errors
    /// As [`step`], and parameters of different dtypes.
    pub fn new(parameters: &[Moved]) -> Result<Option<Self>> {
        let Some(first) = parameters.first() else { return Ok(None) };
        let dtype = first.value.dtype();
        let mut slots = Vec::with_capacity(parameters.len());
        for Moved { value, gradient, velocity, rate, decay } in parameters {
            let names = ["sgd: value", "sgd: gradient", "sgd: velocity"];
            let tensors = [(names[0], value), (names[1], gradient), (names[2], velocity)];
            check::shape(tensors[1], value.dims())?;
            check::shape(tensors[2], value.dims())?;
            check::same_dtype(&[("sgd: value", &first.value), tensors[0]])?;
            check::same_dtype(&tensors)?;
            let (count, rate, decay) = (value.elem_count(), *rate, *decay);
            let found = gpu::run(tensors.map(Some), |_, [value, gradient, velocity]| {
                slots.push(cuda::Slot { value, gradient, velocity, count, rate, decay });
                Ok(())
            });
            let Some(found) = found else { return Ok(None) };
            found?;
        }
        let (words, blocks) = cuda::table(&slots);
        let table = Tensor::new(words, first.value.device())?;
        let _tensors = parameters.to_vec();
        Ok(Some(Self { table, slots: slots.len(), blocks, dtype, _tensors }))
    }

    /// [`step`] of every parameter, by this rate and momentum.
    ///
    /// # Errors
    /// A rate or momentum that is not finite; what the device reports.
    pub fn step(&self, rate: f64, momentum: f64) -> Result<()> {
        for (name, number) in [("rate", rate), ("momentum", momentum)] {
            finite(name, number)?;
        }
        self.launch([rate, momentum], None)
    }

    /// [`step`] of every parameter, by the rate and the momentum that the dials show when the GPU gets to it.
    ///
    /// # Errors
    /// What the device reports.
    pub fn step_by(&self, dials: &Dials) -> Result<()> {
        self.launch([0.0; 2], Some(("sgd: dials", dials.words())))
    }

    fn launch(&self, numbers: [f64; 2], dials: Option<Named>) -> Result<()> {
        let done = gpu::run([Some(("sgd: table", &self.table)), dials], |machine, at| {
            cuda::step_all(machine, at, [self.slots, self.blocks], numbers, self.dtype)
        });
        done.unwrap_or(Ok(()))
    }
}

fn finite(name: &str, number: f64) -> Result<()> {
    if number.is_finite() {
        return Ok(());
    }
    Err(check::wrong_setting(&format!("sgd: {name}"), number, "a finite number"))
}

/// [`step`] from Candle's elementary operations: the new value and the new velocity.
///
/// # Errors
/// As [`step`].
pub fn composed(
    value: &Tensor,
    gradient: &Tensor,
    velocity: &Tensor,
    step: Step,
) -> Result<(Tensor, Tensor)> {
    let pull = ((gradient + (value * step.decay)?)? * step.rate)?;
    let velocity = ((velocity * step.momentum)? + pull)?;
    Ok(((value - &velocity)?, velocity))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use proptest::prelude::*;

    use super::*;
    use crate::ops::testing::{assert_close, error_of, normal, values};

    const STEP: Step = Step { rate: 0.1, momentum: 0.9, decay: 0.01 };

    #[test]
    fn in_place_equals_composed() {
        for dims in [&[1usize][..], &[7, 5], &[70_001]] {
            for dtype in [DType::F32, DType::F64] {
                let [w, g, v] = ["w", "g", "v"].map(|name| normal(name, dims, dtype));
                let (value, velocity) = composed(&w, &g, &v, STEP).unwrap();
                step(&w, &g, &v, STEP).unwrap();
                assert_close("value", &w, &value, 1e-6);
                assert_close("velocity", &v, &velocity, 1e-6);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_shape_and_numbers_equal_composed(
            dims in prop::collection::vec(0usize..12, 0..4),
            rate in 0.0f64..1.0,
            momentum in 0.0f64..1.0,
            decay in 0.0f64..0.1,
        ) {
            let numbers = Step { rate, momentum, decay };
            let [w, g, v] = ["w", "g", "v"].map(|name| normal(name, &dims, DType::F64));
            let (value, velocity) = composed(&w, &g, &v, numbers).unwrap();
            step(&w, &g, &v, numbers).unwrap();
            assert_close("value", &w, &value, 1e-14);
            assert_close("velocity", &v, &velocity, 1e-14);
        }
    }

    /// By hand: w = 1, g = 1, decay 0.5; V1 = 0.1 * 1.5 = 0.15, w = 0.85; then rate 0.01: V2 = 0.5 * 0.15 + 0.01 * 1.425 = 0.08925, w = 0.76075.
    #[test]
    fn the_rate_is_inside_the_velocity() {
        let one = Tensor::ones(1, DType::F64, &Device::Cpu).unwrap();
        let (w, v) = (one.copy().unwrap(), one.zeros_like().unwrap());
        step(&w, &one, &v, Step { rate: 0.1, momentum: 0.5, decay: 0.5 }).unwrap();
        assert!((values(&w)[0] - 0.85).abs() < 1e-15);
        step(&w, &one, &v, Step { rate: 0.01, momentum: 0.5, decay: 0.5 }).unwrap();
        assert!((values(&w)[0] - 0.76075).abs() < 1e-15);
        assert!((values(&v)[0] - 0.08925).abs() < 1e-15);
    }

    #[test]
    fn wrong_arguments_are_named() {
        let x = normal("x", &[2], DType::F32);
        let y = normal("y", &[3], DType::F32);
        assert_eq!(
            error_of(step(&x, &y, &x, STEP)),
            "sgd: gradient: found shape [3], expected [2]"
        );
        assert!(error_of(step(&x, &x, &x, STEP)).contains("share memory"));
        assert_eq!(
            error_of(step(&x, &x, &x, Step { rate: f64::NAN, ..STEP })),
            "sgd: rate: found NaN, expected a finite number"
        );
    }
}
