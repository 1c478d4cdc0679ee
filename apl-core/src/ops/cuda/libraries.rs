//! Whether CUDA's libraries are there.

/// What keeps CUDA from being used on this machine, in the system's words; `None` where nothing does. Programs built with the feature `cuda` load its
/// libraries when they first use them. There may be no cuDNN: then convolutions do without.
pub fn trouble() -> Option<String> {
    [c"libcuda", c"libcublas", c"libcurand", c"libnvrtc"].into_iter().find_map(trouble_with)
}

/// Whether convolutions can be cuDNN's: what `trouble` does not ask.
pub(super) fn has_cudnn() -> bool {
    cfg!(feature = "cudnn") && trouble_with(c"libcudnn").is_none()
}

/// Which cuDNN it is that has them, such as `9.19.0`: another may choose other ways, whose sums differ in their last bits.
pub fn cudnn_version() -> Option<String> {
    #[cfg(feature = "cudnn")]
    if has_cudnn() {
        let number = cudnn_number();
        return Some(format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100));
    }
    None
}

/// The same as cuDNN says it: 91900.
#[cfg(feature = "cudnn")]
pub(super) fn cudnn_number() -> usize {
    // SAFETY: it takes nothing and returns a number.
    #[allow(unsafe_code)]
    unsafe {
        candle_core::cuda_backend::cudarc::cudnn::sys::cudnnGetVersion()
    }
}

/// [`trouble`] with the libraries whose names begin so.
pub(super) fn trouble_with(names: &std::ffi::CStr) -> Option<String> {
    #[cfg(loader)]
    {
        use std::ffi::{CStr, c_char};
        #[allow(unsafe_code)]
        unsafe extern "C" {
            fn apl_cuda_trouble(names: *const c_char) -> *const c_char;
        }
        // SAFETY: the function returns nothing, or a text that stays as it is until it is called again, by one thread at a time.
        #[allow(unsafe_code)]
        unsafe {
            static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
            let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let text = apl_cuda_trouble(names.as_ptr());
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    }
    #[cfg(not(loader))]
    {
        let _ = names;
        None
    }
}
