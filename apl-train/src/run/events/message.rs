//! TensorFlow's `Event` as a protocol buffer, as far as TensorBoard needs it here.
//!
//! ```proto
//! message Event          { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
//! message Summary        { repeated Value value = 1; }
//! message Value          { string tag = 1; float simple_value = 2; HistogramProto histo = 5; }
//! message HistogramProto { double min = 1, max = 2, num = 3, sum = 4, sum_squares = 5; repeated double bucket_limit = 6, bucket = 7; }
//! ```

use crate::run::events::histogram::Histogram;

/// What a file begins with.
const VERSION: &str = "brain.Event:2";

/// A number or a histogram with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Such as `loss/test`: what stands before the `/` is a group of its own on TensorBoard's page.
    pub tag: String,
    /// What it is.
    pub datum: Datum,
}

/// What TensorBoard draws.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// A point of a curve.
    Scalar(f32),
    /// How values are distributed.
    Histogram(Histogram),
}

/// The event that says how the others are to be read.
pub fn version(wall_time: f64) -> Vec<u8> {
    let mut event = Message::default();
    event.double(1, wall_time);
    event.bytes(3, VERSION.as_bytes());
    event.0
}

/// Values after so many steps, at so many seconds since 1970.
pub fn event(wall_time: f64, step: u64, values: &[Value]) -> Vec<u8> {
    let mut summary = Message::default();
    for value in values {
        summary.bytes(1, &value.encoded());
    }
    let mut event = Message::default();
    event.double(1, wall_time);
    event.varint(2, step);
    event.bytes(5, &summary.0);
    event.0
}

/// The step of an event as [`event`] or [`version`] wrote it.
pub fn step(event: &[u8]) -> Option<u64> {
    let (&field, rest) = event.get(9..)?.split_first()?;
    if field != key(2, VARINT) {
        return Some(0);
    }
    let length = 1 + rest.iter().position(|byte| byte & 0x80 == 0)?;
    let digits = rest.get(..length)?.iter().rev();
    digits
        .copied()
        .try_fold(0u64, |step, byte| Some(step.checked_mul(0x80)? | u64::from(byte & 0x7f)))
}

impl Value {
    fn encoded(&self) -> Vec<u8> {
        let mut value = Message::default();
        value.bytes(1, self.tag.as_bytes());
        match &self.datum {
            Datum::Scalar(number) => value.float(2, *number),
            Datum::Histogram(histogram) => value.bytes(5, &encoded(histogram)),
        }
        value.0
    }
}

fn encoded(histogram: &Histogram) -> Vec<u8> {
    let Histogram { min, max, count, sum, sum_of_squares, limits, counts } = histogram;
    let mut message = Message::default();
    for (field, number) in [min, max, count, sum, sum_of_squares].into_iter().enumerate() {
        message.double(1 + field as u8, *number);
    }
    for (field, numbers) in [(6, limits), (7, counts)] {
        let packed: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        message.bytes(field, &packed);
    }
    message.0
}

/// Wire types.
const VARINT: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const DELIMITED: u8 = 2;
const FOUR_BYTES: u8 = 5;

/// What stands before a field's value; fields up to 15 have one byte.
const fn key(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

/// Fields in the order they were added.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn double(&mut self, field: u8, value: f64) {
        self.0.push(key(field, EIGHT_BYTES));
        self.0.extend(value.to_le_bytes());
    }

    fn float(&mut self, field: u8, value: f32) {
        self.0.push(key(field, FOUR_BYTES));
        self.0.extend(value.to_le_bytes());
    }

    fn varint(&mut self, field: u8, value: u64) {
        self.0.push(key(field, VARINT));
        self.digits(value);
    }

    fn bytes(&mut self, field: u8, value: &[u8]) {
        self.0.push(key(field, DELIMITED));
        self.digits(value.len() as u64);
        self.0.extend(value);
    }

    /// Seven bits a byte, the lowest first; all bytes but the last have the highest bit set.
    fn digits(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_is_byte_for_byte_tensorflows() {
        let expected = b"\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x1a\x0dbrain.Event:2";
        assert_eq!(version(1.5), expected);
    }

    #[test]
    fn fields_stand_where_the_format_has_them() {
        let scalar = Value { tag: "a/b".into(), datum: Datum::Scalar(-2.0) };
        let expected = b"\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x10\xac\x02\x2a\x0c\x0a\x0a\x0a\x03a/b\x15\x00\x00\x00\xc0";
        assert_eq!(event(1.5, 300, &[scalar]), expected);
        let histogram = Value {
            tag: "a".into(),
            datum: Datum::Histogram(Histogram {
                min: 1.0,
                max: 2.0,
                count: 3.0,
                sum: 4.0,
                sum_of_squares: 5.0,
                limits: vec![6.0],
                counts: vec![7.0],
            }),
        };
        let mut expected = b"\x0a\x01a\x2a\x41".to_vec();
        for (key, number) in (1u8..).zip([1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) {
            let key = if key < 6 { vec![key << 3 | 1] } else { vec![key << 3 | 2, 8] };
            expected.extend([key.as_slice(), &number.to_le_bytes()].concat());
        }
        assert_eq!(histogram.encoded(), expected);
    }

    #[test]
    fn steps_are_read_back() {
        for expected in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX >> 1] {
            assert_eq!(step(&event(0.5, expected, &[])), Some(expected));
        }
        assert_eq!(step(&version(0.5)), Some(0));
        // Whatever else stands there is no step, and no panic.
        assert_eq!(step(b""), None);
        assert_eq!(step(&[key(2, VARINT); 10]), None);
        assert_eq!(step(&[[0x10; 10].as_slice(), &[0xff; 11]].concat()), None);
        assert_eq!(step(&[[0x10; 10].as_slice(), &[0xff; 11], &[1]].concat()), None);
    }
}
