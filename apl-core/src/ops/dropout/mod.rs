//! Dropout that stores no mask: it is drawn again from (seed, layer, step) in the backward pass.
//!
//! Element `i` of the flattened tensor reads byte `i mod 16` of Philox block `i / 16` (see [`crate::random`]) and is dropped where the byte is below
//! `round(256 rate)`; what is kept is scaled by `1 / (1 - round(256 rate) / 256)`, so that the expected value is kept exactly. The rates of the
//! paper, 1/4 and 1/2, are exact.
//!
//! ```
//! use apl_core::{ops::dropout::{self, Mask}, random::Streams};
//! use candle_core::{DType, Device, Tensor};
//! let x = Tensor::ones(1000, DType::F32, &Device::Cpu)?;
//! // The first dropout layer of the run with seed 7, at step 3.
//! let mask = Mask::new(0.5, Streams::new(7), 0, 3)?;
//! let y = dropout::apply(&x, mask)?.to_vec1::<f32>()?;
//! assert!(y.iter().all(|&v| v == 0.0 || v == 2.0));
//! assert_eq!(y, dropout::apply(&x, mask)?.to_vec1::<f32>()?);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod cpu;
mod cuda;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, backend::BackendStorage};

use crate::{
    Error, Result,
    ops::{
        access::{Named, apart, read, slice_of, write},
        check, cuda as gpu,
        dials::Dials,
        real::{Real, with_real},
    },
    random::{Purpose, Streams},
};

/// Which elements are dropped: a pure function of these numbers.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    key: [u32; 2],
    step: u64,
    /// Bytes below this drop their element.
    threshold: u8,
    /// Where a GPU reads the step.
    dials: Option<&'a Dials>,
}

/// Refuses a rate outside `[0, 1)`, or one so near 1 that a mask, which rounds to 1/256, would round it to 1.
///
/// # Errors
/// [`Error::Setting`] with this place.
pub fn check_rate(place: &str, rate: f64) -> Result<()> {
    if rate >= 0.0 && (rate * 256.0).round() < 256.0 {
        return Ok(());
    }
    Err(check::wrong_setting(place, rate, "in [0, 1), at most 255/256"))
}

impl<'a> Mask<'a> {
    /// The mask of a dropout layer (by its number among the dropout layers of the network) at a step.
    ///
    /// # Errors
    /// A rate outside `[0, 1)`, or one so near 1 that it rounds to 1.
    pub fn new(rate: f64, streams: Streams, layer: u32, step: u64) -> Result<Self> {
        check_rate("dropout: rate", rate)?;
        let threshold = (rate * 256.0).round() as u8;
        Ok(Self { key: streams.key(Purpose::Dropout, layer), step, threshold, dials: None })
    }

    /// The same, of the step that the dials show when a GPU applies it; elsewhere the step remains what it is.
    pub fn by<'b>(self, dials: Option<&'b Dials>) -> Mask<'b> {
        let Self { key, step, threshold, .. } = self;
        Mask { key, step, threshold, dials }
    }

    fn words(&self) -> Option<Named<'a>> {
        self.dials.map(|dials| ("dropout: dials", dials.words()))
    }

    /// The factor of what is kept.
    pub fn scale(&self) -> f64 {
        256.0 / (256.0 - f64::from(self.threshold))
    }

    /// 0 for what is dropped and 1 for what is kept, in the given shape and type.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn tensor(&self, like: &Tensor) -> Result<Tensor> {
        let mut kept = vec![1f64; like.elem_count()];
        cpu::apply_in_place(&mut kept, *self, 1.0);
        Ok(Tensor::from_vec(kept, like.dims(), like.device())?.to_dtype(like.dtype())?)
    }
}

/// Writes `x` with dropped elements 0 and kept ones scaled into `y`. The backward pass is the same function of the gradient.
///
/// # Errors
/// Different shapes or dtypes, `y` sharing memory with `x`.
pub fn forward(x: &Tensor, mask: Mask, y: &Tensor) -> Result<()> {
    let (x, y) = (("dropout: x", x), ("dropout: y", y));
    check::shape(y, x.1.dims())?;
    let dtype = check::same_dtype(&[x, y])?;
    apart(&[y], &[x])?;
    let count = x.1.elem_count();
    if let Some(done) = gpu::run([Some(x), Some(y), mask.words()], |machine, [x, y, dials]| {
        cuda::apply(machine, [x, y, dials], mask, count, dtype)
    }) {
        return done;
    }
    with_real!("dropout", dtype, T => read::<T, _, 1>([x], |[x]| {
        write(y, |y| {
            cpu::apply(x, y, mask, T::of(mask.scale()));
            Ok(())
        })
    }))
}

/// [`forward`] over `x` itself; the same function turns the output's gradient into the input's.
///
/// # Errors
/// A dtype or device without a kernel.
pub fn forward_in_place(x: &Tensor, mask: Mask) -> Result<()> {
    let x: Named = ("dropout: x", x);
    let (count, dtype) = (x.1.elem_count(), x.1.dtype());
    if let Some(done) = gpu::run([Some(x), mask.words()], |machine, [x, dials]| {
        cuda::apply(machine, [x, x, dials], mask, count, dtype)
    }) {
        return done;
    }
    with_real!("dropout", dtype, T => write(x, |x| {
        cpu::apply_in_place(x, mask, T::of(mask.scale()));
        Ok(())
    }))
}

/// Dropout on Candle's tape.
///
/// # Errors
/// A dtype or device without a kernel.
pub fn apply(x: &Tensor, mask: Mask) -> Result<Tensor> {
    Ok(x.contiguous()?.apply_op1(Dropout { mask: mask.by(None) })?)
}

/// The same from Candle's elementary operations.
///
/// # Errors
/// What Candle reports.
pub fn composed(x: &Tensor, mask: Mask) -> Result<Tensor> {
    Ok((x * (mask.tensor(x)? * mask.scale())?)?)
}

struct Dropout {
    mask: Mask<'static>,
}

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let storage = with_real!("dropout", x.dtype(), T => {
            let mut y = slice_of::<T>("dropout: x", x, layout)?.to_vec();
            cpu::apply_in_place(&mut y, self.mask, T::of(self.mask.scale()));
            Ok::<_, Error>(T::storage(y))
        })?;
        Ok((storage, layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, g: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let dx = g.copy()?;
        forward_in_place(&dx, self.mask)?;
        Ok(Some(dx))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        ops::testing::{
            assert_close, check_against_composed, check_determinism, check_differences, error_of,
            normal, values,
        },
        random::philox4x32,
    };

    fn mask(rate: f64, step: u64) -> Mask<'static> {
        Mask::new(rate, Streams::new(5), 2, step).unwrap()
    }

    /// The documented rule, written out element by element.
    #[test]
    fn masks_follow_the_documented_rule() {
        let step = 0x0001_0203_0405;
        let ones = Tensor::ones(70_001, DType::F32, &Device::Cpu).unwrap();
        let found = values(&apply(&ones, mask(0.25, step)).unwrap());
        let key = [5, (4 << 24) | 2];
        for (i, &value) in found.iter().enumerate() {
            let counter = [(i / 16) as u32, 0, step as u32, (step >> 32) as u32];
            let word = philox4x32(counter, key)[i % 16 / 4];
            let byte = word.to_le_bytes()[i % 4];
            let expected = if byte < 64 { 0.0 } else { f64::from(1.0f32 / 0.75) };
            assert_eq!(value, expected, "element {i}");
        }
    }

    #[test]
    fn the_share_of_dropped_elements_is_the_rate() {
        let ones = Tensor::ones(200_000, DType::F32, &Device::Cpu).unwrap();
        for rate in [0.0, 0.25, 0.5, 0.9] {
            let y = values(&apply(&ones, mask(rate, 0)).unwrap());
            let dropped = y.iter().filter(|&&v| v == 0.0).count() as f64 / y.len() as f64;
            let rounded = (rate * 256.0).round() / 256.0;
            let error = (rounded * (1.0 - rounded) / y.len() as f64).sqrt();
            assert!((dropped - rounded).abs() <= 5.0 * error, "{rate}: {dropped}");
        }
    }

    #[test]
    fn steps_layers_and_seeds_have_masks_of_their_own() {
        let ones = Tensor::ones(64, DType::F32, &Device::Cpu).unwrap();
        let masks = [
            mask(0.5, 0),
            mask(0.5, 1),
            Mask::new(0.5, Streams::new(5), 3, 0).unwrap(),
            Mask::new(0.5, Streams::new(6), 2, 0).unwrap(),
        ];
        let all: Vec<_> = masks.iter().map(|m| values(&apply(&ones, *m).unwrap())).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn gradients_equal_differences_and_depend_on_neither_threads_nor_simd() {
        for (dims, rate) in [(&[1usize][..], 0.5), (&[3, 17], 0.25), (&[2, 3, 5, 7], 0.9)] {
            let inputs = [normal("x", dims, DType::F64)];
            check_differences("dropout", &|t| apply(&t[0], mask(rate, 3)), &inputs);
        }
        let inputs = [normal("x", &[70_001], DType::F32)];
        check_determinism("dropout", &|t| apply(&t[0], mask(0.25, 1)), &inputs);
    }

    #[test]
    fn wrong_arguments_are_named() {
        for rate in [-0.1, 1.0, 0.999, f64::NAN] {
            let text = error_of(Mask::new(rate, Streams::new(1), 0, 0));
            assert!(text.starts_with(&format!("dropout: rate: found {rate}")), "{text}");
        }
        let x = normal("x", &[3], DType::F32);
        assert!(error_of(forward(&x, mask(0.5, 0), &x)).contains("share memory"));
        assert_eq!(
            error_of(forward(&x, mask(0.5, 0), &normal("y", &[4], DType::F32))),
            "dropout: y: found shape [4], expected [3]"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_shape_agrees_with_composed(
            dims in prop::collection::vec(1usize..20, 1..4),
            rate in 0.0f64..0.99,
            step in any::<u64>(),
        ) {
            let mask = mask(rate, step);
            let inputs = [normal("x", &dims, DType::F64)];
            check_against_composed(
                "dropout",
                &|t| apply(&t[0], mask),
                &|t| composed(&t[0], mask),
                &inputs,
            );
            let y = inputs[0].zeros_like().unwrap();
            forward(&inputs[0], mask, &y).unwrap();
            assert_close("apart", &y, &apply(&inputs[0], mask).unwrap(), 0.0);
        }
    }
}
