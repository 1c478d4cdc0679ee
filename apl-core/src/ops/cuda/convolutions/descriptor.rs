//! What operation graphs of cuDNN are made of: descriptors, which are made, given attributes and made final.

use std::ptr::null_mut;

use candle_core::cuda_backend::cudarc::cudnn::sys::{
    self, cudnnBackendAttributeName_t as Name, cudnnBackendAttributeType_t as Kind,
    cudnnBackendDescriptor_t, cudnnBackendDescriptorType_t as Of,
};

use super::Done;

/// Something of cuDNN's, and what it is made of.
pub(super) struct Descriptor {
    pub at: cudnnBackendDescriptor_t,
    parts: Vec<Descriptor>,
}

impl Descriptor {
    pub fn new(kind: Of) -> Done<Self> {
        let mut at = null_mut();
        // SAFETY: what is made is given back by `Drop`.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendCreateDescriptor(kind, &mut at) }.result()?;
        Ok(Self { at, parts: Vec::new() })
    }

    /// Keeps what it is made of for as long as it is there.
    pub fn made_of<const N: usize>(mut self, parts: [Self; N]) -> Self {
        self.parts = parts.into();
        self
    }

    /// Gives it values of an attribute.
    pub fn set<T>(&mut self, name: Name, kind: Kind, values: &[T]) -> Done<()> {
        let (count, from) = (values.len() as i64, values.as_ptr().cast());
        // SAFETY: cuDNN copies as many values, whose type is the kind's at every call.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendSetAttribute(self.at, name, kind, count, from) }.result()
    }

    /// Gives it another descriptor as an attribute.
    pub fn refer(&mut self, name: Name, to: &Self) -> Done<()> {
        self.set(name, Kind::CUDNN_TYPE_BACKEND_DESCRIPTOR, &[to.at])
    }

    pub fn finish(&mut self) -> Done<()> {
        // SAFETY: it was made by `new`.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendFinalize(self.at) }.result()
    }

    /// Values of an attribute; how many of them there are.
    pub fn get<T>(&self, name: Name, kind: Kind, values: &mut [T]) -> Done<usize> {
        let (room, mut count) = (values.len() as i64, 0);
        let to = values.as_mut_ptr().cast();
        // SAFETY: cuDNN writes at most as many values, whose type is the kind's at every call.
        #[allow(unsafe_code)]
        unsafe { sys::cudnnBackendGetAttribute(self.at, name, kind, room, &mut count, to) }
            .result()?;
        Ok((count.max(0) as usize).min(values.len()))
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: it was made by `new`; what it is made of is dropped after it.
        #[allow(unsafe_code)]
        unsafe {
            let _ = sys::cudnnBackendDestroyDescriptor(self.at);
        }
    }
}
