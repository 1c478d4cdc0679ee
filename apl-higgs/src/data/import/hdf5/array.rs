//! A data set of an HDF5 file as rows of numbers.

use std::path::Path;

use hdf5_reader::{
    Dataset, Datatype, H5Type, Hdf5File, SliceInfo, SliceInfoElem, error::Error as Hdf5Error,
};

use super::{super::columns::list, damaged};
use crate::{Error, Result};

/// How many times its size a file may hold compressed: more than deflate can do.
const INFLATED: u64 = 2000;

/// A data set of rank 1 or more that holds numbers.
pub(super) struct Array<'a> {
    path: &'a Path,
    name: String,
    dataset: Dataset,
}

impl<'a> Array<'a> {
    /// The data set of a name, which is the value of the option `option`, in a file of `length` bytes.
    ///
    /// # Errors
    /// There is none; a scalar; another type; more of it than such a file can hold.
    pub(super) fn open(
        path: &'a Path,
        length: u64,
        file: &Hdf5File,
        name: &str,
        option: &str,
    ) -> Result<Self> {
        let dataset = file.dataset(name).map_err(|error| match lacks(&error) {
            true => Error::File {
                path: path.into(),
                found: format!("data sets {}", names(file)),
                expected: format!("one called `{name}`"),
                hint: format!("`--{option}` names the data set, with its groups: a/b"),
            },
            false => damaged(path, &error.to_string()),
        })?;
        let array = Self { path, name: name.into(), dataset };
        if array.rank() == 0 {
            return Err(array.wrong("[rows] or [rows, features]"));
        }
        let size = match array.dataset.dtype() {
            Datatype::FloatingPoint { size: size @ (4 | 8), .. }
            | Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), .. } => u64::from(*size),
            other => {
                let found = format!("{other:?}");
                let kind = found.split([' ', '{', '(']).next().unwrap_or_default();
                return Err(Error::File {
                    path: path.into(),
                    found: format!("values of type {kind} in data set {name}"),
                    expected: "floats of 4 or 8 bytes, or integers".into(),
                    hint: "store the data set as numbers, labels as 0 and 1".into(),
                });
            }
        };
        let mut shape = array.dataset.shape().iter();
        let bytes = shape.try_fold(size, |bytes, &extent| bytes.checked_mul(extent));
        if bytes.is_none_or(|bytes| bytes / INFLATED > length) {
            let found = format!("{:?} values in data set {name}", array.dataset.shape());
            return Err(damaged(path, &format!("{found}, but {length} bytes in all")));
        }
        Ok(array)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn rank(&self) -> usize {
        self.dataset.ndim()
    }

    /// The number of rows and of values in each.
    pub(super) fn shape(&self) -> [u64; 2] {
        let shape = self.dataset.shape();
        let values =
            shape.iter().skip(1).fold(1, |values: u64, &extent| values.saturating_mul(extent));
        [shape.first().copied().unwrap_or(0), values]
    }

    /// How many rows a chunk has, where there are chunks.
    pub(super) fn chunk_rows(&self) -> Option<u64> {
        self.dataset.chunks()?.first().map(|&rows| u64::from(rows.max(1)))
    }

    /// That the data set has another shape.
    pub(super) fn wrong(&self, expected: &str) -> Error {
        Error::File {
            path: self.path.into(),
            found: format!("data set {} of shape {:?}", self.name, self.dataset.shape()),
            expected: format!("shape {expected}"),
            hint:
                "`apl data import --data-set` and `--label-set` name those of features and labels"
                    .into(),
        }
    }

    /// `count` rows from `start` on.
    pub(super) fn read(&self, start: u64, count: u64) -> Result<Vec<f64>> {
        let values = match self.dataset.dtype() {
            Datatype::FloatingPoint { size: 4, .. } => self.values::<f32>(start, count, f64::from),
            Datatype::FloatingPoint { .. } => self.values(start, count, |value: f64| value),
            Datatype::FixedPoint { size: 1, signed: true, .. } => {
                self.values::<i8>(start, count, f64::from)
            }
            Datatype::FixedPoint { size: 1, .. } => self.values::<u8>(start, count, f64::from),
            Datatype::FixedPoint { size: 2, signed: true, .. } => {
                self.values::<i16>(start, count, f64::from)
            }
            Datatype::FixedPoint { size: 2, .. } => self.values::<u16>(start, count, f64::from),
            Datatype::FixedPoint { size: 4, signed: true, .. } => {
                self.values::<i32>(start, count, f64::from)
            }
            Datatype::FixedPoint { size: 4, .. } => self.values::<u32>(start, count, f64::from),
            Datatype::FixedPoint { signed: true, .. } => {
                self.values(start, count, |value: i64| value as f64)
            }
            _ => self.values(start, count, |value: u64| value as f64),
        };
        let values = values.map_err(|error| damaged(self.path, &error.to_string()))?;
        let expected = count.saturating_mul(self.shape()[1]);
        if values.len() as u64 == expected {
            return Ok(values);
        }
        let found = format!("{} of {expected} values of data set {}", values.len(), self.name);
        Err(damaged(self.path, &found))
    }

    fn values<T: H5Type + Copy>(
        &self,
        start: u64,
        count: u64,
        number: impl Fn(T) -> f64,
    ) -> std::result::Result<Vec<f64>, Hdf5Error> {
        let whole = SliceInfoElem::Slice { start: 0, end: u64::MAX, step: 1 };
        let mut selections = vec![whole; self.rank()];
        selections[0] = SliceInfoElem::Slice { start, end: start + count, step: 1 };
        let values = self.dataset.read_slice::<T>(&SliceInfo { selections })?;
        Ok(values.iter().map(|&value| number(value)).collect())
    }
}

/// Whether an error says that there is no such data set.
fn lacks(error: &Hdf5Error) -> bool {
    match error {
        Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_) => true,
        Hdf5Error::Context { source, .. } => lacks(source),
        _ => false,
    }
}

/// The data sets in the outermost group.
fn names(file: &Hdf5File) -> String {
    let members = file.root_group().and_then(|root| root.member_names());
    match members {
        Ok((_, mut datasets)) => {
            datasets.sort();
            if datasets.is_empty() { "none".into() } else { list(&datasets) }
        }
        Err(error) => format!("that cannot be listed ({error})"),
    }
}
