//! Images and labels in memory, in canonical order.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Colour channels of an image: red, green, blue.
pub const CHANNELS: usize = 3;
/// Rows and columns of an image.
pub const SIDE: usize = 32;
/// Values of an image.
pub const PIXELS: usize = CHANNELS * SIDE * SIDE;

/// A split: images `[N, 3, 32, 32]` in row-major order, 0-255, and labels `[N]`.
///
/// Rows are in canonical order: ascending by the SHA-256 of the 3072 pixels, then by label.
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u32>,
    digest: String,
}

impl Images {
    /// Puts rows in canonical order. `pixels` holds N images, row-major `[N, 3, 32, 32]`.
    ///
    /// ```
    /// use apl_vision::data::{Images, PIXELS};
    /// let two = [vec![7; PIXELS], vec![9; PIXELS]];
    /// let images = Images::canonical(two.concat(), vec![0, 1])?;
    /// let [first, second] = two;
    /// assert_eq!(images, Images::canonical([second, first].concat(), vec![1, 0])?);
    /// # Ok::<(), apl_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`]: another number of pixels than 3072 a label, or 2^32 labels and more.
    pub fn canonical(pixels: Vec<u8>, labels: Vec<u32>) -> Result<Self> {
        let rows = digests(&pixels, &labels)?;
        let mut order: Vec<u32> = (0..labels.len() as u32).collect();
        order.par_sort_unstable_by_key(|&i| (rows[i as usize], labels[i as usize]));
        let sorted: Vec<_> = order.iter().map(|&i| rows[i as usize]).collect();
        let labels: Vec<u32> = order.iter().map(|&i| labels[i as usize]).collect();
        let digest = digest(&sorted, &labels);
        Ok(Self { pixels: gather(&pixels, &order), labels, digest })
    }

    /// Rows that are in canonical order already, as a cache holds them; `None` if they are not.
    pub(crate) fn sorted(pixels: Vec<u8>, labels: Vec<u32>) -> Result<Option<Self>> {
        let rows = digests(&pixels, &labels)?;
        if !rows.iter().zip(&labels).is_sorted() {
            return Ok(None);
        }
        let digest = digest(&rows, &labels);
        Ok(Some(Self { pixels, labels, digest }))
    }

    /// The rows of these indices. Ascending indices leave them in canonical order.
    ///
    /// # Panics
    /// An index that is not below the number of images.
    pub(crate) fn select(&self, indices: &[u32]) -> Result<Self> {
        let pixels = gather(&self.pixels, indices);
        let labels: Vec<u32> = indices.iter().map(|&i| self.labels[i as usize]).collect();
        let rows = digests(&pixels, &labels)?;
        let digest = digest(&rows, &labels);
        Ok(Self { pixels, labels, digest })
    }

    /// The number of images N.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All pixels, row-major `[N, 3, 32, 32]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The labels `[N]`, from 0.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Image `index`, row-major `[3, 32, 32]`, if there is one.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        self.pixels.chunks_exact(PIXELS).nth(index)
    }

    /// What the split holds, in 64 hexadecimal digits: the SHA-256 over all rows in order, each as the SHA-256 of its pixels (32 bytes) and its
    /// label (4 bytes, little-endian).
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Images {{ {}, {} }}", self.len(), self.digest)
    }
}

type RowDigest = [u8; 32];

/// The SHA-256 of each image.
fn digests(pixels: &[u8], labels: &[u32]) -> Result<Vec<RowDigest>> {
    if pixels.len() != labels.len() * PIXELS || u32::try_from(labels.len()).is_err() {
        return Err(Error::Setting {
            place: "images".into(),
            found: format!("{} values for {} labels", pixels.len(), labels.len()),
            expected: format!("{PIXELS} values a label and fewer than 2^32 labels"),
        });
    }
    Ok(pixels.par_chunks_exact(PIXELS).map(|image| Sha256::digest(image).into()).collect())
}

fn digest(rows: &[RowDigest], labels: &[u32]) -> String {
    let mut hasher = Sha256::new();
    for (row, label) in rows.iter().zip(labels) {
        hasher.update(row);
        hasher.update(label.to_le_bytes());
    }
    hex(&hasher.finalize())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The images of these indices, one after the other.
fn gather(pixels: &[u8], indices: &[u32]) -> Vec<u8> {
    let mut gathered = vec![0; indices.len() * PIXELS];
    gathered.par_chunks_exact_mut(PIXELS).zip(indices).for_each(|(image, &i)| {
        image.copy_from_slice(&pixels[i as usize * PIXELS..][..PIXELS]);
    });
    gathered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `count` images of which some are equal but for the label.
    fn some(count: usize) -> (Vec<u8>, Vec<u32>) {
        let pixels = (0..count).flat_map(|n| (0..PIXELS).map(move |i| ((n / 2) * 31 + i) as u8));
        (pixels.collect(), (0..count as u32).rev().collect())
    }

    /// The definition in the plainest words: hash, sort, hash again.
    fn naive(pixels: &[u8], labels: &[u32]) -> (Vec<u32>, String) {
        let mut rows: Vec<(Vec<u8>, u32)> = (0..labels.len())
            .map(|n| (Sha256::digest(&pixels[n * 3072..(n + 1) * 3072]).to_vec(), labels[n]))
            .collect();
        rows.sort();
        let bytes: Vec<u8> = rows
            .iter()
            .flat_map(|(row, label)| [row.as_slice(), &label.to_le_bytes()].concat())
            .collect();
        (rows.iter().map(|row| row.1).collect(), hex(&Sha256::digest(&bytes)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn the_order_of_the_rows_does_not_matter(count in 0usize..9, seed: u32) {
            let (pixels, labels) = some(count);
            let images = Images::canonical(pixels.clone(), labels.clone()).unwrap();
            let mut order: Vec<u32> = (0..count as u32).collect();
            apl_core::random::Streams::new(seed)
                .named(apl_core::random::Purpose::Sample, "rows")
                .shuffle(&mut order);
            let moved = order.iter().map(|&i| labels[i as usize]).collect();
            prop_assert_eq!(&Images::canonical(gather(&pixels, &order), moved).unwrap(), &images);
            let (sorted, digest) = naive(&pixels, &labels);
            prop_assert_eq!(images.labels(), sorted);
            prop_assert_eq!(images.digest(), digest);
        }
    }

    #[test]
    fn pixels_follow_their_labels() {
        let (pixels, labels) = some(6);
        let images = Images::canonical(pixels.clone(), labels.clone()).unwrap();
        for (n, label) in labels.iter().enumerate() {
            let place = images.labels().iter().position(|other| other == label).unwrap();
            assert_eq!(images.image(place).unwrap(), &pixels[n * PIXELS..][..PIXELS]);
        }
        assert!(images.image(6).is_none());
    }

    #[test]
    fn the_digest_sees_pixels_and_labels() {
        let (pixels, labels) = some(4);
        let first = Images::canonical(pixels.clone(), labels.clone()).unwrap();
        let mut other = labels.clone();
        other[2] += 10;
        assert_ne!(Images::canonical(pixels.clone(), other).unwrap().digest(), first.digest());
        let mut other = pixels;
        other[5000] ^= 1;
        assert_ne!(Images::canonical(other, labels).unwrap().digest(), first.digest());
    }

    #[test]
    fn sorted_takes_only_canonical_rows_and_select_keeps_them() {
        let (pixels, labels) = some(5);
        let images = Images::canonical(pixels, labels).unwrap();
        let same = Images::sorted(images.pixels.clone(), images.labels.clone()).unwrap();
        assert_eq!(same.as_ref(), Some(&images));
        let swapped = images.select(&[1, 0, 2, 3, 4]).unwrap();
        assert_eq!(Images::sorted(swapped.pixels, swapped.labels).unwrap(), None);
        let part = images.select(&[1, 3]).unwrap();
        let again = Images::canonical(part.pixels.clone(), part.labels.clone()).unwrap();
        assert_eq!(part, again);
    }

    #[test]
    fn a_wrong_number_of_pixels_is_named() {
        assert_eq!(
            Images::canonical(vec![0; 3071], vec![0]).unwrap_err().to_string(),
            "images: found 3071 values for 1 labels, expected 3072 values a label and fewer than 2^32 labels"
        );
    }
}
