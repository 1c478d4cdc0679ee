//! The values of one tensor into another.

mod cuda;

use candle_core::Tensor;

use crate::{
    Result,
    ops::{
        access::{apart, read, write},
        check, cuda as gpu,
        real::with_real,
    },
};

/// Copies the values of `from`, in row-major order, into `to`, whose shape may be another of as many elements.
///
/// # Errors
/// Another number of elements, another dtype, tensors that share memory.
pub fn values(from: &Tensor, to: &Tensor) -> Result<()> {
    let (from, to) = (("copy: from", from), ("copy: to", to));
    let count = from.1.elem_count();
    if to.1.elem_count() != count {
        return Err(check::wrong_shape(to.0, to.1.dims(), format!("{count} elements")));
    }
    let dtype = check::same_dtype(&[from, to])?;
    apart(&[to], &[from])?;
    if let Some(done) =
        gpu::run([from, to].map(Some), |machine, at| cuda::values(machine, at, count, dtype))
    {
        return done;
    }
    with_real!("copy", dtype, T => read::<T, _, 1>([from], |[from]| {
        write(to, |to| {
            to.copy_from_slice(from);
            Ok(())
        })
    }))
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::ops::testing::{error_of, normal, values as numbers};

    #[test]
    fn values_keep_their_order() {
        let (from, to) = (normal("x", &[3, 2, 2], DType::F64), normal("y", &[3, 4], DType::F64));
        values(&from, &to).unwrap();
        assert_eq!(numbers(&from), numbers(&to));
    }

    #[test]
    fn wrong_arguments_are_named() {
        let x = normal("x", &[2, 3], DType::F32);
        let five = normal("y", &[5], DType::F32);
        assert_eq!(error_of(values(&x, &five)), "copy: to: found shape [5], expected 6 elements");
        assert!(error_of(values(&x, &x)).contains("share memory"));
    }
}
