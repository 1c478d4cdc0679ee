//! The bytes of a pickle, taken from the front.

use super::text;
use crate::error::Wrong;

/// What is left of a pickle.
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, place: 0 }
    }

    /// How many bytes were taken.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.place
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], Wrong> {
        let rest = &self.bytes[self.place..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| {
            (format!("{} bytes to the end of the file", rest.len()), format!("{count} more"))
        })?;
        self.place += taken.len();
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    /// An unsigned little-endian number of `N` bytes, at most 8.
    pub(super) fn unsigned<const N: usize>(&mut self) -> Result<u64, Wrong> {
        Ok(self.array::<N>()?.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// A signed little-endian number of 4 bytes.
    pub(super) fn signed(&mut self) -> Result<i64, Wrong> {
        Ok(i32::from_le_bytes(self.array()?).into())
    }

    /// A length of `N` bytes, then so many bytes.
    pub(super) fn counted<const N: usize>(&mut self) -> Result<&'a [u8], Wrong> {
        let count = self.unsigned::<N>()?;
        self.take(count)
    }

    /// As [`Input::counted`], with a signed length of 4 bytes, as the oldest protocols have it.
    pub(super) fn counted_signed(&mut self) -> Result<&'a [u8], Wrong> {
        let count = self.signed()?;
        let count = u64::try_from(count);
        self.take(count.map_err(|_| ("a negative length".into(), "0 or more".into()))?)
    }

    /// As [`Input::counted`], a text.
    pub(super) fn text<const N: usize>(&mut self) -> Result<&'a str, Wrong> {
        text::utf8(self.counted::<N>()?)
    }

    /// The bytes before the next line feed, which is taken too.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Wrong> {
        let rest = &self.bytes[self.place..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| ("a line without end".into(), "a line feed".into()))?;
        self.place += length + 1;
        Ok(&rest[..length])
    }

    /// A line as an integer, in decimal.
    pub(super) fn integer(line: &[u8]) -> Result<i64, Wrong> {
        let line = text::utf8(line)?;
        // Python 2 wrote an L after integers of its long type.
        let digits = line.strip_suffix('L').unwrap_or(line);
        digits.parse().map_err(|_| (format!("{:.40?}", line), "an integer of 64 bits".into()))
    }

    /// A little-endian integer in two's complement of the given bytes.
    pub(super) fn long(bytes: &[u8]) -> Result<i64, Wrong> {
        if bytes.len() > 8 {
            return Err((format!("an integer of {} bytes", bytes.len()), "at most 8".into()));
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut all = [if negative { 0xFF } else { 0 }; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(all))
    }
}
