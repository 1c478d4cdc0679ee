//! PNG files: a 32x32 colour image as CIFAR's are stored on the hub, or a picture of any size and colour.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{Picture, check_size};
use crate::{
    data::{CHANNELS, PIXELS, SIDE},
    error::Wrong,
};

/// How every PNG file begins.
pub(super) const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A];

/// Bytes the decoder may allocate beyond its fixed buffers: far more than an image of 32x32 needs, little for a hostile file.
const LIMIT: usize = 1 << 20;

/// The same for pictures of any size: rows of several kinds, profiles, texts.
const LIMIT_ANY: usize = 64 << 20;

/// How many times deflate makes data smaller at most (1032), and some room.
const RATIO: usize = 1040;

/// Decodes a 32x32 RGB image into `to` (3072 values), from rows of RGB to planes `[3, 32, 32]`.
///
/// # Errors
/// No PNG, a damaged one, another size or colour than 32x32 8-bit RGB.
pub(crate) fn decode(bytes: &[u8], to: &mut [u8]) -> Result<(), Wrong> {
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
    planes(&interleaved, to);
    Ok(())
}

/// A picture of any size and colour, its first frame where it moves.
///
/// # Errors
/// A damaged file, too many pixels.
pub(super) fn any(bytes: &[u8]) -> Result<Picture, Wrong> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LIMIT_ANY });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    check_size(width, height)?;
    let packed = reader.info().raw_bytes();
    let size = reader.output_buffer_size().unwrap_or(usize::MAX);
    // A header can claim any size: no memory for pixels that the file cannot hold.
    if packed / RATIO > bytes.len() {
        let found = format!("{} bytes for {width}x{height} pixels", bytes.len());
        return Err((found, "a whole PNG image".into()));
    }
    let mut values = vec![0; size];
    let frame = reader.next_frame(&mut values).map_err(damaged)?;
    values.truncate(frame.buffer_size());
    let samples = frame.color_type.samples();
    let rgb = match frame.color_type {
        ColorType::Rgb => values,
        ColorType::Rgba => values.chunks_exact(samples).flat_map(|v| [v[0], v[1], v[2]]).collect(),
        ColorType::Grayscale | ColorType::GrayscaleAlpha => {
            values.chunks_exact(samples).flat_map(|v| [v[0]; CHANNELS]).collect()
        }
        ColorType::Indexed => return Err(("a palette image".into(), "its colours".into())),
    };
    Ok(Picture { width, height, rgb })
}

/// Rows of RGB, 32x32, as planes `[3, 32, 32]`.
pub(super) fn planes(rgb: &[u8], to: &mut [u8]) {
    let plane = SIDE * SIDE;
    for (place, pixel) in rgb.chunks_exact(CHANNELS).enumerate() {
        for (channel, &value) in pixel.iter().enumerate() {
            to[channel * plane + place] = value;
        }
    }
}

fn damaged(error: DecodingError) -> Wrong {
    (error.to_string(), "a whole PNG image".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{encode, image, png_of};

    #[test]
    fn pixels_come_back_in_planes() {
        for n in 0..5 {
            let mut decoded = vec![0; PIXELS];
            decode(&png_of(&image(n)), &mut decoded).unwrap();
            assert_eq!(decoded, image(n));
        }
    }

    /// Red grows to the right, green downwards, blue is constant: nothing is transposed or mirrored.
    #[test]
    fn images_are_the_right_way_up() {
        let rgb: Vec<u8> = (0..1024).flat_map(|i| [i % 32, i / 32, 200]).map(|v| v as u8).collect();
        let mut decoded = vec![0; PIXELS];
        decode(&encode(&rgb, 32, 32, ColorType::Rgb), &mut decoded).unwrap();
        for (y, x) in (0..32).flat_map(|y| (0..32).map(move |x| (y, x))) {
            let at = |channel: usize| usize::from(decoded[channel * 1024 + y * 32 + x]);
            assert_eq!([at(0), at(1), at(2)], [x, y, 200]);
        }
    }

    #[test]
    fn every_damage_is_an_error_and_none_a_panic() {
        let whole = png_of(&image(1));
        let mut decoded = vec![0; PIXELS];
        for length in 0..whole.len() - 12 {
            assert!(decode(&whole[..length], &mut decoded).is_err(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            let _ = decode(&bytes, &mut decoded);
        }
        let huge =
            [0x89, b'P', b'N', b'G', 13, 10, 26, 10, 255, 255, 255, 255, b'I', b'H', b'D', b'R'];
        assert!(decode(&huge, &mut decoded).is_err());
    }
}
