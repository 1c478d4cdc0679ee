//! TensorBoard's event files, read by a reader of the tests' own: nothing here is shared with what writes them.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// An event without its time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    pub step: u64,
    pub version: Option<String>,
    pub values: Vec<(String, Datum)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    Scalar(f32),
    Histogram(Histogram),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    pub min: f64,
    pub max: f64,
    pub num: f64,
    pub sum: f64,
    pub sum_squares: f64,
    pub bucket_limit: Vec<f64>,
    pub bucket: Vec<f64>,
}

/// All events of a file in which nothing is torn or damaged.
pub fn read(file: &[u8]) -> Vec<Event> {
    messages(file).into_iter().map(event).collect()
}

/// The file's events as they stand there, but for their times.
pub fn without_times(file: &[u8]) -> Vec<u8> {
    let rest = messages(file).into_iter().map(|message| {
        // Field 1, eight bytes: seconds since 1970, at least those until 2020.
        assert!(message[0] == 0x09 && double(&message[1..9]) > 1_577_836_800.0);
        &message[9..]
    });
    rest.flatten().copied().collect()
}

fn messages(mut file: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while !file.is_empty() {
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        assert_eq!(file[8..12], checksum(&file[..8]), "checksum of a length");
        let message = &file[12..12 + length];
        assert_eq!(file[12 + length..16 + length], checksum(message), "checksum of an event");
        messages.push(message);
        file = &file[16 + length..];
    }
    messages
}

/// CRC-32C bit by bit, masked as TensorFlow does.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |i| u32::from(byte >> i & 1))) {
        crc = (crc >> 1) ^ (0x82f6_3b78 * ((crc ^ bit) & 1));
    }
    let crc = u64::from(!crc);
    let masked = ((crc >> 15 | crc << 17) & 0xffff_ffff) + 0xa282_ead8;
    (masked as u32).to_le_bytes()
}

fn double(bytes: &[u8]) -> f64 {
    f64::from_le_bytes(bytes.try_into().unwrap())
}

/// The fields of a protocol buffer: their numbers and the bytes of their values.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let length = match key & 7 {
            0 => {
                let value = varint(&mut message);
                fields.push((key >> 3, value.to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut message) as usize,
            5 => 4,
            other => panic!("wire type {other}"),
        };
        let (value, rest) = message.split_at(length);
        fields.push((key >> 3, value.to_vec()));
        message = rest;
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0.. {
        let byte = bytes[place];
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            *bytes = &bytes[place + 1..];
            return value;
        }
    }
    unreachable!()
}

fn event(message: &[u8]) -> Event {
    let mut event = Event::default();
    for (field, value) in fields(message) {
        match field {
            1 => {}
            2 => event.step = u64::from_le_bytes(value.try_into().unwrap()),
            3 => event.version = Some(String::from_utf8(value).unwrap()),
            5 => event.values = fields(&value).iter().map(|(_, value)| summary(value)).collect(),
            other => panic!("field {other} of an event"),
        }
    }
    event
}

fn summary(message: &[u8]) -> (String, Datum) {
    let (mut tag, mut datum) = (None, None);
    for (field, value) in fields(message) {
        match field {
            1 => tag = Some(String::from_utf8(value).unwrap()),
            2 => datum = Some(Datum::Scalar(f32::from_le_bytes(value.try_into().unwrap()))),
            5 => datum = Some(Datum::Histogram(histogram(&value))),
            other => panic!("field {other} of a value"),
        }
    }
    (tag.unwrap(), datum.unwrap())
}

fn histogram(message: &[u8]) -> Histogram {
    let mut histogram = Histogram::default();
    let doubles = |bytes: &[u8]| bytes.chunks(8).map(double).collect();
    for (field, value) in fields(message) {
        match field {
            1 => histogram.min = double(&value),
            2 => histogram.max = double(&value),
            3 => histogram.num = double(&value),
            4 => histogram.sum = double(&value),
            5 => histogram.sum_squares = double(&value),
            6 => histogram.bucket_limit = doubles(&value),
            7 => histogram.bucket = doubles(&value),
            other => panic!("field {other} of a histogram"),
        }
    }
    histogram
}
