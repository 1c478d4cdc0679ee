//! Writes event files row by row: nothing grows with the number of rows.

use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use apl_train::run::file::{Replacement, folder};
use sha2::Digest;

use super::{
    About, EventFile, Source,
    about::{FORMAT, Header, LONGEST, Places},
    digest::Parts,
};
use crate::{Error, Result};

/// Bytes gathered before they go to a file.
const BUFFER: usize = 1 << 18;

/// Writes an event file of any number of rows in constant memory.
///
/// Features stream into the file behind room for its header; labels and weights wait in temporary files beside it. The file appears under its name
/// whole, by one rename, or not at all.
///
/// ```
/// use apl_higgs::data::EventWriter;
/// let folder = tempfile::tempdir()?;
/// let names = ["mass".to_string(), "pt".to_string()];
/// let mut writer = EventWriter::create(&folder.path().join("a.safetensors"), &names, ("me", "example"), false)?;
/// writer.append(&[125.1, 40.5, 91.2, f32::NAN], &[1, 0], &[])?;
/// let events = writer.finish("", 0)?;
/// assert_eq!((events.rows(), &events.about().missing[..]), (2, &[0, 1][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    about: About,
    room: usize,
    rows: u64,
    parts: Parts,
    file: BufWriter<Replacement>,
    labels: BufWriter<File>,
    weights: Option<BufWriter<File>>,
    bytes: Vec<u8>,
}

impl EventWriter {
    /// Begins a file; its folder is made if there is none. `source` is the name of the file that the events come from and its kind.
    ///
    /// # Errors
    /// No features; a place that cannot be written.
    pub fn create(
        path: &Path,
        features: &[String],
        source: (&str, &str),
        weights: bool,
    ) -> Result<Self> {
        let (file, kind) = (source.0.to_string(), source.1.to_string());
        let about = About {
            format: FORMAT,
            features: features.to_vec(),
            source: Source { file, kind, sha256: String::new() },
            skipped: 0,
            digest: String::new(),
            missing: vec![0; features.len()],
            least_weight: weights.then_some(f32::INFINITY),
        };
        let room = Header::widest(&about, weights).text().len().next_multiple_of(8) + 8;
        if features.is_empty() || room as u64 > LONGEST {
            return Err(Error::Setting {
                place: "features".into(),
                found: features.len().to_string(),
                expected: format!("at least one, their names in {LONGEST} bytes"),
            });
        }
        let failed = |error| Error::unwritable(path, &error);
        let folder = folder(path);
        std::fs::create_dir_all(folder).map_err(failed)?;
        let file = Replacement::begin(path).map_err(failed)?;
        let side =
            || tempfile::tempfile_in(folder).map(|file| BufWriter::with_capacity(BUFFER, file));
        let mut writer = Self {
            path: path.into(),
            about,
            room,
            rows: 0,
            parts: Parts::default(),
            file: BufWriter::with_capacity(BUFFER, file),
            labels: side().map_err(failed)?,
            weights: if weights { Some(side().map_err(failed)?) } else { None },
            bytes: Vec::new(),
        };
        writer.header("").map_err(failed)?;
        Ok(writer)
    }

    /// Appends as many rows as there are labels: `[rows, F]` features, NaN where one is missing, labels 0 or 1, and as many weights where the file has
    /// them.
    ///
    /// # Errors
    /// Another number of features or weights, a label that is neither, an infinite feature, a weight that is not finite; a full disk.
    pub fn append(&mut self, features: &[f32], labels: &[u8], weights: &[f32]) -> Result<()> {
        let columns = self.about.features.len();
        let expected = if self.weights.is_some() { labels.len() } else { 0 };
        if labels.len().checked_mul(columns) != Some(features.len()) || weights.len() != expected {
            return Err(Error::Setting {
                place: "rows to append".into(),
                found: format!(
                    "{} features, {} labels, {} weights",
                    features.len(),
                    labels.len(),
                    weights.len()
                ),
                expected: format!("{columns} features a label, {expected} weights"),
            });
        }
        let good = labels.iter().all(|&label| label <= 1)
            && !features.iter().any(|value| value.is_infinite())
            && weights.iter().all(|weight| weight.is_finite());
        if !good {
            return Err(Error::Setting {
                place: "rows to append".into(),
                found: "a label, a feature or a weight out of its range".into(),
                expected: "labels 0 or 1, features finite or NaN, weights finite".into(),
            });
        }
        self.write(features, labels, weights)
            .map_err(|error| Error::unwritable(&self.path, &error))?;
        self.rows += labels.len() as u64;
        Ok(())
    }

    fn write(&mut self, features: &[f32], labels: &[u8], weights: &[f32]) -> std::io::Result<()> {
        for row in features.chunks_exact(self.about.features.len()) {
            for (missing, value) in self.about.missing.iter_mut().zip(row) {
                *missing += u64::from(value.is_nan());
            }
        }
        to_bytes(&mut self.bytes, features);
        self.parts.features.update(&self.bytes);
        self.file.write_all(&self.bytes)?;
        self.parts.labels.update(labels);
        self.labels.write_all(labels)?;
        if let Some(least) = &mut self.about.least_weight {
            *least = weights.iter().copied().fold(*least, f32::min);
        }
        if let Some(file) = &mut self.weights {
            to_bytes(&mut self.bytes, weights);
            self.parts.weights.update(&self.bytes);
            file.write_all(&self.bytes)?;
        }
        Ok(())
    }

    /// Ends the file and gives it its name, in place of an earlier one. `sha256` is of the source file's bytes; `skipped` counts its rows that were
    /// left out.
    ///
    /// # Errors
    /// No rows, a digest longer than a SHA-256; a full disk.
    pub fn finish(mut self, sha256: &str, skipped: u64) -> Result<EventFile> {
        if self.rows == 0 || sha256.len() > 64 {
            return Err(Error::Setting {
                place: self.path.display().to_string(),
                found: format!("{} rows and a digest of {} digits", self.rows, sha256.len()),
                expected: "at least one row and up to 64 digits".into(),
            });
        }
        self.about.source.sha256 = sha256.into();
        self.about.skipped = skipped;
        let weights = self.weights.is_some();
        let parts = std::mem::take(&mut self.parts);
        self.about.digest = parts.digest(&self.about.features, self.rows, weights);
        let features = self.about.features.len() as u64;
        let places = Places { rows: self.rows, features, weights };
        let path = self.path.clone();
        self.complete(places).map_err(|error| Error::unwritable(&path, &error))?;
        EventFile::open(&path)
    }

    fn complete(mut self, places: Places) -> std::io::Result<()> {
        for side in self.weights.take().into_iter().chain([self.labels]) {
            let mut side = side.into_inner().map_err(|error| error.into_error())?;
            side.seek(SeekFrom::Start(0))?;
            std::io::copy(&mut side, &mut self.file)?;
        }
        let header = Header::new(&self.about, places)
            .ok_or_else(|| std::io::Error::other("more rows than a file can have"))?;
        let file = &mut self.file;
        file.seek(SeekFrom::Start(0))?;
        write_header(file, self.room, &header.text())?;
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.finish()
    }

    fn header(&mut self, text: &str) -> std::io::Result<()> {
        write_header(&mut self.file, self.room, text)
    }
}

/// The length of the header and its text, padded with spaces to `room`.
fn write_header(file: &mut impl Write, room: usize, text: &str) -> std::io::Result<()> {
    if text.len() > room {
        return Err(std::io::Error::other("a header longer than the room kept for it"));
    }
    file.write_all(&(room as u64).to_le_bytes())?;
    file.write_all(text.as_bytes())?;
    file.write_all(&vec![b' '; room - text.len()])
}

/// Little-endian bytes of `values`, all NaNs alike.
pub(super) fn to_bytes(bytes: &mut Vec<u8>, values: &[f32]) {
    bytes.clear();
    bytes.extend(values.iter().flat_map(|value| {
        let value = if value.is_nan() { f32::NAN } else { *value };
        value.to_bits().to_le_bytes()
    }));
}
