//! Where pooling windows lie.

use crate::{Result, ops::check};

/// Square windows, the same stride and padding on both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Side of the window, at least 1.
    pub kernel: usize,
    /// Pixels between successive windows, at least 1.
    pub stride: usize,
    /// Border around the image that windows may cover, less than the kernel. Its cells never win a maximum and count as 0 in an average.
    pub padding: usize,
}

impl Config {
    /// Windows along an axis: `ceil((size + 2 padding - kernel) / stride) + 1`, without a last window that would start behind the
    /// image (Caffe drops it only where there is padding, and reads outside the image where the stride exceeds the kernel).
    pub fn output(&self, size: usize) -> Option<usize> {
        let padded = size.checked_add(self.padding.checked_mul(2)?)?;
        let steps = padded.checked_sub(self.kernel)?.div_ceil(self.stride.max(1));
        let clipped =
            steps.checked_mul(self.stride).is_none_or(|start| start >= size + self.padding);
        Some(if clipped { steps } else { steps.checked_add(1)? })
    }
}

/// The geometry of a pooling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Images times channels.
    pub planes: usize,
    /// Height and width.
    pub image: [usize; 2],
    pub output: [usize; 2],
    pub config: Config,
}

impl Size {
    /// Checks the settings and the shape of `x`.
    pub fn new(x: &[usize], config: Config) -> Result<Self> {
        let Config { kernel, stride, padding } = config;
        let (&[batch, channels, height, width], false) = (x, x.contains(&0)) else {
            let expected = "[N, C, H, W], no dimension 0";
            return Err(check::wrong_shape("pool: x", x, expected.into()));
        };
        if kernel == 0 || stride == 0 {
            let found = format!("kernel {kernel}, stride {stride}");
            return Err(check::wrong_setting("pool", found, "both at least 1"));
        }
        if padding >= kernel {
            return Err(check::wrong_setting("pool: padding", padding, "less than the kernel"));
        }
        let axis = |size| {
            config.output(size).ok_or_else(|| {
                let expected = format!("a padded image no smaller than the kernel {kernel}");
                check::wrong_shape("pool: x", x, expected)
            })
        };
        let output = [axis(height)?, axis(width)?];
        check::count("pool: y", &[batch, channels, output[0], output[1]])?;
        // A longer stride than the padded image leaves the first window alone, as one of just that length does.
        let stride = stride.min(height.max(width) + 2 * padding);
        let config = Config { stride, ..config };
        Ok(Self { planes: batch * channels, image: [height, width], output, config })
    }

    /// The output for an input of these dimensions.
    pub fn output_shape(&self, x: &[usize]) -> [usize; 4] {
        [x[0], x[1], self.output[0], self.output[1]]
    }

    /// The pixel at `offset` of a window along an axis, if it lies inside the image.
    #[inline(always)]
    pub fn pixel(&self, window: usize, offset: usize, axis: usize) -> Option<usize> {
        let place = (window * self.config.stride + offset).checked_sub(self.config.padding)?;
        (place < self.image[axis]).then_some(place)
    }

    /// Cells along an axis that an average counts: those of the window up to the end of the padded image.
    #[inline(always)]
    pub fn extent(&self, window: usize, axis: usize) -> usize {
        let start = window * self.config.stride;
        self.config.kernel.min(self.image[axis] + 2 * self.config.padding - start)
    }

    /// Cells of a window that an average counts.
    pub fn cells(&self, row: usize, column: usize) -> usize {
        self.extent(row, 0) * self.extent(column, 1)
    }
}
