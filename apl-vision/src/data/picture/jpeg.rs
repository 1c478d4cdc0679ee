//! JPEG files of any size, grey or in colour, baseline or progressive.

use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Picture, check_size};
use crate::error::Wrong;

/// How every JPEG file begins.
pub(super) const SIGNATURE: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// The picture of a JPEG file. A note on how to turn it (EXIF) is not followed.
///
/// # Errors
/// A damaged or cut file, CMYK colours, too many pixels.
pub(super) fn any(bytes: &[u8]) -> Result<Picture, Wrong> {
    let damaged = |error: zune_jpeg::errors::DecodeErrors| {
        (error.to_string().trim().to_string(), "a whole JPEG picture".to_string())
    };
    if !is_ended(bytes) {
        return Err(("a JPEG without end".into(), "a whole JPEG picture".into()));
    }
    // Strict: otherwise what is missing of a cut file would come out grey.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    check_size(width, height)?;
    match decoder.input_colorspace() {
        Some(ColorSpace::YCbCr | ColorSpace::RGB | ColorSpace::Luma) => {}
        other => {
            let found =
                other.map_or("unknown colours".into(), |space| format!("{space:?} colours"));
            return Err((found, "a JPEG in grey or RGB".into()));
        }
    }
    let rgb = decoder.decode().map_err(damaged)?;
    if rgb.len() != width * height * 3 {
        let found = format!("{} values for {width}x{height} pixels", rgb.len());
        return Err((found, "three a pixel".into()));
    }
    Ok(Picture { width, height, rgb })
}

/// Whether the mark of the end follows the last scan. Neither mark occurs in coded pixels; a decoder would take a short last scan for a dark one.
fn is_ended(bytes: &[u8]) -> bool {
    let scan = bytes.windows(2).rposition(|pair| pair == [0xFF, 0xDA]);
    scan.is_some_and(|scan| bytes[scan..].windows(2).any(|pair| pair == [0xFF, 0xD9]))
}
