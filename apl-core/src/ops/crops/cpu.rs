//! Crops on the processor, pixel by pixel: what a GPU's are compared with.

use super::{Draw, Size};
use crate::random::Stream;

/// Writes every pixel of a batch; `value` makes a number of what is stored at a place of an image.
pub(super) fn fill<S: Copy, T: Copy + Default>(
    stored: &[S],
    indices: &[u32],
    draw: Option<Draw>,
    size: Size,
    to: &mut [T],
    value: impl Fn(S, usize) -> T,
) {
    let Size { channels, height, width, .. } = size;
    for (to, &index) in to.chunks_exact_mut(size.values()).zip(indices) {
        let image = &stored[index as usize * size.values()..][..size.values()];
        let (down, along, flip) = draw.map_or((0, 0, false), |draw| moved(draw, index));
        for (channel, row) in (0..channels).flat_map(|c| (0..height).map(move |row| (c, row))) {
            for column in 0..width {
                let from = if flip { width - 1 - column } else { column };
                let [r, c] = [row as isize + down, from as isize + along];
                let inside = (0..height as isize).contains(&r) && (0..width as isize).contains(&c);
                let at = (channel * height + r.max(0) as usize) * width + c.max(0) as usize;
                to[(channel * height + row) * width + column] =
                    if inside { value(image[at], at) } else { T::default() };
            }
        }
    }
}

/// How far an image is moved down and along, and whether it is mirrored.
fn moved(draw: Draw, image: u32) -> (isize, isize, bool) {
    let index = u64::from(draw.epoch) << 32 | u64::from(image);
    let mut stream = Stream::new(draw.key, index);
    let places = 2 * draw.padding as u32 + 1;
    let [down, along] = [(); 2].map(|()| stream.below(places) as isize - draw.padding as isize);
    (down, along, stream.next_u32() & 1 == 1)
}
