//! A convolution as a matrix product: `columns[(c, u, v), (i, j)]` is the pixel that kernel position (c, u, v) meets at output position (i, j).

use crate::ops::real::Real;

/// The geometry of a convolution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub batch: usize,
    pub channels: usize,
    /// Height and width.
    pub image: [usize; 2],
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub output: [usize; 2],
    pub stride: usize,
    pub padding: usize,
}

impl Size {
    pub fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.outputs, self.output[0], self.output[1]]
    }

    /// Values of one image.
    pub fn pixels(&self) -> usize {
        self.channels * self.image[0] * self.image[1]
    }

    /// Output positions of one image.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Rows of the column matrix: weights of one output channel.
    pub fn taps(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Whether the image is its own column matrix.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == 1 && self.padding == 0
    }

    /// Values of one image with its padding.
    pub fn padded_pixels(&self) -> usize {
        self.channels * self.padded(0) * self.padded(1)
    }

    fn padded(&self, axis: usize) -> usize {
        self.image[axis] + 2 * self.padding
    }

    /// For a kernel column, the output columns whose pixel lies inside the image, and the first such pixel.
    fn inside(&self, offset: usize, axis: usize) -> (std::ops::Range<usize>, usize) {
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let reach = (self.image[axis] + self.padding).saturating_sub(offset);
        let last = reach.div_ceil(self.stride).min(self.output[axis]);
        let first = first.min(last);
        let pixel = first.saturating_mul(self.stride).saturating_add(offset);
        (first..last, pixel.saturating_sub(self.padding))
    }
}

/// Fills `columns`, whose rows are `row` apart, with the pixels of `image`.
pub(super) fn image_to_columns<T: Real>(image: &[T], columns: &mut [T], row: usize, size: Size) {
    let [height, width] = size.image;
    let [_, output_width] = size.output;
    let mut tap = 0;
    for plane in image.chunks_exact(height * width) {
        for u in 0..size.kernel[0] {
            let (rows, first_row) = size.inside(u, 0);
            for v in 0..size.kernel[1] {
                let (inside, first_pixel) = size.inside(v, 1);
                let target = &mut columns[tap * row..][..size.positions()];
                target[..rows.start * output_width].fill(T::ZERO);
                target[rows.end * output_width..].fill(T::ZERO);
                for (step, i) in rows.clone().enumerate() {
                    let target = &mut target[i * output_width..][..output_width];
                    let source = &plane[(first_row + step * size.stride) * width..][..width];
                    target[..inside.start].fill(T::ZERO);
                    target[inside.end..].fill(T::ZERO);
                    let target = &mut target[inside.clone()];
                    if target.is_empty() {
                        continue;
                    }
                    let source = &source[first_pixel..];
                    if size.stride == 1 {
                        target.copy_from_slice(&source[..target.len()]);
                    } else {
                        for (value, &pixel) in
                            target.iter_mut().zip(source.iter().step_by(size.stride))
                        {
                            *value = pixel;
                        }
                    }
                }
                tap += 1;
            }
        }
    }
}

/// Fills `patches`, row-major `[positions, taps]`, with the transpose of what [`image_to_columns`] gives. `padded` is memory for the image with its
/// padding.
///
/// The weights' gradient multiplies along positions: with taps side by side, its matrix product needs no transposition.
#[inline(always)]
pub(super) fn image_to_patches<T: Real>(
    image: &[T],
    padded: &mut [T],
    patches: &mut [T],
    size: Size,
) {
    let ([height, width], padding) = (size.image, size.padding);
    let (rows, row) = (size.padded(0), size.padded(1));
    padded.fill(T::ZERO);
    for (plane, target) in
        image.chunks_exact(height * width).zip(padded.chunks_exact_mut(rows * row))
    {
        for (i, pixels) in plane.chunks_exact(width).enumerate() {
            target[(i + padding) * row + padding..][..width].copy_from_slice(pixels);
        }
    }
    match size.kernel[1] {
        3 => fill_patches::<T, 3>(padded, patches, size),
        5 => fill_patches::<T, 5>(padded, patches, size),
        _ => fill_patches::<T, 0>(padded, patches, size),
    }
}

/// `WIDTH` is the kernel's, or 0 for any.
#[inline(always)]
fn fill_patches<T: Real, const WIDTH: usize>(padded: &[T], patches: &mut [T], size: Size) {
    let kernel = [size.kernel[0], if WIDTH == 0 { size.kernel[1] } else { WIDTH }];
    let (plane, row) = (size.padded(0) * size.padded(1), size.padded(1));
    let area = kernel[0] * kernel[1];
    for (position, patch) in patches.chunks_exact_mut(size.taps()).enumerate() {
        let (i, j) = (position / size.output[1], position % size.output[1]);
        let corner = (i * row + j) * size.stride;
        for (plane, patch) in padded.chunks_exact(plane).zip(patch.chunks_exact_mut(area)) {
            let window = &plane[corner..][..(kernel[0] - 1) * row + kernel[1]];
            for (u, target) in patch.chunks_exact_mut(kernel[1]).enumerate() {
                target.copy_from_slice(&window[u * row..][..kernel[1]]);
            }
        }
    }
}

/// Adds every entry of `columns` to the pixel it came from; `image` is overwritten.
pub(super) fn columns_to_image<T: Real>(columns: &[T], image: &mut [T], size: Size) {
    let [height, width] = size.image;
    let [_, output_width] = size.output;
    image.fill(T::ZERO);
    let mut taps = columns.chunks_exact(size.positions());
    for plane in image.chunks_exact_mut(height * width) {
        for u in 0..size.kernel[0] {
            let (rows, first_row) = size.inside(u, 0);
            for v in 0..size.kernel[1] {
                let (inside, first_pixel) = size.inside(v, 1);
                let Some(source) = taps.next() else { return };
                if inside.is_empty() {
                    continue;
                }
                for (step, i) in rows.clone().enumerate() {
                    let source = &source[i * output_width..][..output_width][inside.clone()];
                    let target = &mut plane[(first_row + step * size.stride) * width..][..width];
                    let target = &mut target[first_pixel..];
                    if size.stride == 1 {
                        for (pixel, &value) in target.iter_mut().zip(source) {
                            *pixel += value;
                        }
                    } else {
                        for (pixel, &value) in target.iter_mut().step_by(size.stride).zip(source) {
                            *pixel += value;
                        }
                    }
                }
            }
        }
    }
}
