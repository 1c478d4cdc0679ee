//! The numbers of CPU tensors as slices, to read and to write in place.
//!
//! Candle shares storage between tensors behind a lock. Reading takes the read lock; writing goes through [`InplaceOp1`], Candle's public way to
//! mutate a tensor. A tensor must not be read and written in one call: that is refused, as the lock would never be granted.

use std::{cell::RefCell, marker::PhantomData};

use candle_core::{
    CpuStorage, DType, InplaceOp1, Layout, Storage, Tensor, WithDType, backend::BackendStorage,
};

use crate::{Error, Result};

/// Calls `f` with the values of a contiguous CPU tensor.
///
/// ```
/// use apl_core::ops::access::{with_slice, with_slice_mut};
/// use candle_core::{Device, Tensor};
/// let x = Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu)?;
/// with_slice_mut(&x, |values: &mut [f32]| values[1] = 2.0)?;
/// assert_eq!(with_slice(&x, |values: &[f32]| values.to_vec())?, [0.0, 2.0, 0.0]);
/// # Ok::<(), apl_core::Error>(())
/// ```
pub fn with_slice<T: WithDType, R>(tensor: &Tensor, f: impl FnOnce(&[T]) -> R) -> Result<R> {
    read([("tensor", tensor)], |[values]| Ok(f(values)))
}

/// Calls `f` with the values of a contiguous CPU tensor, to change them.
pub fn with_slice_mut<T: Element, R>(tensor: &Tensor, f: impl FnOnce(&mut [T]) -> R) -> Result<R> {
    write(("tensor", tensor), |values| Ok(f(values)))
}

/// A tensor and what it is called in error messages.
pub(crate) type Named<'a> = (&'static str, &'a Tensor);

/// Reads several tensors at once.
pub(crate) fn read<T: WithDType, R, const N: usize>(
    tensors: [Named; N],
    f: impl FnOnce([&[T]; N]) -> Result<R>,
) -> Result<R> {
    let guards = tensors.map(|(name, tensor)| (name, tensor.storage_and_layout()));
    let mut slices: [&[T]; N] = [&[]; N];
    for (slice, (name, (storage, layout))) in slices.iter_mut().zip(&guards) {
        let Storage::Cpu(cpu) = &**storage else { return Err(no_kernel(name, storage)) };
        *slice = slice_of(name, cpu, layout)?;
    }
    f(slices)
}

/// The values of a contiguous CPU storage.
pub(crate) fn slice_of<'a, T: WithDType>(
    name: &str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    let (start, end) = layout.contiguous_offsets().ok_or_else(|| not_contiguous(name))?;
    let values =
        storage.as_slice::<T>().map_err(|_| wrong_dtype(name, storage.dtype(), T::DTYPE))?;
    Ok(&values[start..end])
}

/// Writes one tensor.
pub(crate) fn write<T: Element, R>(
    (name, tensor): Named,
    f: impl FnOnce(&mut [T]) -> Result<R>,
) -> Result<R> {
    // Candle takes the stride 0 of `[2, 0]` for repeated elements.
    if tensor.elem_count() == 0 && tensor.dtype() == T::DTYPE {
        return f(&mut []);
    }
    if !tensor.is_contiguous() {
        return Err(not_contiguous(name));
    }
    let visit = Visit {
        name,
        work: RefCell::new(Some(f)),
        result: RefCell::new(None),
        element: PhantomData::<T>,
    };
    tensor.inplace_op1(&visit)?;
    visit.result.into_inner().unwrap_or_else(|| Err(not_contiguous(name)))
}

/// Writes two tensors that share no memory.
pub(crate) fn write2<T: Element, R>(
    first: Named,
    second: Named,
    f: impl FnOnce(&mut [T], &mut [T]) -> Result<R>,
) -> Result<R> {
    apart(&[first, second], &[])?;
    write(first, |first| write(second, |second| f(first, second)))
}

/// Refuses tensors of which a written one shares memory with another.
pub(crate) fn apart(written: &[Named], read: &[Named]) -> Result<()> {
    for (i, &(name, tensor)) in written.iter().enumerate() {
        let (storage, _) = tensor.storage_and_layout();
        let storage: *const Storage = &*storage;
        for &(other_name, other) in written[i + 1..].iter().chain(read) {
            let (other, _) = other.storage_and_layout();
            if std::ptr::eq(storage, &*other) {
                return Err(Error::Setting {
                    place: format!("{name} and {other_name}"),
                    found: "tensors that share memory".into(),
                    expected: "separate memory for what is read and what is written".into(),
                });
            }
        }
    }
    Ok(())
}

/// An element type whose CPU storage can be written: `f32`, `f64`, `u32`, `u8`.
pub trait Element: WithDType {
    /// The values of a storage of this type.
    fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]>;
}

macro_rules! element {
    ($($type:ty => $variant:ident),*) => {$(
        impl Element for $type {
            fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]> {
                match storage {
                    CpuStorage::$variant(values) => Some(values),
                    _ => None,
                }
            }
        }
    )*};
}
element!(f32 => F32, f64 => F64, u32 => U32, u8 => U8);

/// A closure in the shape of Candle's in-place operation.
struct Visit<F, R, T> {
    name: &'static str,
    work: RefCell<Option<F>>,
    result: RefCell<Option<Result<R>>>,
    element: PhantomData<T>,
}

impl<F, R, T: Element> InplaceOp1 for Visit<F, R, T>
where
    F: FnOnce(&mut [T]) -> Result<R>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (start, end) = layout.contiguous_offsets().ok_or_else(|| not_contiguous(self.name))?;
        let found = storage.dtype();
        let values =
            T::values_mut(storage).ok_or_else(|| wrong_dtype(self.name, found, T::DTYPE))?;
        if let Some(work) = self.work.take() {
            self.result.replace(Some(work(&mut values[start..end])));
        }
        Ok(())
    }
}

fn not_contiguous(name: &str) -> Error {
    Error::Layout { place: name.to_string() }
}

fn wrong_dtype(name: &str, found: DType, expected: DType) -> Error {
    Error::DType { place: name.to_string(), found, expected: format!("{expected:?}") }
}

fn no_kernel(name: &str, storage: &Storage) -> Error {
    Error::Device { place: name.to_string(), device: format!("{:?}", storage.device().location()) }
}
