//! Pictures of every kind and size against what they were made of.

use ::png::{BitDepth, ColorType, Encoder};
use proptest::prelude::*;

use super::*;
use crate::data::{
    PIXELS,
    testing::{image, jpeg, png_of},
};

fn decoded(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut pixels = vec![0; PIXELS];
    let scaled = decode(bytes, &mut pixels).unwrap();
    (pixels, scaled)
}

fn png(values: &[u8], side: (u32, u32), color: ColorType, depth: BitDepth) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side.0, side.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        encoder.set_palette((0..=255u8).flat_map(|n| [n, 255 - n, 7]).collect::<Vec<u8>>());
    }
    encoder.write_header().unwrap().write_image_data(values).unwrap();
    bytes
}

/// Planes of three functions of the place.
fn planes(value: impl Fn(usize) -> [u8; 3]) -> Vec<u8> {
    (0..3)
        .flat_map(|channel| (0..1024).map(move |i| (i, channel)))
        .map(|(i, c)| value(i)[c])
        .collect()
}

const SIDE32: (u32, u32) = (32, 32);

#[test]
fn every_kind_of_png_becomes_rgb() {
    use BitDepth::{Eight, One, Sixteen};
    assert_eq!(decoded(&png_of(&image(3))), (image(3), false));
    let grey: Vec<u8> = (0..1024).map(|i| (i * 7) as u8).collect();
    let bytes = png(&grey, SIDE32, ColorType::Grayscale, Eight);
    assert_eq!(decoded(&bytes), (planes(|i| [grey[i]; 3]), false));
    let with_alpha: Vec<u8> = grey.iter().flat_map(|&v| [v, v / 2]).collect();
    let bytes = png(&with_alpha, SIDE32, ColorType::GrayscaleAlpha, Eight);
    assert_eq!(decoded(&bytes).0, planes(|i| [grey[i]; 3]));
    let rgba: Vec<u8> = grey.iter().flat_map(|&v| [v, v ^ 9, 255 - v, v / 3]).collect();
    let bytes = png(&rgba, SIDE32, ColorType::Rgba, Eight);
    assert_eq!(decoded(&bytes).0, planes(|i| [grey[i], grey[i] ^ 9, 255 - grey[i]]));
    let bytes = png(&grey, SIDE32, ColorType::Indexed, Eight);
    assert_eq!(decoded(&bytes).0, planes(|i| [grey[i], 255 - grey[i], 7]));
    let bits: Vec<u8> = (0..128).map(|i| (i * 37) as u8).collect();
    let bit = |i: usize| 255 * (bits[i / 8] >> (7 - i % 8) & 1);
    let bytes = png(&bits, SIDE32, ColorType::Grayscale, One);
    assert_eq!(decoded(&bytes).0, planes(|i| [bit(i); 3]));
    let wide: Vec<u8> = grey.iter().flat_map(|&v| [v, 200, 3, v, 90, 1]).collect();
    let bytes = png(&wide, SIDE32, ColorType::Rgb, Sixteen);
    assert_eq!(decoded(&bytes).0, planes(|i| [grey[i], 3, 90]));
}

#[test]
fn jpegs_in_grey_and_colour_are_read_and_cmyk_is_not() {
    let grey = |x: usize, y: usize| (x * 60 + y * 15) as u8;
    let bytes = jpeg::encode(32, 32, 1, |x, y| vec![grey(x, y)]);
    let at = |i: usize| grey(i % 32 / 8, i / 32 / 8);
    assert_eq!(decoded(&bytes), (planes(|i| [at(i); 3]), false));
    let bytes = jpeg::encode(32, 32, 3, |x, y| vec![grey(x, y), 128, 128]);
    assert_eq!(decoded(&bytes).0, planes(|i| [at(i); 3]));
    // Y + 1.402 Cr, Y - 0.344 Cb - 0.714 Cr, Y + 1.772 Cb.
    let bytes = jpeg::encode(32, 32, 3, |_, _| vec![120, 108, 178]);
    let (pixels, _) = decoded(&bytes);
    for (channel, expected) in [190.1, 91.2, 84.6].into_iter().enumerate() {
        let value = f64::from(pixels[channel * 1024 + 77]);
        assert!((value - expected).abs() <= 1.5, "{channel}: {value}");
    }
    let bytes = jpeg::encode(32, 32, 4, |_, _| vec![1, 2, 3, 4]);
    let (found, expected) = decode(&bytes, &mut [0; PIXELS]).unwrap_err();
    assert_eq!((found.as_str(), expected.as_str()), ("CMYK colours", "a JPEG in grey or RGB"));
}

#[test]
fn other_sizes_are_scaled_and_their_middle_is_taken() {
    // Wider than high, the shorter side 32 already: the very pixels of the middle.
    for (width, front) in [(33usize, 0), (40, 4), (97, 32)] {
        let values: Vec<u8> = (0..width * 32).map(|i| (i % width * 2 + i / width) as u8).collect();
        let bytes = png(&values, (width as u32, 32), ColorType::Grayscale, BitDepth::Eight);
        let expected = planes(|i| [values[i / 32 * width + front + i % 32]; 3]);
        assert_eq!(decoded(&bytes), (expected, true));
    }
    let bytes = jpeg::encode(320, 640, 1, |_, y| vec![if (18..62).contains(&y) { 200 } else { 9 }]);
    assert_eq!(decoded(&bytes), (vec![200; PIXELS], true));
    // One pixel grows to all of them; a long thin line costs nothing.
    for side in [(1, 1), (1, 100_000), (100_000, 1)] {
        let values = vec![77; (side.0 * side.1) as usize];
        let bytes = png(&values, side, ColorType::Grayscale, BitDepth::Eight);
        assert_eq!(decoded(&bytes), (vec![77; PIXELS], true));
    }
}

/// The definition without taking the axes apart: the weighted mean over all pixels of the picture.
fn naive(picture: &Picture, x: usize, y: usize, channel: usize) -> f64 {
    let shorter = picture.width.min(picture.height);
    let weight = |length: usize, place: usize, pixel: usize| {
        let scaled = (length as f64 * 32.0 / shorter as f64).round();
        let step = length as f64 / scaled;
        let front = ((scaled - 32.0) / 2.0).floor();
        let distance = (pixel as f64 + 0.5 - (front + place as f64 + 0.5) * step).abs();
        (1.0 - distance / step.max(1.0)).max(0.0)
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for row in 0..picture.height {
        for column in 0..picture.width {
            let weight = weight(picture.height, y, row) * weight(picture.width, x, column);
            weights += weight;
            sum += weight * f64::from(picture.rgb[(row * picture.width + column) * 3 + channel]);
        }
    }
    sum / weights
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn scaling_is_its_definition(width in 1usize..90, height in 1usize..90, seed: u8) {
        let rgb = (0..width * height * 3).map(|i| (i * i / 7 + i * usize::from(seed)) as u8).collect();
        let picture = Picture { width, height, rgb };
        let mut pixels = vec![0; PIXELS];
        scale::write(&picture, &mut pixels);
        for (x, y) in [(0, 0), (31, 31), (5, 30), (16, 16), (31, 2)] {
            for channel in 0..3 {
                let (found, expected) = (pixels[channel * 1024 + y * 32 + x], naive(&picture, x, y, channel));
                prop_assert!((f64::from(found) - expected).abs() <= 0.5 + 1e-9, "{found} {expected}");
            }
        }
    }

    #[test]
    fn any_bytes_are_a_picture_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0usize..3) {
        let start = [&[], &png::SIGNATURE[..], &super::jpeg::SIGNATURE][kind];
        let _ = decode(&[start, &bytes].concat(), &mut [0; PIXELS]);
    }
}

#[test]
fn every_cut_is_an_error_and_no_change_a_panic() {
    let colours = jpeg::encode(64, 48, 3, |x, y| vec![(x * 30) as u8, (y * 40) as u8, 99]);
    let grey = png(&[5; 40 * 40], (40, 40), ColorType::Grayscale, BitDepth::Eight);
    let mut pixels = vec![0; PIXELS];
    // The last 12 bytes of a PNG only say that it ends.
    for (whole, end) in [(&colours, 0), (&grey, 12)] {
        decode(whole, &mut pixels).unwrap();
        for length in 0..whole.len() - end {
            assert!(
                decode(&whole[..length], &mut pixels).is_err(),
                "cut at {length} of {}",
                whole.len()
            );
        }
        for place in 0..whole.len() {
            for mask in [0x01, 0x10, 0x80, 0xFF] {
                let mut bytes = whole.to_vec();
                bytes[place] ^= mask;
                let _ = decode(&bytes, &mut pixels);
            }
        }
    }
}

#[test]
fn what_is_no_picture_or_too_large_is_said() {
    let error = |bytes: &[u8]| decode(bytes, &mut [0; PIXELS]).unwrap_err();
    assert_eq!(error(b"GIF89a").0, "neither PNG nor JPEG data");
    assert_eq!(error(b"").0, "neither PNG nor JPEG data");
    // A small file that claims a large picture, and one that claims a huge one.
    let whole = png(&[1; 1024], SIDE32, ColorType::Grayscale, BitDepth::Eight);
    for (side, found) in [
        (5000u32, format!("{} bytes for 5000x5000 pixels", whole.len())),
        (60_000, "a picture of 60000x60000".into()),
    ] {
        let mut bytes = whole.clone();
        bytes[16..20].copy_from_slice(&side.to_be_bytes());
        bytes[20..24].copy_from_slice(&side.to_be_bytes());
        let crc = checksum(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(error(&bytes).0, found);
    }
    let bytes = jpeg::encode(32, 32, 1, |_, _| vec![3]);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let mut large = bytes.clone();
    large[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    assert_eq!(error(&large).0, "a picture of 65535x65535");
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
