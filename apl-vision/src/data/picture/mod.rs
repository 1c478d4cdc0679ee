//! Pictures of any size out of PNG and JPEG files, as 32x32 RGB.

mod jpeg;
pub(crate) mod png;
mod scale;

use crate::{data::SIDE, error::Wrong};

/// The most pixels a picture may have: more than cameras make, little enough to be decoded in memory.
const MOST: usize = 1 << 25;

/// A decoded picture.
struct Picture {
    width: usize,
    height: usize,
    /// Rows of red, green, blue.
    rgb: Vec<u8>,
}

/// Decodes into `to` (3072 values, planes `[3, 32, 32]`); `true` if the picture was scaled.
///
/// What the file is follows from its first bytes, not from its name. Grey becomes three equal channels, an alpha channel is left out, of 16 bits
/// the upper 8 are taken, a palette is looked up. A picture of another size is scaled until its shorter side is 32, with a triangle filter as wide
/// as the scale, and its middle is cut out.
///
/// # Errors
/// Neither PNG nor JPEG, damaged, a JPEG in CMYK, more than 33,554,432 pixels.
pub(crate) fn decode(bytes: &[u8], to: &mut [u8]) -> Result<bool, Wrong> {
    let picture = if bytes.starts_with(&png::SIGNATURE) {
        png::any(bytes)?
    } else if bytes.starts_with(&jpeg::SIGNATURE) {
        jpeg::any(bytes)?
    } else {
        return Err(("neither PNG nor JPEG data".into(), "a PNG or JPEG picture".into()));
    };
    let scaled = (picture.width, picture.height) != (SIDE, SIDE);
    if scaled {
        scale::write(&picture, to);
    } else {
        png::planes(&picture.rgb, to);
    }
    Ok(scaled)
}

/// That a picture has a size that can be decoded.
fn check_size(width: usize, height: usize) -> Result<(), Wrong> {
    match width.checked_mul(height) {
        Some(1..=MOST) => Ok(()),
        _ => Err((format!("a picture of {width}x{height}"), format!("1 to {MOST} pixels"))),
    }
}

#[cfg(test)]
mod tests;
