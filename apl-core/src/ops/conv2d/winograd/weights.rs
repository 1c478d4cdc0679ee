//! Kernels to the transformed domain.

use pulp::{Simd, WithSimd};

use super::{
    LANES, panels,
    transform::{POINTS, both_axes, evaluate, scaled},
};
use crate::ops::{
    parallel::{Shared, for_each},
    simd::{Vectors, dispatch},
};

/// Kernels `[O, C, K, K]`, as they are or for the gradient by the input.
#[derive(Clone, Copy)]
pub(in crate::ops::conv2d) struct Weights<'a, T> {
    pub data: &'a [T],
    /// Turned by 180 degrees, with inputs and outputs exchanged.
    pub turned: bool,
}

/// Fills `transformed`, `[panel][36][inputs, panel's width]`; outputs beyond the last are 0.
pub(super) fn transform_weights<T: Vectors, const K: usize>(
    weights: Weights<T>,
    transformed: &mut [T],
    inputs: usize,
    outputs: usize,
) {
    let transformed = Shared::new(transformed);
    for_each(inputs, |input| {
        dispatch(Kernels::<T, K> { weights, transformed: &transformed, input, inputs, outputs });
    });
}

/// The kernels of one input.
struct Kernels<'a, 'b, T, const K: usize> {
    weights: Weights<'a, T>,
    transformed: &'a Shared<'b, T>,
    input: usize,
    inputs: usize,
    outputs: usize,
}

impl<T: Vectors, const K: usize> Kernels<'_, '_, T, K> {
    /// The kernels of sixteen outputs from `first` on, weight by weight.
    #[inline(always)]
    fn read(&self, first: usize) -> [[[T; LANES]; K]; K] {
        let mut kernels = [[[T::ZERO; LANES]; K]; K];
        let lanes = LANES.min(self.outputs.saturating_sub(first));
        for lane in 0..lanes {
            let (output, input) = (first + lane, self.input);
            let kernel = if self.weights.turned {
                input * self.outputs + output
            } else {
                output * self.inputs + input
            };
            let kernel = &self.weights.data[kernel * K * K..][..K * K];
            for (tap, lanes) in kernels.iter_mut().flatten().enumerate() {
                lanes[lane] = kernel[if self.weights.turned { K * K - 1 - tap } else { tap }];
            }
        }
        kernels
    }
}

impl<T: Vectors, const K: usize> WithSimd for Kernels<'_, '_, T, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        for (first, width) in panels(self.outputs) {
            let panel = POINTS * POINTS * self.inputs * first;
            for sixteen in (0..width).step_by(LANES) {
                let kernels = self.read(first + sixteen);
                for part in 0..LANES / lanes {
                    both_axes(
                        T::splat(simd, T::ZERO),
                        #[inline(always)]
                        |u, v| T::vectors::<S>(&kernels[u][v])[part],
                        #[inline(always)]
                        |c| scaled::<T, S>(simd, evaluate::<T, S, K>(simd, c)),
                        #[inline(always)]
                        |u, v, value| {
                            let row = (u * POINTS + v) * self.inputs + self.input;
                            let start = panel + row * width + sixteen + part * lanes;
                            // SAFETY: every input has its own rows.
                            #[allow(unsafe_code)]
                            let target = unsafe { self.transformed.part(start, lanes) };
                            T::store(simd, target, 0, value);
                        },
                    );
                }
            }
        }
    }
}
