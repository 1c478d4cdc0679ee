//! Reads event files: the header once, rows wherever they are asked for.

use std::{
    fs::File,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    About,
    about::{Header, LONGEST, Places},
    digest::Parts,
    positioned::{ended, read_exact_at},
};
use crate::{Error, Result};

/// Bytes read at a time for a few rows; they lie on the stack.
const FEW: usize = 1 << 14;
/// Bytes read at a time for all of them.
const MANY: usize = 1 << 20;

/// An event file that is open: what it says about itself, and its rows.
///
/// Rows are read at their places with `&self`, so several threads may read one file at once. Nothing is mapped into memory: a file that is cut short
/// while it is read gives an error.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
    about: About,
    places: Places,
    /// Where `features`, `weight` and `label` begin in the file, and where it ends.
    starts: [u64; 4],
}

impl EventFile {
    /// Opens a file and checks its header against its length. The contents are not read: [`verify`](Self::verify) does that.
    ///
    /// # Errors
    /// No such file; another format; a file that is shorter or longer than its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let file = fs_err::File::open(path)?;
        let length = file.metadata()?.len();
        let mut file = file.into_parts().0;
        let foreign = |found: String| Error::File {
            path: path.into(),
            found,
            expected: "an event file".into(),
            hint: "import the source again".into(),
        };
        let mut head = [0; 8];
        let short = |error| foreign(format!("a header that cannot be read ({error})"));
        file.read_exact(&mut head).map_err(short)?;
        let room = u64::from_le_bytes(head);
        if room > LONGEST || room > length.saturating_sub(8) {
            return Err(foreign(format!("{length} bytes that do not hold a header")));
        }
        let mut text = vec![0; usize::try_from(room).unwrap_or(0)];
        file.read_exact(&mut text).map_err(short)?;
        let (about, places) = Header::parse(&text).map_err(foreign)?;
        let data = 8 + room;
        let ends = places.ends().and_then(|[features, weight, label]| {
            let end = data.checked_add(label)?;
            Some([data, data + features, data + weight, end])
        });
        let starts = ends.ok_or_else(|| foreign("more rows than a file can have".into()))?;
        if length != starts[3] {
            return Err(Error::File {
                path: path.into(),
                found: format!("{length} bytes"),
                expected: format!("{} bytes for its {} rows", starts[3], places.rows),
                hint:
                    "the file was cut short or added to; copy it again or import the source again"
                        .into(),
            });
        }
        Ok(Self { path: path.into(), file, about, places, starts })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says about itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The names of the features, F of them.
    pub fn features(&self) -> &[String] {
        &self.about.features
    }

    /// The number of events, N.
    pub fn rows(&self) -> usize {
        self.places.rows as usize
    }

    /// The digest of the content, in hexadecimal, as the header has it.
    pub fn digest(&self) -> &str {
        &self.about.digest
    }

    /// Whether the events have weights.
    pub fn has_weights(&self) -> bool {
        self.places.weights
    }

    /// Reads a range of rows: `features` `[rows, F]`, NaN where a value is missing; `labels` `[rows]`, 1 for signal; `weights` `[rows]`, if they are
    /// asked for.
    ///
    /// # Errors
    /// A range outside of the file, slices of other lengths, weights of a file without; a file that was cut short since it was opened; damage that
    /// shows in a label.
    pub fn read_rows(
        &self,
        rows: Range<usize>,
        features: &mut [f32],
        labels: &mut [u8],
        weights: Option<&mut [f32]>,
    ) -> Result<()> {
        let count = rows.len();
        let wrong = |found: String, expected: String| Error::Setting {
            place: format!("{}: rows to read", self.path.display()),
            found,
            expected,
        };
        if rows.start > rows.end || rows.end > self.rows() {
            return Err(wrong(format!("{rows:?}"), format!("a range within 0..{}", self.rows())));
        }
        let columns = self.features().len();
        let lengths =
            [features.len(), labels.len(), weights.as_ref().map_or(count, |weights| weights.len())];
        if lengths != [count * columns, count, count] {
            let [features, labels, weights] = lengths;
            return Err(wrong(
                format!("room for {features} features, {labels} labels, {weights} weights"),
                format!("{}, {count} and {count}", count * columns),
            ));
        }
        if weights.is_some() && !self.has_weights() {
            return Err(wrong("a wish for weights".into(), "none: the file has no weights".into()));
        }
        let first = rows.start as u64;
        let width = 4 * columns as u64;
        self.floats(self.starts[0], first, width, features)?;
        if let Some(weights) = weights {
            self.floats(self.starts[1], first, 4, weights)?;
        }
        read_exact_at(&self.file, labels, self.starts[2] + first)
            .map_err(|error| self.failure(&error, self.starts[2], 1, first))?;
        if let Some(row) = labels.iter().position(|&label| label > 1) {
            return Err(self.damaged(format!("label {} in row {}", labels[row], rows.start + row)));
        }
        Ok(())
    }

    /// Fills `values` from row `first` of the tensor at `start` on, whose rows are `width` bytes.
    fn floats(&self, start: u64, first: u64, width: u64, values: &mut [f32]) -> Result<()> {
        let mut place = start + first * width;
        let mut buffer = [0; FEW];
        for values in values.chunks_mut(FEW / 4) {
            let bytes = &mut buffer[..4 * values.len()];
            read_exact_at(&self.file, bytes, place)
                .map_err(|error| self.failure(&error, start, width, first))?;
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            place += bytes.len() as u64;
        }
        Ok(())
    }

    /// Reads everything and compares its digest with the header's.
    ///
    /// # Errors
    /// Another digest; a file that cannot be read.
    pub fn verify(&self) -> Result<()> {
        let mut parts = Parts::default();
        let [features, weight, label, end] = self.starts;
        let width = 4 * self.features().len() as u64;
        self.hash(features..weight, width, &mut parts.features)?;
        self.hash(weight..label, 4, &mut parts.weights)?;
        self.hash(label..end, 1, &mut parts.labels)?;
        let found = parts.digest(self.features(), self.places.rows, self.has_weights());
        if found == self.about.digest {
            return Ok(());
        }
        Err(self.damaged(format!("contents with the digest {found}")))
    }

    fn hash(&self, bytes: Range<u64>, width: u64, hasher: &mut Sha256) -> Result<()> {
        let mut buffer = vec![0; MANY];
        let mut place = bytes.start;
        while place < bytes.end {
            let count = (bytes.end - place).min(MANY as u64) as usize;
            read_exact_at(&self.file, &mut buffer[..count], place)
                .map_err(|error| self.failure(&error, bytes.start, width, 0))?;
            hasher.update(&buffer[..count]);
            place += count as u64;
        }
        Ok(())
    }

    /// Why a tensor at `start` with rows of `width` bytes could not be read from row `first` on.
    fn failure(&self, error: &std::io::Error, start: u64, width: u64, first: u64) -> Error {
        let path = self.path.clone();
        let hint = "copy the file again or import the source again".to_string();
        if !ended(error) {
            let (found, expected) = (error.to_string(), "a file that can be read".into());
            return Error::File { path, found, expected, hint };
        }
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        let row = (length.saturating_sub(start) / width).max(first);
        Error::File {
            path,
            found: format!("an end at byte {length}, before row {row} is whole"),
            expected: format!("{} bytes, as there were when it was opened", self.starts[3]),
            hint: format!("the file was cut short in the meantime; {hint}"),
        }
    }

    fn damaged(&self, found: String) -> Error {
        Error::File {
            path: self.path.clone(),
            found,
            expected: format!("the contents with the digest {}", self.about.digest),
            hint: "the file is damaged; copy it again or import the source again".into(),
        }
    }
}
