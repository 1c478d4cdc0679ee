//! TFRecord: records in a file, each with checksums of its own.
//!
//! A record is the length of its data (`u64`), the masked CRC-32C of these 8 bytes, the data and the masked CRC-32C of the data (`u32` each), all
//! little-endian.

/// Bytes before the data.
const HEAD: usize = 12;
/// Bytes after it.
const TAIL: usize = 4;

/// Adds a record to those of `file`.
pub fn push(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked(data).to_le_bytes());
}

/// The data of the records of a file, one after the other, each with the position behind its record. Ends before the first that is torn or damaged.
pub fn whole(file: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let data = first(file.get(at..)?)?;
        at += HEAD + data.len() + TAIL;
        Some((data, at))
    })
}

fn first(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (check, rest) = rest.split_first_chunk()?;
    if masked(length) != u32::from_le_bytes(*check) {
        return None;
    }
    let (data, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let check = rest.first_chunk()?;
    (masked(data) == u32::from_le_bytes(*check)).then_some(data)
}

/// `rotate_right(crc, 15) + 0xa282ead8`, as data that hold a checksum of their own would weaken it.
fn masked(bytes: &[u8]) -> u32 {
    crc(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

/// What each byte does to the checksum.
static TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Vec<(&[u8], usize)> {
        whole(file).collect()
    }

    /// The check value of the algorithm, those of RFC 3720, and how every file of TensorFlow begins: a record of 24 bytes.
    #[test]
    fn checksums_are_those_of_others() {
        assert_eq!(crc(b"123456789"), 0xe306_9283);
        assert_eq!((crc(&[0; 32]), crc(&[0xff; 32])), (0x8a91_36aa, 0x62a8_ab43));
        assert_eq!(masked(&24u64.to_le_bytes()).to_le_bytes(), *b"\xa3\x7fK\"");
    }

    #[test]
    fn a_file_cut_anywhere_has_the_records_before() {
        let mut file = Vec::new();
        let mut expected = Vec::new();
        for data in [&b"one"[..], b"", &[7; 300]] {
            push(&mut file, data);
            expected.push((data, file.len()));
        }
        assert_eq!(read(&file), expected);
        for end in 0..file.len() {
            let kept = expected.iter().filter(|(_, behind)| *behind <= end).count();
            assert_eq!(read(&file[..end]), expected[..kept], "{end}");
        }
    }

    #[test]
    fn a_damaged_record_is_the_end() {
        let mut file = Vec::new();
        push(&mut file, b"one");
        let first = file.len();
        push(&mut file, b"two");
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x10;
            assert_eq!(read(&damaged).len(), usize::from(at >= first), "{at}");
        }
        // A length that no file has is no more than damage.
        let mut huge = u64::MAX.to_le_bytes().to_vec();
        huge.extend(masked(&huge).to_le_bytes());
        assert_eq!(read(&huge), []);
    }
}
