//! Checks that every operation makes before it touches memory.

use candle_core::DType;

use crate::{
    Error, Result,
    ops::{access, access::Named, parallel, real::Real, simd::vectorise},
};

/// A tensor of exactly these dimensions.
pub(crate) fn shape((name, tensor): Named, expected: &[usize]) -> Result<()> {
    if tensor.dims() == expected {
        return Ok(());
    }
    Err(wrong_shape(name, tensor.dims(), format!("{expected:?}")))
}

/// A tensor of `rank` dimensions, none of them 0.
pub(crate) fn rank<const N: usize>(
    (name, tensor): Named,
    expected: &'static str,
) -> Result<[usize; N]> {
    match <[usize; N]>::try_from(tensor.dims()) {
        Ok(dims) if dims.iter().all(|&dim| dim > 0) => Ok(dims),
        _ => Err(wrong_shape(name, tensor.dims(), format!("{expected}, no dimension 0"))),
    }
}

/// A tensor of rank at least 2 with no dimension 0: the batch and the shape of an example.
pub(crate) fn batched<'a>((name, tensor): Named<'a>) -> Result<(usize, &'a [usize])> {
    match tensor.dims().split_first() {
        Some((&batch, unit)) if !unit.is_empty() && tensor.elem_count() > 0 => Ok((batch, unit)),
        _ => {
            let expected = "rank at least 2, [N, unit shape...], no dimension 0".to_string();
            Err(wrong_shape(name, tensor.dims(), expected))
        }
    }
}

/// Tensors of one element type.
pub(crate) fn same_dtype(tensors: &[Named]) -> Result<DType> {
    let dtype = tensors[0].1.dtype();
    for (name, tensor) in tensors {
        if tensor.dtype() != dtype {
            let expected = format!("{dtype:?}, as {}", tensors[0].0);
            let place = (*name).to_string();
            return Err(Error::DType { place, found: tensor.dtype(), expected });
        }
    }
    Ok(dtype)
}

/// A parameter without NaN or infinity.
pub(crate) fn finite<T: Real>(parameter: Named) -> Result<()> {
    access::read([parameter], |[values]: [&[T]; 1]| finite_values(parameter.0, values))
}

/// The same for a slice.
pub(crate) fn finite_values<T: Real>(name: &str, values: &[T]) -> Result<()> {
    const CHUNK: usize = 1 << 16;
    let chunks = values.len().div_ceil(CHUNK);
    let all = |i: usize| all_finite(&values[i * CHUNK..values.len().min((i + 1) * CHUNK)]);
    let clean = if chunks <= 1 {
        all_finite(values)
    } else {
        let bad = std::sync::atomic::AtomicBool::new(false);
        parallel::for_each(chunks, |i| {
            if !all(i) {
                bad.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        });
        !bad.into_inner()
    };
    if clean { Ok(()) } else { Err(first_bad(name, values)) }
}

/// Whether every value is finite, in one vectorised pass.
#[inline]
pub(crate) fn all_finite<T: Real>(values: &[T]) -> bool {
    vectorise(
        #[inline(always)]
        || values.iter().fold(true, |clean, value| clean & value.finite()),
    )
}

fn first_bad<T: Real>(name: &str, values: &[T]) -> Error {
    let found = values.iter().enumerate().find(|(_, value)| !value.finite());
    let (index, value) = found.map_or((0, f64::NAN), |(i, value)| (i, value.to_f64()));
    Error::NonFinite { place: name.to_string(), value, index }
}

/// The number of elements of a shape, if memory can have so many.
pub(crate) fn count(name: &str, dims: &[usize]) -> Result<usize> {
    let count = dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim));
    match count {
        Some(count) if count <= isize::MAX as usize / size_of::<f64>() => Ok(count),
        _ => Err(wrong_shape(name, dims, "a shape whose elements can be counted".into())),
    }
}

pub(crate) fn wrong_shape(name: &str, found: &[usize], expected: String) -> Error {
    Error::Shape { place: name.to_string(), found: found.to_vec(), expected }
}

pub(crate) fn wrong_setting(place: &str, found: impl ToString, expected: &str) -> Error {
    Error::Setting { place: place.into(), found: found.to_string(), expected: expected.into() }
}
