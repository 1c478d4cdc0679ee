//! The adaptive piecewise linear activation, forward and backward.
//!
//! `h(x) = max(0, x) + sum_s a_s max(0, -x + b_s)` (Agostinelli et al., equation 1), with the gradients of the authors' layer, whose inequalities are
//! strict: `dh/dx = 1[x > 0] - sum_s a_s 1[-x + b_s > 0]`, `dh/da_s = max(0, -x + b_s)`, `dh/db_s = a_s 1[-x + b_s > 0]`.
//!
//! ```
//! use apl_core::{activation::Sharing, ops::apl};
//! use candle_core::{Device, Tensor};
//! let x = Tensor::new(&[[-2f32, 1.0], [0.5, -1.0]], &Device::Cpu)?;
//! let slopes = Tensor::new(&[[0.5f32, -1.0]], &Device::Cpu)?;
//! let offsets = Tensor::new(&[[1f32, 0.0]], &Device::Cpu)?;
//! let y = x.zeros_like()?;
//! apl::forward(&x, &slopes, &offsets, Sharing::Unit, &y)?;
//! assert_eq!(y.to_vec2::<f32>()?, [[1.5, 1.0], [0.75, -1.0]]);
//!
//! let g = x.ones_like()?;
//! let (dx, da, db) = (x.zeros_like()?, slopes.zeros_like()?, offsets.zeros_like()?);
//! apl::backward(&x, &slopes, &offsets, Sharing::Unit, &g, Some(&dx), Some((&da, &db)))?;
//! assert_eq!(dx.to_vec2::<f32>()?, [[-0.5, 1.0], [0.5, 1.0]]);
//! assert_eq!(da.to_vec2::<f32>()?, [[3.5, 1.0]]);
//! assert_eq!(db.to_vec2::<f32>()?, [[1.0, -1.0]]);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod cpu;
mod cuda;

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor, backend::BackendStorage};

use crate::{
    Error, Result,
    activation::Sharing,
    ops::{
        access::{apart, read, slice_of, write, write2},
        check, cuda as gpu,
        real::{Real, with_real},
    },
};

/// How the sum over the hinges is taken; the results agree to rounding.
///
/// With `e` the element type's epsilon, `h(x)` of either form is within `4 S e (|x| + sum_s |a_s| (|x| + |b_s|))` of the definition, `dx` within
/// `4 S e |g| (1 + sum_s |a_s|)`, and the gradients of a hinge that meets `n` values within `(n + S) e` times `sum |g| (|x| + |b_s|)` and
/// `sum |g a_s|`. Both take `x = b_s` for above the hinge, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every hinge meets every value.
    Direct,
    /// The hinges are sorted once for many values, and each value looks up the segment it falls into. Only where positions share parameters; where
    /// every unit has its own, or beyond 256 hinges, this is the direct form.
    Sorted,
}

impl Form {
    /// `direct` or `sorted`.
    pub fn name(self) -> &'static str {
        match self {
            Form::Direct => "direct",
            Form::Sorted => "sorted",
        }
    }
}

/// From so many hinges on a search costs less than all the hinges.
const MANY: usize = 24;
/// Values for each hinge of a group that make its sorting worth while.
const VALUES_PER_HINGE: usize = 16;

/// The form that [`forward`] and [`backward`] take: sorted for 24 to 256 hinges where a channel or a layer shares them and has at least 16 values
/// for each, direct elsewhere. A matter of shapes alone, so that neither the machine nor its threads change a result.
pub fn form(x: &[usize], hinges: usize, sharing: Sharing) -> Form {
    let unit = x.get(1..).unwrap_or_default();
    let groups = sharing.parameter_shape(unit).iter().product::<usize>().max(1);
    let values = x.iter().product::<usize>() / groups;
    let shared = unit.iter().product::<usize>() > groups;
    if shared && (MANY..=cpu::MOST_SORTED).contains(&hinges) && values >= VALUES_PER_HINGE * hinges
    {
        Form::Sorted
    } else {
        Form::Direct
    }
}

/// Writes `h(x)` into `y`.
///
/// # Shapes
/// - `x`, `y`: `[N, unit shape...]`, rank at least 2
/// - `slopes`, `offsets`: `[S]` followed by [`Sharing::parameter_shape`] of the unit shape
///
/// # Errors
/// A wrong shape, dtype, layout or device; a slope or an offset that is not finite; `y` sharing memory with what is read.
pub fn forward(
    x: &Tensor,
    slopes: &Tensor,
    offsets: &Tensor,
    sharing: Sharing,
    y: &Tensor,
) -> Result<()> {
    let form = form(x.dims(), slopes.dims().first().copied().unwrap_or(0), sharing);
    forward_in(form, x, slopes, offsets, sharing, y)
}

/// [`forward`] in a form of the caller's choice.
///
/// # Errors
/// As [`forward`].
pub fn forward_in(
    form: Form,
    x: &Tensor,
    slopes: &Tensor,
    offsets: &Tensor,
    sharing: Sharing,
    y: &Tensor,
) -> Result<()> {
    let size = size(x.dims(), slopes, offsets, sharing)?;
    let (x, slopes, offsets) = (("apl: x", x), ("apl: slopes", slopes), ("apl: offsets", offsets));
    let y = ("apl: y", y);
    check::shape(y, x.1.dims())?;
    let dtype = check::same_dtype(&[x, slopes, offsets, y])?;
    apart(&[y], &[x, slopes, offsets])?;
    let tensors = [x, slopes, offsets, y].map(Some);
    if let Some(done) = gpu::run(tensors, |machine, [x, slopes, offsets, y]| {
        cuda::forward(machine, cuda::Inputs { x, slopes, offsets }, y, size, dtype)
    }) {
        return done;
    }
    with_real!("apl", dtype, T => read::<T, _, 3>([x, slopes, offsets], |[x, a, b]| {
        write(y, |y| cpu::forward(x, a, b, y, size, form))
    }))
}

/// Writes the gradients of the loss by `x` and by the parameters, given its gradient `g` by `h(x)`.
///
/// # Shapes
/// - `x`, `g`, `dx`: `[N, unit shape...]`
/// - `slopes`, `offsets` and the two of `parameters` (their gradients, summed over what shares them): as in [`forward`]
///
/// # Errors
/// As [`forward`].
#[allow(clippy::too_many_arguments)]
pub fn backward(
    x: &Tensor,
    slopes: &Tensor,
    offsets: &Tensor,
    sharing: Sharing,
    g: &Tensor,
    dx: Option<&Tensor>,
    parameters: Option<(&Tensor, &Tensor)>,
) -> Result<()> {
    let form = form(x.dims(), slopes.dims().first().copied().unwrap_or(0), sharing);
    backward_in(form, x, slopes, offsets, sharing, g, dx, parameters)
}

/// [`backward`] in a form of the caller's choice.
///
/// # Errors
/// As [`forward`].
#[allow(clippy::too_many_arguments)]
pub fn backward_in(
    form: Form,
    x: &Tensor,
    slopes: &Tensor,
    offsets: &Tensor,
    sharing: Sharing,
    g: &Tensor,
    dx: Option<&Tensor>,
    parameters: Option<(&Tensor, &Tensor)>,
) -> Result<()> {
    let size = size(x.dims(), slopes, offsets, sharing)?;
    let (x, slopes, offsets) = (("apl: x", x), ("apl: slopes", slopes), ("apl: offsets", offsets));
    let g = ("apl: gradient", g);
    check::shape(g, x.1.dims())?;
    let inputs = [x, slopes, offsets, g];
    let dtype = check::same_dtype(&inputs)?;
    let dx = dx.map(|dx| ("apl: gradient of x", dx));
    let parameters =
        parameters.map(|(a, b)| [("apl: gradient of slopes", a), ("apl: gradient of offsets", b)]);
    let written: Vec<_> = dx.into_iter().chain(parameters.into_iter().flatten()).collect();
    for &tensor in &written {
        check::same_dtype(&[x, tensor])?;
    }
    if let Some(dx) = dx {
        check::shape(dx, x.1.dims())?;
    }
    for gradient in parameters.into_iter().flatten() {
        check::shape(gradient, slopes.1.dims())?;
    }
    apart(&written, &inputs)?;
    let [to_slopes, to_offsets] = parameters.map_or([None; 2], |both| both.map(Some));
    let tensors = [Some(x), Some(slopes), Some(offsets), Some(g), dx, to_slopes, to_offsets];
    if let Some(done) = gpu::run(tensors, |machine, [x, slopes, offsets, g, dx, da, db]| {
        let (inputs, to) = (
            cuda::Inputs { x, slopes, offsets },
            cuda::Gradients { x: dx, slopes: da, offsets: db },
        );
        cuda::backward(machine, inputs, g, to, size, dtype)
    }) {
        return done;
    }
    with_real!("apl", dtype, T => read::<T, _, 4>(inputs, |[x, a, b, g]| {
        let run = |dx: Option<&mut [T]>| match parameters {
            Some([slopes, offsets]) => write2(slopes, offsets, |da, db| {
                let gradients = cpu::Gradients { x: dx, parameters: Some((da, db)) };
                cpu::backward(x, a, b, g, gradients, size, form);
                Ok(())
            }),
            None => {
                let gradients = cpu::Gradients { x: dx, parameters: None };
                cpu::backward(x, a, b, g, gradients, size, form);
                Ok(())
            }
        };
        match dx {
            Some(dx) => write(dx, |dx| run(Some(dx))),
            None => run(None),
        }
    }))
}

/// Checks the shapes and sees `x` as `[batch, groups, positions]`.
fn size(x: &[usize], slopes: &Tensor, offsets: &Tensor, sharing: Sharing) -> Result<cpu::Size> {
    let (batch, unit) = match x.split_first() {
        Some((&batch, unit)) if !unit.is_empty() && !x.contains(&0) => (batch, unit),
        _ => {
            let expected = "rank at least 2, [N, unit shape...], no dimension 0";
            return Err(check::wrong_shape("apl: x", x, expected.into()));
        }
    };
    check_unit(unit, slopes.dims(), sharing)?;
    check::shape(("apl: offsets", offsets), slopes.dims())?;
    let groups = sharing.parameter_shape(unit).iter().product::<usize>();
    let positions = unit.iter().product::<usize>() / groups;
    Ok(cpu::Size { batch, groups, positions, hinges: slopes.dims()[0] })
}

/// Checks that slopes or offsets of these dimensions fit units of this shape.
///
/// # Errors
/// [`Error::Shape`] where they do not.
pub fn check_unit(unit: &[usize], parameter: &[usize], sharing: Sharing) -> Result<()> {
    let group = sharing.parameter_shape(unit);
    match parameter.split_first() {
        Some((&hinges, rest)) if hinges > 0 && rest == group => Ok(()),
        _ => {
            let group: String = group.iter().map(|dim| format!(", {dim}")).collect();
            let expected = format!("[S{group}] for units {unit:?} shared by {sharing}");
            Err(check::wrong_shape("apl: slopes and offsets", parameter, expected))
        }
    }
}

/// `h(x)` on Candle's tape, one fused pass each way; [`composed`] where the device is not a CPU.
///
/// # Errors
/// As [`forward`], but tensors may be of any layout.
pub fn apply(x: &Tensor, slopes: &Tensor, offsets: &Tensor, sharing: Sharing) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return composed(x, slopes, offsets, sharing);
    }
    size(x.dims(), slopes, offsets, sharing)?;
    check::same_dtype(&[("apl: x", x), ("apl: slopes", slopes), ("apl: offsets", offsets)])?;
    let op = Apl { sharing };
    Ok(x.contiguous()?.apply_op3(&slopes.contiguous()?, &offsets.contiguous()?, op)?)
}

/// The same from Candle's elementary operations: the oracle of the fused version, and the way it runs on devices without a kernel.
///
/// The products with 0/1 masks give Candle's tape the strict inequalities of the authors' gradients.
pub fn composed(x: &Tensor, slopes: &Tensor, offsets: &Tensor, sharing: Sharing) -> Result<Tensor> {
    size(x.dims(), slopes, offsets, sharing)?;
    let positive = |v: &Tensor| -> Result<Tensor> { Ok((v * v.gt(0f64)?.to_dtype(v.dtype())?)?) };
    let mut dims = sharing.parameter_shape(&x.dims()[1..]).to_vec();
    if sharing == Sharing::Channel {
        dims.resize(x.rank() - 1, 1);
    }
    let mut sum = positive(x)?;
    for s in 0..slopes.dims()[0] {
        let slope = slopes.get(s)?.reshape(dims.as_slice())?;
        let offset = offsets.get(s)?.reshape(dims.as_slice())?;
        let hinge = positive(&offset.broadcast_sub(x)?)?;
        sum = (sum + hinge.broadcast_mul(&slope)?)?;
    }
    Ok(sum)
}

struct Apl {
    sharing: Sharing,
}

impl CustomOp3 for Apl {
    fn name(&self) -> &'static str {
        "apl"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        slopes: &CpuStorage,
        slopes_layout: &Layout,
        offsets: &CpuStorage,
        offsets_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let shape = x_layout.shape().clone();
        let (dims, hinges) = (shape.dims(), slopes_layout.dims()[0]);
        let groups = slopes_layout.shape().elem_count() / hinges;
        let batch = dims[0];
        let positions = shape.elem_count() / batch / groups;
        let size = cpu::Size { batch, groups, positions, hinges };
        let storage = with_real!("apl", x.dtype(), T => {
            let x = slice_of::<T>("apl: x", x, x_layout)?;
            let a = slice_of::<T>("apl: slopes", slopes, slopes_layout)?;
            let b = slice_of::<T>("apl: offsets", offsets, offsets_layout)?;
            let mut y = vec![T::ZERO; x.len()];
            cpu::forward(x, a, b, &mut y, size, form(dims, hinges, self.sharing))?;
            Ok::<_, Error>(T::storage(y))
        })?;
        Ok((storage, shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        slopes: &Tensor,
        offsets: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dx = x.track_op().then(|| x.zeros_like()).transpose()?;
        let learned = slopes.track_op() || offsets.track_op();
        let room = |like: &Tensor| learned.then(|| like.zeros_like()).transpose();
        let (da, db) = (room(slopes)?, room(offsets)?);
        let g = gradient.contiguous()?;
        backward(x, slopes, offsets, self.sharing, &g, dx.as_ref(), da.as_ref().zip(db.as_ref()))?;
        Ok((dx, da.filter(|_| slopes.track_op()), db.filter(|_| offsets.track_op())))
    }
}

#[cfg(test)]
mod tests;
