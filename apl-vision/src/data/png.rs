//! A 32x32 colour image out of PNG bytes.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use crate::data::{CHANNELS, PIXELS, SIDE};

/// Bytes the decoder may allocate beyond its fixed buffers: far more than an image of this size needs, little for a hostile file.
const LIMIT: usize = 1 << 20;

/// What is wrong with an image: found, expected.
pub(crate) type Wrong = (String, String);

/// Decodes into `to` (3072 values), from rows of RGB to planes `[3, 32, 32]`.
///
/// # Errors
/// No PNG, a damaged one, another size or colour than 32x32 8-bit RGB.
pub(crate) fn decode(bytes: &[u8], to: &mut [u8]) -> Result<(), Wrong> {
    let damaged = |error: png::DecodingError| (error.to_string(), "a whole PNG image".to_string());
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LIMIT });
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let (color, depth) = (info.color_type, info.bit_depth);
    let side = SIDE as u32;
    if (width, height, color, depth) != (side, side, ColorType::Rgb, BitDepth::Eight) {
        let found = format!("a PNG of {width}x{height}, {}-bit {color:?}", depth as u8);
        return Err((found, format!("{SIDE}x{SIDE}, 8-bit Rgb")));
    }
    let mut interleaved = [0; PIXELS];
    reader.next_frame(&mut interleaved).map_err(damaged)?;
    let plane = SIDE * SIDE;
    for (place, pixel) in interleaved.chunks_exact(CHANNELS).enumerate() {
        for (channel, &value) in pixel.iter().enumerate() {
            to[channel * plane + place] = value;
        }
    }
    Ok(())
}
