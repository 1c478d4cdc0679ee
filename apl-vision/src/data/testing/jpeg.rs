//! JPEG files of flat blocks: what they decode to follows from the standard in a line.

/// A baseline JPEG. `block(x, y)` gives the components of the 8x8 block in column x and row y; there are 1, 3 or 4 of them.
pub(crate) fn encode(
    width: u16,
    height: u16,
    components: u8,
    block: impl Fn(usize, usize) -> Vec<u8>,
) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    // Quantised by 8 the first coefficient of a flat block is its value less 128.
    segment(&mut bytes, 0xDB, &[&[0u8][..], &[8; 64]].concat());
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components);
    (1..=components).for_each(|id| frame.extend([id, 0x11, 0]));
    segment(&mut bytes, 0xC0, &frame);
    // First coefficients: categories 0 to 8 in four bits each. Others: one bit for the end of the block.
    let mut counts = [0; 16];
    counts[3] = 9;
    segment(&mut bytes, 0xC4, &[&[0x00], &counts[..], &(0..9).collect::<Vec<u8>>()].concat());
    let mut counts = [0; 16];
    counts[0] = 1;
    segment(&mut bytes, 0xC4, &[&[0x10], &counts[..], &[0]].concat());
    let mut scan = vec![components];
    (1..=components).for_each(|id| scan.extend([id, 0]));
    scan.extend([0, 63, 0]);
    segment(&mut bytes, 0xDA, &scan);

    let mut bits = Bits::default();
    let mut before = vec![128i32; components.into()];
    for y in 0..usize::from(height).div_ceil(8) {
        for x in 0..usize::from(width).div_ceil(8) {
            for (value, before) in block(x, y).into_iter().zip(&mut before) {
                let difference = i32::from(value) - *before;
                *before = value.into();
                let category = 32 - difference.unsigned_abs().leading_zeros();
                bits.push(category, 4);
                let code = if difference < 0 { difference - 1 } else { difference } as u32;
                bits.push(code & ((1 << category) - 1), category);
                bits.push(0, 1);
            }
        }
    }
    bits.push(0x7F, 7);
    for byte in bits.bytes {
        bytes.push(byte);
        if byte == 0xFF {
            bytes.push(0);
        }
    }
    bytes.extend([0xFF, 0xD9]);
    bytes
}

fn segment(bytes: &mut Vec<u8>, marker: u8, contents: &[u8]) {
    bytes.extend([0xFF, marker]);
    bytes.extend((contents.len() as u16 + 2).to_be_bytes());
    bytes.extend(contents);
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.pending = self.pending << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.pending as u8);
                (self.pending, self.count) = (0, 0);
            }
        }
    }
}
