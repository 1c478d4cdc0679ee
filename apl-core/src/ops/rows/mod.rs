//! Rows of a matrix by their numbers: batches of examples that are where the network is, so that nothing but the numbers travels.
//!
//! ```
//! use apl_core::ops::rows::{Rows, gather};
//! use candle_core::{Device, Tensor};
//! let device = Device::Cpu;
//! let examples = Tensor::new(&[[1f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &device)?;
//! let batch = Tensor::new(&[[0f32; 2]; 2], &device)?;
//! gather(&examples, &Rows::new(&[2, 0], &device)?, &batch)?;
//! assert_eq!(batch.to_vec2::<f32>()?, [[5.0, 6.0], [1.0, 2.0]]);
//! # Ok::<(), apl_core::Error>(())
//! ```

mod cuda;

use candle_core::{Device, Tensor};

use crate::{
    Result,
    ops::{
        access::{apart, read, write},
        check, cuda as gpu,
        real::with_real,
    },
};

/// Numbers of rows on a device, and the largest of them, which is known without asking the device.
#[derive(Debug, Clone)]
pub struct Rows {
    numbers: Tensor,
    largest: Option<u32>,
}

impl Rows {
    /// Copies the numbers to a device; any may be there more than once.
    ///
    /// # Errors
    /// Memory that the device does not have.
    pub fn new(numbers: &[u32], device: &Device) -> Result<Self> {
        let largest = numbers.iter().max().copied();
        Ok(Self { numbers: Tensor::from_slice(numbers, numbers.len(), device)?, largest })
    }
}

/// Writes row `rows[i]` of `from` as row `i` of `to`.
///
/// # Shapes
/// - `from`: `[N, F]`, `f32` or `f64`; `rows`: B numbers, each below N
/// - `to`: `[B, F]`, of the same type
///
/// # Errors
/// A wrong shape, dtype, layout or device; a number that is no row, whatever the device, before anything is written; tensors that share memory.
pub fn gather(from: &Tensor, rows: &Rows, to: &Tensor) -> Result<()> {
    let (from, to) = (("rows: from", from), ("rows: to", to));
    let numbers = ("rows: numbers", &rows.numbers);
    let [count, width] = check::rank::<2>(from, "[N, F]")?;
    let batch = numbers.1.elem_count();
    check::shape(to, &[batch, width])?;
    let dtype = check::same_dtype(&[from, to])?;
    apart(&[to], &[from, numbers])?;
    let Some(largest) = rows.largest else { return Ok(()) };
    if largest as usize >= count {
        let expected = format!("below {count}, the number of rows");
        return Err(check::wrong_setting(numbers.0, largest, &expected));
    }
    with_real!("rows", dtype, T => {
        if let Some(done) = gpu::run([from, numbers, to].map(Some), |machine, at| {
            cuda::gather(machine, at, [batch, width], dtype)
        }) {
            return done;
        }
        read::<u32, _, 1>([numbers], |[numbers]| read::<T, _, 1>([from], |[from]| {
            write(to, |to: &mut [T]| {
                for (to, &row) in to.chunks_exact_mut(width).zip(numbers) {
                    to.copy_from_slice(&from[row as usize * width..][..width]);
                }
                Ok(())
            })
        }))
    })
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::ops::testing::{error_of, normal, values};

    /// Candle's own operation is the oracle.
    #[test]
    fn rows_are_those_that_candle_selects() {
        for (dtype, width) in [(DType::F32, 1), (DType::F64, 3)] {
            let from = normal("from", &[7, width], dtype);
            for numbers in [vec![6u32, 0, 3, 3, 6], vec![2], (0..7).collect(), vec![]] {
                let to = Tensor::ones((numbers.len(), width), dtype, &Device::Cpu).unwrap();
                gather(&from, &Rows::new(&numbers, &Device::Cpu).unwrap(), &to).unwrap();
                let numbers = Tensor::from_slice(&numbers, numbers.len(), &Device::Cpu).unwrap();
                let expected = from.index_select(&numbers, 0).unwrap();
                assert_eq!(values(&to), values(&expected), "{dtype:?} {width}");
            }
        }
    }

    #[test]
    fn wrong_arguments_are_named() {
        let (from, to) = (normal("from", &[3, 2], DType::F32), normal("to", &[2, 2], DType::F32));
        let before = values(&to);
        let rows = |numbers: &[u32]| Rows::new(numbers, &Device::Cpu).unwrap();
        assert_eq!(
            error_of(gather(&from, &rows(&[0, 3]), &to)),
            "rows: numbers: found 3, expected below 3, the number of rows"
        );
        assert_eq!(values(&to), before);
        assert_eq!(
            error_of(gather(&from, &rows(&[0]), &to)),
            "rows: to: found shape [2, 2], expected [1, 2]"
        );
        let double = normal("to", &[2, 2], DType::F64);
        assert!(error_of(gather(&from, &rows(&[0, 1]), &double)).contains("found dtype F64"));
        let part = from.narrow(0, 0, 2).unwrap();
        assert!(error_of(gather(&from, &rows(&[0, 1]), &part)).contains("share memory"));
        let whole = Tensor::zeros((2, 2), DType::U32, &Device::Cpu).unwrap();
        let other = whole.zeros_like().unwrap();
        let error = error_of(gather(&whole, &rows(&[0, 1]), &other));
        assert_eq!(error, "rows: found dtype U32, expected F32 or F64");
        let flat = normal("from", &[6], DType::F32);
        assert!(error_of(gather(&flat, &rows(&[0, 1]), &to)).contains("expected [N, F]"));
    }
}
