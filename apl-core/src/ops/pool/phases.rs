//! Rows cut by the place of a pixel within a stride, so that a sweep over windows reads and writes neighbours.
//!
//! Cell `v` of window `j` lies at pixel `j stride + v` of the padded row: phase `v mod stride`, place `j + v / stride`. For a fixed cell the windows of
//! a row therefore meet successive places of one phase.

use std::ops::Range;

use super::window::Size;

/// How the rows of an image are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phases {
    stride: usize,
    /// Places of a phase.
    len: usize,
    windows: usize,
    /// Pixels of the padded row that belong to the image.
    padding: usize,
    pixels: usize,
}

impl Phases {
    pub fn new(size: Size) -> Self {
        let super::Config { kernel, stride, padding } = size.config;
        let windows = size.output[1];
        let len = windows + (kernel - 1) / stride;
        let pixels = size.image[1].min((stride * len).saturating_sub(padding));
        Self { stride, len, windows, padding, pixels }
    }

    /// Values of a padded row, or of all its phases.
    pub fn values(&self) -> usize {
        self.stride * self.len
    }

    /// Where the image lies in a padded row; pixels behind it meet no window.
    pub fn image(&self) -> Range<usize> {
        self.padding..self.padding + self.pixels
    }

    /// The places in the phases that the windows of a row meet with this cell.
    #[inline(always)]
    pub fn cell(&self, v: usize) -> Range<usize> {
        let start = v % self.stride * self.len + v / self.stride;
        start..start + self.windows
    }

    /// Cuts a padded row.
    #[inline(always)]
    pub fn split<T: Copy>(&self, row: &[T], phases: &mut [T]) {
        match self.stride {
            1 => phases.copy_from_slice(row),
            2 => {
                let (even, odd) = phases.split_at_mut(self.len);
                let places = even.iter_mut().zip(odd).zip(row.as_chunks::<2>().0);
                for ((even, odd), &[first, second]) in places {
                    (*even, *odd) = (first, second);
                }
            }
            stride => {
                for (p, phase) in phases.chunks_exact_mut(self.len).enumerate() {
                    for (value, pixels) in phase.iter_mut().zip(row.chunks_exact(stride)) {
                        *value = pixels[p];
                    }
                }
            }
        }
    }

    /// Puts a padded row together again.
    #[inline(always)]
    pub fn join<T: Copy>(&self, phases: &[T], row: &mut [T]) {
        match self.stride {
            1 => row.copy_from_slice(phases),
            2 => {
                let (even, odd) = phases.split_at(self.len);
                for ((&even, &odd), pixels) in even.iter().zip(odd).zip(row.as_chunks_mut::<2>().0)
                {
                    *pixels = [even, odd];
                }
            }
            stride => {
                for (p, phase) in phases.chunks_exact(self.len).enumerate() {
                    for (&value, pixels) in phase.iter().zip(row.chunks_exact_mut(stride)) {
                        pixels[p] = value;
                    }
                }
            }
        }
    }
}
